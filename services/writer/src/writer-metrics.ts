import type { Lag } from '@weft/event-log';
import type { Gauge, Metrics } from '@weft/runtime';
import type { WriteTally } from '@weft/trace-store';
import type { EventTally } from './to-rows.ts';

/** A batch that was handled: what it held and what became of it. */
export interface Handled {
  readonly sizeBytes: number;
  readonly storeMs: number;
  readonly tally: EventTally;
  readonly stored: WriteTally;
}

export interface WriterMetrics {
  /** Counts a batch. Only one whose events are done with: it may be committed now. */
  handled(batch: Handled): void;
  /** Counts a batch that the store, or the log of stored calls, did not take: it comes again. */
  failed(): void;
  /** Counts finished calls that the scoring workers were told of, repeats included. */
  told(calls: number): void;
  /** Counts events of dead letters that were appended again. */
  replayed(events: number): void;
}

/** Prometheus waits 10 s for a whole scrape. */
const LAG_WAIT_MS = 2000;

const RESULTS = ['stored', 'superseded', 'dead_lettered'] as const;
const BATCH_EVENTS = [1, 10, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
const BATCH_BYTES = [1e3, 1e4, 1e5, 1e6, 4e6, 16e6, 64e6];

/**
 * Declares what the writer counts. `writer_events_total` is its side of the ledger, in events:
 * `accepted = stored + superseded + dead_lettered + in flight`.
 *
 * - Accepted is what the gateway (`gateway_events_total`), query (`query_events_total`) and replays of dead letters
 *   (`writer_events_replayed_total`) made durable; in flight is `writer_lag_events` (on Kafka: records).
 * - `stored`: it, or what came for the same call in its batch, is new. `superseded`: it says nothing of a call that was not
 *   stored already. `dead_lettered`: a part of it, or all, can never be stored.
 * - Counters start at 0 with each process: compare sums of `increase()` over all processes, at a time when nothing is in
 *   flight.
 * - An event that comes again after a crash or a rebalance counts again, mostly as superseded, and an append whose answer
 *   was lost does not count as accepted: so the right side may be larger. If the left side is, an event was lost.
 */
export function createWriterMetrics(metrics: Metrics, lag: () => Promise<Lag>): WriterMetrics {
  declareLag(metrics, lag);
  const events = metrics.counter({
    name: 'writer_events_total',
    help: 'Events of the log by what became of them',
    labels: ['result'],
  });
  const rejected = metrics.counter({
    name: 'writer_events_rejected_total',
    help: 'Events that can never be stored, now dead letters, by who found out: this program or the store',
    labels: ['by'],
  });
  const failed = metrics.counter({
    name: 'writer_batches_failed_total',
    help: 'Batches that the store, or the log of stored calls, did not take; they come again',
  });
  const replayed = metrics.counter({
    name: 'writer_events_replayed_total',
    help: 'Events of dead letters that were appended to the log again',
  });
  const told = metrics.counter({
    name: 'writer_stored_calls_total',
    help: 'Finished calls that scoring workers were told of, repeats included',
  });
  const callRows = metrics.counter({ name: 'writer_call_rows_total', help: 'Rows written for calls' });
  const marks = metrics.counter({
    name: 'writer_call_rows_superseded_total',
    help: 'Rows of calls that were replaced by one with another key: renames and contradictions',
  });
  const storeSeconds = metrics.histogram({
    name: 'writer_store_seconds',
    help: 'Time to make one batch durable and readable',
  });
  const batchEvents = metrics.histogram({
    name: 'writer_batch_events',
    help: 'Events of one batch',
    buckets: BATCH_EVENTS,
  });
  const batchBytes = metrics.histogram({
    name: 'writer_batch_bytes',
    help: 'Payload bytes of one batch',
    buckets: BATCH_BYTES,
  });
  // From the first scrape on, so that rates have a beginning.
  for (const result of RESULTS) events.inc({ result }, 0);
  for (const by of ['undecodable', 'store'] as const) rejected.inc({ by }, 0);
  return {
    handled({ sizeBytes, storeMs, tally, stored }) {
      let total = 0;
      for (const result of RESULTS) {
        events.inc({ result }, tally.results[result]);
        total += tally.results[result];
      }
      for (const [by, count] of tally.rejectedBy) rejected.inc({ by }, count);
      callRows.inc(stored.callRows);
      marks.inc(stored.supersededRows);
      batchEvents.observe(total);
      batchBytes.observe(sizeBytes);
      storeSeconds.observe(storeMs / 1000);
    },
    failed: () => failed.inc(),
    told: (calls) => told.inc(calls),
    replayed: (count) => replayed.inc(count),
  };
}

/** Each writer tells the lag of the whole group: look at the largest, never at the sum. */
function declareLag(metrics: Metrics, lag: () => Promise<Lag>): void {
  // The gauges of one scrape share one look at the log.
  let looking: Promise<Lag | undefined> | undefined;
  const look = () => (looking ??= within(lag(), LAG_WAIT_MS).finally(() => (looking = undefined)));
  /** Not known is not 0. */
  const set = (value: (lag: Lag) => number) => async (gauge: Gauge) => {
    const seen = await look();
    gauge.set(seen === undefined ? NaN : value(seen));
  };
  metrics.gauge({
    name: 'writer_lag_events',
    help: 'Acknowledged events (on Kafka: records) of all partitions that are not readable yet; NaN = not known',
    collect: set(({ events }) => events),
  });
  metrics.gauge({
    name: 'writer_lag_seconds',
    help: 'Age of the oldest acknowledged event that is not readable yet; NaN = not known',
    collect: set(({ oldestMs }) => oldestMs / 1000),
  });
  metrics.gauge({
    name: 'writer_lag_records',
    help: 'Records that are not readable yet, by partition',
    labels: ['partition'],
    collect: async (gauge) => {
      const seen = await look();
      gauge.reset();
      seen?.partitions.forEach((records, partition) => gauge.set({ partition }, records));
    },
  });
}

/** The value, or undefined where there is none in time: a scrape must not fail, nor wait, because the log is away. */
async function within<T>(value: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, timeoutMs, undefined)));
  try {
    return await Promise.race([value.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
