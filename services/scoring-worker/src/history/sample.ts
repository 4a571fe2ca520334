import { createHash } from 'node:crypto';
import { keyOf } from '../read-calls.ts';
import type { Chosen } from './pass.ts';

/** At most so many of what is added, each equally likely, the same ones whenever it is asked. */
export class Sample {
  private readonly max: number;
  private kept: { readonly at: number; readonly chosen: Chosen }[] = [];
  /** How many were added, and bytes of all of them. */
  count = 0;
  sizeBytes = 0;

  constructor(max: number) {
    this.max = max;
  }

  add(chosen: Chosen): void {
    this.count++;
    this.sizeBytes += chosen.sizeBytes;
    this.kept.push({ at: lotOf(chosen), chosen });
    if (this.kept.length >= this.max * 4) this.cut();
  }

  get chosen(): readonly Chosen[] {
    this.cut();
    return this.kept.map(({ chosen }) => chosen);
  }

  private cut(): void {
    this.kept = this.kept.sort((a, b) => a.at - b.at).slice(0, this.max);
  }
}

/** Not the lot that monitors draw: what is chosen from here was chosen by that one. */
function lotOf(chosen: Chosen): number {
  return createHash('sha256').update('forecast ').update(keyOf(chosen)).digest().readUIntBE(0, 6);
}
