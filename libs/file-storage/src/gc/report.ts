import type { Amount, GcDone, GcTally } from './types.ts';

const MAX_PROJECTS = 1000;
const OTHERS = '(others)';
const EXAMPLES = 5;

/** Counts of a run; all of its members are bounded. */
export class GcReport {
  readonly total = newTally();
  private readonly projects = new Map<string, GcTally>();
  private readonly foreign = { ...nothing(), examples: [] as string[] };
  private readonly unknown = { ...nothing(), examples: [] as string[] };

  add(projectId: string, what: keyof GcTally, bytes: number): void {
    for (const tally of [this.total, this.tallyOf(projectId)]) count(tally[what], bytes);
  }

  addForeign(key: string, bytes: number): void {
    count(this.foreign, bytes);
    if (this.foreign.examples.length < EXAMPLES) this.foreign.examples.push(key.slice(0, 300));
  }

  addUnknown(projectId: string, bytes: number): void {
    count(this.unknown, bytes);
    const { examples } = this.unknown;
    if (examples.length < EXAMPLES && !examples.includes(projectId)) examples.push(projectId);
  }

  done(): GcDone {
    return {
      kind: 'done',
      total: this.total,
      projects: [...this.projects]
        .map(([projectId, tally]) => ({ projectId, tally }))
        .sort((a, b) => b.tally.scanned.bytes - a.tally.scanned.bytes),
      foreign: this.foreign,
      unknown: this.unknown,
    };
  }

  private tallyOf(projectId: string): GcTally {
    const known = this.projects.get(projectId);
    if (known !== undefined) return known;
    if (this.projects.size >= MAX_PROJECTS && projectId !== OTHERS) return this.tallyOf(OTHERS);
    const tally = newTally();
    this.projects.set(projectId, tally);
    return tally;
  }
}

function count(amount: Amount, bytes: number): void {
  amount.blobs++;
  amount.bytes += bytes;
}

function nothing(): Amount {
  return { blobs: 0, bytes: 0 };
}

function newTally(): GcTally {
  return {
    scanned: nothing(),
    referenced: nothing(),
    kept: nothing(),
    trashed: nothing(),
    restored: nothing(),
    deleted: nothing(),
    changed: nothing(),
  };
}
