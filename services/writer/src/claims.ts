import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import { AppError, nowUs, readClaimedEvent, type CallPart, type TraceEvent } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';
import { readDeferral, withDeferral } from './deferral.ts';
import { createPatience } from './storage-patience.ts';

/** What came of the events of one slice, in their order. */
export interface Redeemed {
  readonly events: readonly {
    /** To be mapped; of an `event.claimed` what it stands for. */
    readonly event: TraceEvent;
    /** As it is in the log. */
    readonly origin: TraceEvent;
  }[];
  readonly failed: readonly { readonly origin: TraceEvent; readonly error: AppError }[];
  /** To be appended again: the store is away. */
  readonly deferred: readonly TraceEvent[];
}

/** The writer's side of the claim check (ADR 013). Nobody waits for a store that is away, but whoever needs it. */
export interface Claims {
  /** Pieces of the batch, so that the payloads that are fetched for one of them are not more than a batch may have. */
  slices(batch: readonly TraceEvent[]): Iterable<readonly TraceEvent[]>;
  redeem(events: readonly TraceEvent[]): Promise<Redeemed>;
  /** Large payloads of calls that were made of spans become blobs; while the store is away they stay in the rows. */
  claimCalls(calls: CallPart[]): Promise<void>;
  /** To the end of the log, after a pause. @throws AppError `log_unavailable`: the batch must come again. */
  comeAgain(deferred: readonly TraceEvent[]): Promise<void>;
}

export interface ClaimsDeps {
  readonly fileStorage: Pick<FileStorage, 'claimBytes' | 'claimPart' | 'redeem'> | undefined;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly maxBytes: number;
}

/** Between two looks at an event whose payload cannot be had: each of them is a record in the log. */
const COME_AGAIN_MS = 500;
/** After this it is a dead letter, which an operator may send again. */
const MAX_DEFERRED_MS = 24 * 3_600_000;
const CONCURRENCY = 8;

export function createClaims({ fileStorage, eventLog, logger, metrics, maxBytes }: ClaimsDeps): Claims {
  const deferrals = metrics.counter({
    name: 'writer_events_deferred_total',
    help: 'Times that an event was put at the end of the log because its payload is a blob and the blob store was away',
  });
  const patience = createPatience(logger);

  async function redeemOne(origin: TraceEvent): Promise<TraceEvent | undefined> {
    if (fileStorage === undefined) throw new AppError('undecodable_event', 'there is no blob store');
    const { digest } = readClaimedEvent(origin);
    const name = `${origin.projectId}/${digest}`;
    return patience.have(name, () => fileStorage.redeem(origin));
  }

  return {
    *slices(batch) {
      if (!batch.some(isClaimed)) return yield batch;
      let from = 0;
      let bytes = 0;
      for (let at = 0; at < batch.length; at++) {
        const size = sizeOf(batch[at]!);
        if (bytes > 0 && bytes + size > maxBytes) {
          yield batch.slice(from, at);
          [from, bytes] = [at, 0];
        }
        bytes += size;
      }
      yield batch.slice(from);
    },

    async redeem(batch) {
      const events: { event: TraceEvent; origin: TraceEvent }[] = batch.map((event) => ({
        event,
        origin: event,
      }));
      if (!batch.some(isClaimed)) return { events, failed: [], deferred: [] };
      const failed: { origin: TraceEvent; error: AppError }[] = [];
      const deferred: TraceEvent[] = [];
      const done = new Set<TraceEvent>();
      await eachOf(batch.keys(), async (at) => {
        const origin = batch[at]!;
        if (!isClaimed(origin)) return;
        try {
          const event = await redeemOne(origin);
          if (event !== undefined) return void (events[at] = { event, origin });
          const { sinceUs } = readDeferral(origin) ?? { sinceUs: nowUs() };
          if (nowUs() - sinceUs > MAX_DEFERRED_MS * 1000)
            throw new AppError('undecodable_event', 'its payload could not be had for 24 hours');
          deferred.push(origin);
        } catch (error) {
          if (!(error instanceof AppError) || error.retryable) throw error;
          failed.push({ origin, error });
        }
        done.add(origin);
      });
      return { events: events.filter(({ origin }) => !done.has(origin)), failed, deferred };
    },

    async claimCalls(calls) {
      if (fileStorage === undefined) return;
      await eachOf(calls.keys(), async (at) => {
        const call = calls[at]!;
        if (call.spanTraceId === undefined || sizeOfCall(call) <= fileStorage.claimBytes) return;
        const claimed = await patience.have(undefined, () => fileStorage.claimPart(call));
        if (claimed !== undefined) calls[at] = claimed;
      });
    },

    async comeAgain(deferred) {
      if (deferred.length === 0) return;
      await pause(COME_AGAIN_MS);
      await eventLog.append('trace-events', deferred.map(withDeferral));
      deferrals.inc(deferred.length);
    },
  };
}

function isClaimed({ kind }: TraceEvent): boolean {
  return kind === 'event.claimed';
}

/** Of what has to be fetched for it. */
function sizeOf(event: TraceEvent): number {
  if (!isClaimed(event)) return 0;
  try {
    return readClaimedEvent(event).sizeBytes;
  } catch (error) {
    if (error instanceof AppError) return 0;
    throw error;
  }
}

function sizeOfCall({ start, end }: CallPart): number {
  return (
    (start ? start.attributes.length + start.inputs.length + (start.otelDump?.length ?? 0) : 0) +
    (end ? end.output.length + end.summary.length : 0)
  );
}

async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  const run = async () => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, run));
}
