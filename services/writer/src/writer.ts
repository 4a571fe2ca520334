import type { EventLog, HandleBatch, Lease, Rejected } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import type { RouteGroup } from '@weft/http';
import type { TraceEvent } from '@weft/model';
import { createTurns, type Logger, type Metrics } from '@weft/runtime';
import { newTally, type FinishedCall, type TraceWriter } from '@weft/trace-store';
import { createClaims } from './claims.ts';
import type { WriterConfig } from './config.ts';
import { createDeadLetterReport } from './dead-letter-report.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { createSpanMedia } from './span-media.ts';
import { createOpPlaceholders } from './spans-to-rows.ts';
import { tellStored } from './tell-stored.ts';
import { RowBatch } from './to-rows.ts';
import { createWatch } from './watch.ts';
import { createWriterMetrics, type Handled } from './writer-metrics.ts';

/** The consumer group whose committed offsets mean "readable": query waits for it. */
export const WRITER_GROUP = 'writer';

type WriterFiles = Pick<
  FileStorage,
  'claimBytes' | 'claimPart' | 'redeem' | 'smallFileBytes' | 'takes' | 'putFile'
>;

export interface WriterDeps {
  readonly eventLog: EventLog;
  readonly store: TraceWriter;
  /** Where large payloads are. Undefined: they ride the log and stay in rows. */
  readonly fileStorage?: WriterFiles | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: WriterConfig;
}

interface HandledSlice extends Handled {
  readonly rejected: readonly Rejected[];
  /** Events whose payloads cannot be had now. */
  readonly deferred: readonly TraceEvent[];
}

/** How long a replay of dead letters waits until its rows can be read. */
const REPLAY_WAIT_MS = 30_000;

export interface Writer {
  /** Resolves when `signal` aborts, after the batch in hand is stored and committed. */
  run(signal: AbortSignal): Promise<void>;
  /** For `createHttpApp`: dead letters, for the operator. */
  readonly routes: readonly RouteGroup[];
  /** Why the work is held back (dead-letter-report.ts): whether this version is fit to go on. Undefined: it is not held. */
  held(): string | undefined;
  /** Why this process should be restarted. Undefined: it gets on with its work, or with waiting for it. */
  stuck(): string | undefined;
}

/**
 * Events → rows, in batches. The only thing that inserts; its commits are what reads wait for. With online evaluation it
 * tells of each finished call, once it can be read, on `stored-calls`: at least once.
 */
export function createWriter(deps: WriterDeps): Writer {
  const { eventLog, store, fileStorage, logger, metrics, config } = deps;
  const counted = createWriterMetrics(metrics, () => eventLog.lag('trace-events', WRITER_GROUP));
  const report = createDeadLetterReport({
    logger,
    metrics,
    maxPercent: config.WRITER_REJECTED_MAX_PERCENT,
    partitions: async () => (await eventLog.endOffsets('trace-events')).length,
  });
  const ops = createOpPlaceholders();
  const watch = createWatch();
  const maxBytes = config.WRITER_BATCH_MAX_BYTES;
  const claims = createClaims({ fileStorage, eventLog, logger, metrics, maxBytes });
  const media = config.WEFT_EXTRACT_CONTENT ? createSpanMedia({ fileStorage, logger, metrics }) : undefined;
  let lastStoreMs = 0;
  let lastStoredAt = 0;

  /** Before the commit: a crash between tells them again rather than never. */
  async function tell(calls: readonly FinishedCall[]): Promise<void> {
    try {
      await tellStored(eventLog, calls);
    } catch (error) {
      counted.failed();
      throw error;
    }
    counted.told(calls.length);
  }

  /** What is redeemed for it fits into memory. */
  async function handleSlice(events: readonly TraceEvent[], lease: Lease): Promise<HandledSlice> {
    const redeemed = await claims.redeem(events);
    const rowBatch = new RowBatch(ops);
    const rest = createTurns();
    let sizeBytes = 0;
    for (const { origin, error } of redeemed.failed) rowBatch.refuse(origin, error);
    for (const { event, origin } of redeemed.events) {
      rowBatch.add(event, origin);
      sizeBytes += event.payload.length;
      // Acks of the same process wait for this loop.
      const pause = rest();
      if (pause !== undefined) await pause;
    }
    const lifting = media?.begin();
    if (lifting !== undefined) await rowBatch.lift(lifting);
    await claims.claimCalls(rowBatch.rows.calls);
    const started = performance.now();
    const stored = newTally({ withFinished: config.WEAVE_ENABLE_ONLINE_EVAL });
    try {
      rowBatch.reject(await store.write(rowBatch.rows, lease, stored));
    } catch (error) {
      // The batch comes again, and with it whatever was left out as already stored.
      ops.forget();
      counted.failed();
      throw error;
    }
    lifting?.stored();
    lastStoredAt = performance.now();
    lastStoreMs = lastStoredAt - started;
    if (stored.finishedCalls !== undefined) await tell(stored.finishedCalls);
    const { rejected } = rowBatch;
    const tally = rowBatch.tally(stored.unchangedCalls);
    return { rejected, deferred: redeemed.deferred, sizeBytes, storeMs: lastStoreMs, tally, stored };
  }

  const handle: HandleBatch = async (batch, lease) => {
    const slices: HandledSlice[] = [];
    for (const events of claims.slices(batch)) slices.push(await handleSlice(events, lease));
    const rejected = slices.flatMap((slice) => slice.rejected);
    await report.check(batch, rejected);
    await claims.comeAgain(slices.flatMap(({ deferred }) => deferred));
    for (const slice of slices) counted.handled(slice);
    return rejected;
  };

  return {
    routes: [
      deadLetterRoutes({
        eventLog,
        group: WRITER_GROUP,
        waitMs: REPLAY_WAIT_MS,
        onAppended: counted.replayed,
        logger,
      }),
    ],
    held: report.held,
    stuck: watch.stuck,
    async run(signal) {
      await eventLog.consume(
        'trace-events',
        {
          group: WRITER_GROUP,
          maxBatchEvents: config.WRITER_BATCH_MAX_EVENTS,
          maxBatchBytes: config.WRITER_BATCH_MAX_BYTES,
          // As long after the last insert as that one took: an idle log is stored at once, a busy one in batches that
          // leave the store half of its time for merges and reads.
          lingerMs: () => Math.max(0, Math.min(lastStoreMs, 100) - (performance.now() - lastStoredAt)),
          onAssigned: () => store.forget(),
          signal,
        },
        watch.over(handle),
      );
    },
  };
}
