import type { CallPart } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import { stateBytes } from './row.ts';
import { reconcile, reconcileOrphans, RENAMES_REACH_MS, type WriteAgain } from './reconcile.ts';

export interface ReconcileOptions {
  /** After a part that another writer may have crossed: longer than a look-up and its insert take. */
  readonly lookAgainAfterMs: number;
  /** After this writer took over calls; the last one is when nothing of the writer before can land any more. */
  readonly takeOverPassesMs: readonly number[];
  /** Rows that were stored so long before are looked at too: an insert is dated by its beginning. */
  readonly lookBackMs: number;
}

export const RECONCILE: ReconcileOptions = {
  lookAgainAfterMs: 2_000,
  takeOverPassesMs: [5_000, 60_000],
  lookBackMs: 5 * 60_000,
};

/** More are left to the sweep, which finds renames in the store. */
const MAX_AGAIN = 1000;
const MAX_AGAIN_BYTES = 16 * 1024 * 1024;
/** The store is away or busy. */
const AFTER_FAILURE_MS = 30_000;

/** Says when to reconcile: some time after a take-over, after parts that cross writers, and with every sweep. */
export class Reconciler {
  private again: CallPart[] = [];
  private againBytes = 0;
  /** Wall and process time of the first take-over that the sweep has not followed up yet. */
  private takenOver: { readonly wallMs: number; readonly processMs: number } | undefined;
  /** Process time of the last pass that is due for any take-over. */
  private lastPassAtMs = 0;
  private readonly timers = new Set<NodeJS.Timeout>();
  private running: Promise<void> = Promise.resolve();
  private isClosed = false;
  private readonly db: ClickHouse;
  private readonly write: WriteAgain;
  private readonly onError: (error: unknown) => void;
  private readonly options: ReconcileOptions;

  constructor(db: ClickHouse, write: WriteAgain, onError: (error: unknown) => void, options = RECONCILE) {
    this.db = db;
    this.write = write;
    this.onError = onError;
    this.options = options;
  }

  /** This writer writes calls from now on that another one may still be writing. */
  takeOver(): void {
    this.takenOver ??= { wallMs: Date.now(), processMs: performance.now() };
    for (const ms of this.options.takeOverPassesMs) {
      this.after(ms, () => this.pass());
      this.lastPassAtMs = Math.max(this.lastPassAtMs, performance.now() + ms);
    }
  }

  /** Has the part written once more in a while, because another writer may have written the same call meanwhile. */
  lookAgain(part: CallPart): void {
    this.putOff(part, this.options.lookAgainAfterMs);
  }

  private putOff(part: CallPart, ms: number): void {
    const bytes = stateBytes(part);
    if (this.again.length >= MAX_AGAIN || this.againBytes + bytes > MAX_AGAIN_BYTES) return;
    if (this.again.length === 0) this.after(ms, () => this.writeAgain());
    this.again.push(part);
    this.againBytes += bytes;
  }

  /** @param intervalMs between two sweeps. */
  async sweep(intervalMs: number): Promise<void> {
    await reconcileOrphans(
      this.db,
      this.write,
      Math.max(RENAMES_REACH_MS, 2 * intervalMs) + this.options.lookBackMs,
    );
    if (this.takenOver === undefined) return;
    const isLast = performance.now() > this.lastPassAtMs;
    await this.pass();
    if (isLast && performance.now() > this.lastPassAtMs) this.takenOver = undefined;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.running;
  }

  private async pass(): Promise<void> {
    const ago = this.takenOver === undefined ? 0 : since(this.takenOver);
    await reconcile(this.db, this.write, ago + this.options.lookBackMs);
  }

  private async writeAgain(): Promise<void> {
    const parts = this.again;
    this.again = [];
    this.againBytes = 0;
    try {
      await this.write(parts);
    } catch (error) {
      for (const part of parts) this.putOff(part, AFTER_FAILURE_MS);
      throw error;
    }
  }

  private after(ms: number, work: () => Promise<void>): void {
    if (this.isClosed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.running = this.running.then(work).catch(this.onError);
    }, ms).unref();
    this.timers.add(timer);
  }
}

/** The longer of both: either clock may have stood still or been set. */
function since({ wallMs, processMs }: { readonly wallMs: number; readonly processMs: number }): number {
  return Math.max(Date.now() - wallMs, performance.now() - processMs);
}
