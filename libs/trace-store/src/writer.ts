import { CallCache } from './calls/cache.ts';
import { SWEEP, Sweeper } from './calls/sweep.ts';
import { writeCalls } from './calls/write.ts';
import { openClickHouse, type StoreOptions } from './clickhouse.ts';
import type { Refused } from './insert.ts';
import {
  writeCallDeletes,
  writeFeedback,
  writeFiles,
  writeObjects,
  writeTableRows,
  writeTables,
} from './objects/write.ts';
import type { RejectedRow, TraceWriter, WriteBatch } from './trace-store.ts';

export interface TraceWriterOptions extends StoreOptions {
  /** Calls remembered; default 100,000. */
  readonly cacheEntries?: number;
  /** Bytes of calls remembered, running ones with their content; default 64 MiB. */
  readonly cacheBytes?: number;
  /** Between two sweeps of superseded rows; default 10 minutes, 0 = never. Several writers may sweep one database. */
  readonly sweepIntervalMs?: number;
  /** Told of a sweep that failed; the next one makes up for it. */
  readonly onSweepError?: (error: unknown) => void;
}

/** The database must be migrated. Nothing is opened before the first write. */
export function openTraceWriter(options: TraceWriterOptions): TraceWriter {
  const db = openClickHouse(options);
  const cache = new CallCache(options.cacheEntries ?? 100_000, options.cacheBytes ?? 64 * 1024 * 1024);
  // Two batches at once could each miss what the other is about to say of the same call.
  let last: Promise<unknown> = Promise.resolve();

  const sweeper = new Sweeper(db);
  const sweepIntervalMs = options.sweepIntervalMs ?? SWEEP.minAgeMs;
  let sweeping: Promise<void> = Promise.resolve();
  const sweep = (): void => {
    sweeping = sweeping.then(() => sweeper.sweep()).catch((error: unknown) => options.onSweepError?.(error));
  };
  const timer = sweepIntervalMs === 0 ? undefined : setInterval(sweep, sweepIntervalMs).unref();

  async function store(batch: WriteBatch): Promise<RejectedRow[]> {
    const work: readonly (readonly [keyof WriteBatch, Promise<Refused[]>])[] = [
      ['calls', writeCalls(db, cache, batch.calls)],
      ['deletedCalls', writeCallDeletes(db, batch.deletedCalls)],
      ['objects', writeObjects(db, batch.objects)],
      ['tables', writeTables(db, batch.tables)],
      ['tableRows', writeTableRows(db, batch.tableRows)],
      ['files', writeFiles(db, batch.files)],
      ['feedback', writeFeedback(db, batch.feedback)],
    ];
    // All of them end before any failure is told, so that nothing is still being written when the batch comes again.
    const done = await Promise.allSettled(work.map(([, promise]) => promise));
    for (const result of done) if (result.status === 'rejected') throw result.reason;
    return done.flatMap((result, i) =>
      (result as PromiseFulfilledResult<Refused[]>).value.map(({ index, reason }) => ({
        table: work[i]![0],
        index,
        reason,
      })),
    );
  }

  return {
    write(batch) {
      const result = last.then(() => store(batch));
      last = result.catch(() => undefined);
      return result;
    },
    forget: () => cache.clear(),
    async close() {
      clearInterval(timer);
      await Promise.all([last, sweeping]);
      await db.close();
    },
  };
}
