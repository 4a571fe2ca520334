import type { EventLog, Rejected } from '@weft/event-log';
import type { TraceEvent } from '@weft/model';
import { createTurns, type Logger, type Metrics } from '@weft/runtime';
import type { TraceWriter } from '@weft/trace-store';
import { createDeadLetterReport } from './dead-letter-report.ts';
import { createOpPlaceholders } from './spans-to-rows.ts';
import { RowBatch } from './to-rows.ts';

/** The consumer group whose committed offsets mean "readable": query waits for it. */
export const WRITER_GROUP = 'writer';

export interface WriterDeps {
  readonly eventLog: EventLog;
  readonly store: TraceWriter;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: { readonly WRITER_BATCH_MAX_EVENTS: number; readonly WRITER_BATCH_MAX_BYTES: number };
}

export interface Writer {
  /** Resolves when `signal` aborts, after the batch in hand is stored and committed. */
  run(signal: AbortSignal): Promise<void>;
}

/** Events → rows, in batches. The only thing that inserts; its commits are what reads wait for. */
export function createWriter({ eventLog, store, logger, metrics, config }: WriterDeps): Writer {
  const events = metrics.counter({
    name: 'writer_events_total',
    help: 'Events taken from the log and stored',
  });
  const storeSeconds = metrics.histogram({
    name: 'writer_store_seconds',
    help: 'Time to make one batch durable and readable',
  });
  const lag = () => eventLog.lag('trace-events', WRITER_GROUP);
  metrics.gauge({
    name: 'writer_lag_events',
    help: 'Acknowledged events that are not readable yet',
    collect: async (gauge) => gauge.set((await lag()).events),
  });
  metrics.gauge({
    name: 'writer_lag_seconds',
    help: 'Age of the oldest acknowledged event that is not readable yet',
    collect: async (gauge) => gauge.set((await lag()).oldestMs / 1000),
  });
  const report = createDeadLetterReport(logger, metrics);
  const ops = createOpPlaceholders();
  let lastStoreMs = 0;
  let lastStoredAt = 0;

  const handle = async (batch: readonly TraceEvent[]): Promise<readonly Rejected[]> => {
    const rowBatch = new RowBatch(ops);
    const rest = createTurns();
    for (const event of batch) {
      rowBatch.add(event);
      // Acks of the same process wait for this loop.
      const pause = rest();
      if (pause !== undefined) await pause;
    }
    const started = performance.now();
    try {
      rowBatch.reject(await store.write(rowBatch.rows));
    } catch (error) {
      // The batch comes again, and with it whatever was left out as already stored.
      ops.forget();
      throw error;
    }
    lastStoredAt = performance.now();
    lastStoreMs = lastStoredAt - started;
    storeSeconds.observe(lastStoreMs / 1000);
    events.inc(batch.length);
    report(batch.length, rowBatch.rejected);
    return rowBatch.rejected;
  };

  return {
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
        handle,
      );
    },
  };
}
