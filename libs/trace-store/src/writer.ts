import type { CallPart, ContentOfLogs } from '@weft/model';
import { writeProgress, writeQueueItems, writeQueues } from './annotation-queues/write.ts';
import { CallCache } from './calls/cache.ts';
import { RECONCILE, Reconciler, type ReconcileOptions } from './calls/reconciler.ts';
import { SWEEP, Sweeper } from './calls/sweep.ts';
import { writeCalls } from './calls/write.ts';
import { openClickHouse, type StoreOptions } from './clickhouse.ts';
import { writePricePurges, writePrices } from './costs/write.ts';
import { writeFeedback, writeFeedbackPurges } from './feedback/write.ts';
import type { Refused } from './insert.ts';
import { writeFiles } from './objects/write-files.ts';
import { writeCallDeletes, writeObjects } from './objects/write.ts';
import { writeAliases, writeTags } from './objects/write-labels.ts';
import { writeTableChunks, writeTableRows, writeTables } from './tables/write.ts';
import {
  newTally,
  type RejectedRow,
  type TraceWriter,
  type WriteBatch,
  type WriteGuard,
  type WriteTally,
} from './trace-store.ts';

export interface TraceWriterOptions extends StoreOptions {
  /** Calls remembered; default 100,000. */
  readonly cacheEntries?: number;
  /** Bytes of calls remembered, running ones with their content; default 64 MiB. */
  readonly cacheBytes?: number;
  /** Between two sweeps of superseded rows; default 10 minutes, 0 = never. Several writers may sweep one database. */
  readonly sweepIntervalMs?: number;
  /**
   * What log records of spans say. Needed where `CallPart.logs` are written, or are stored. It must not throw: what is
   * stored of a span would keep the span itself from being stored.
   */
  readonly contentOfLogs?: ContentOfLogs;
  /** Told of a sweep or reconciliation that failed; the next sweep makes up for it. */
  readonly onSweepError?: (error: unknown) => void;
  /** When to repair what several writers may have done to each other's calls (ADR 003). */
  readonly reconcile?: ReconcileOptions;
}

/** From the look-up of a repair to its insert: what was found must not be old. */
const REPAIR_WITHIN_MS = 20_000;

/** The database must be migrated. Nothing is opened before the first write. */
export function openTraceWriter(options: TraceWriterOptions): TraceWriter {
  const client = openClickHouse(options);
  const { contentOfLogs } = options;
  const cache = new CallCache(options.cacheEntries ?? 100_000, options.cacheBytes ?? 64 * 1024 * 1024);
  // Two batches at once could each miss what the other is about to say of the same call.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  }

  const onSweepError = (error: unknown): void => options.onSweepError?.(error);
  const lookAgain = (part: CallPart): void => reconciler.lookAgain(part);
  const writeAgain = (parts: readonly CallPart[]): Promise<void> =>
    inTurn(async () => {
      await writeCalls(client.guardedBy(heldFor(REPAIR_WITHIN_MS)), cache, parts, {
        contentOfLogs,
        isAnew: true,
        lookAgain,
      });
    });
  const reconciler = new Reconciler(client, writeAgain, onSweepError, options.reconcile ?? RECONCILE);

  const sweeper = new Sweeper(client);
  const sweepIntervalMs = options.sweepIntervalMs ?? SWEEP.minAgeMs;
  let sweeping: Promise<void> = Promise.resolve();
  const sweep = (): void => {
    sweeping = sweeping
      .then(() => reconciler.sweep(sweepIntervalMs))
      .catch(onSweepError)
      .then(() => sweeper.sweep())
      .catch(onSweepError);
  };
  const timer = sweepIntervalMs === 0 ? undefined : setInterval(sweep, sweepIntervalMs).unref();

  async function store(
    batch: WriteBatch,
    guard?: WriteGuard,
    tally: WriteTally = newTally(),
  ): Promise<RejectedRow[]> {
    const ofCalls = newTally({ withFinished: tally.finishedCalls !== undefined });
    const db = guard === undefined ? client : client.guardedBy(guard);
    const tableChunks = writeTableChunks(db, batch.tableChunks);
    const work: readonly (readonly [keyof WriteBatch, Promise<Refused[]>])[] = [
      ['calls', writeCalls(db, cache, batch.calls, { contentOfLogs, lookAgain, tally: ofCalls })],
      ['deletedCalls', writeCallDeletes(db, batch.deletedCalls)],
      ['objects', writeObjects(db, batch.objects)],
      ['tableChunks', tableChunks],
      // A table that is there has all of its order.
      ['tables', tableChunks.then(() => writeTables(db, batch.tables))],
      ['tableRows', writeTableRows(db, batch.tableRows)],
      ['files', writeFiles(db, batch.files)],
      ['feedback', writeFeedback(db, batch.feedback)],
      ['feedbackPurges', writeFeedbackPurges(db, batch.feedbackPurges)],
      ['queues', writeQueues(db, batch.queues)],
      ['queueItems', writeQueueItems(db, batch.queueItems)],
      ['queueProgress', writeProgress(db, batch.queueProgress)],
      ['tags', writeTags(db, batch.tags)],
      ['aliases', writeAliases(db, batch.aliases)],
      ['prices', writePrices(db, batch.prices)],
      ['pricePurges', writePricePurges(db, batch.pricePurges)],
    ];
    // All of them end before any failure is told, so that nothing is still being written when the batch comes again.
    const done = await Promise.allSettled(work.map(([, promise]) => promise));
    if (guard?.isHeld() === false) cache.clear();
    for (const result of done) if (result.status === 'rejected') throw result.reason;
    add(tally, ofCalls);
    return done.flatMap((result, i) =>
      (result as PromiseFulfilledResult<Refused[]>).value.map(({ index, reason }) => ({
        table: work[i]![0],
        index,
        reason,
      })),
    );
  }

  return {
    write: (batch, guard, tally) => inTurn(() => store(batch, guard, tally)),
    forget() {
      cache.clear();
      reconciler.takeOver();
    },
    async close() {
      clearInterval(timer);
      await reconciler.close();
      await Promise.all([last, sweeping]);
      await client.close();
    },
  };
}

function add(
  to: WriteTally,
  { callRows, supersededRows, unchangedCalls, finishedCalls = [] }: WriteTally,
): void {
  to.callRows += callRows;
  to.supersededRows += supersededRows;
  for (const index of unchangedCalls) to.unchangedCalls.push(index);
  for (const call of finishedCalls) to.finishedCalls?.push(call);
}

/** What was looked up before cannot be written long after. */
function heldFor(ms: number): WriteGuard {
  const until = performance.now() + ms;
  return { isHeld: () => performance.now() < until };
}
