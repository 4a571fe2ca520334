import type { TraceEvent } from '@weft/model';
import type { ConsumeOptions, EventLog, Rejected, Topic } from '../event-log.ts';

export function testEvent(
  id: string,
  payload: Uint8Array | string = '{}',
  rest: Partial<TraceEvent> = {},
): TraceEvent {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const fixed = {
    kind: 'call.started',
    projectId: 'team/project',
    userId: 'ada',
    receivedAtUs: 1_790_000_000_123_456,
    note: '',
  };
  return { ...fixed, id, payload: bytes, ...rest } as TraceEvent;
}

/** Numbers `from` to `to` - 1 as events of `keys` calls: event n belongs to call n % keys and says its number. */
export function numbered(from: number, to: number, keys = 10): TraceEvent[] {
  const events: TraceEvent[] = [];
  for (let n = from; n < to; n++) events.push(testEvent(`call-${n % keys}`, `{"n":${n}}`));
  return events;
}

export function numberOf(event: TraceEvent): number {
  return (JSON.parse(Buffer.from(event.payload).toString()) as { n: number }).n;
}

export function numbersOf(events: readonly TraceEvent[]): number[] {
  return events.map(numberOf);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Ids whose numbers do not ascend; repeats after a redelivery are allowed when `repeats` is set. */
export function disordered(events: readonly TraceEvent[], repeats = false): string[] {
  const last = new Map<string, number>();
  const wrong: string[] = [];
  const seen = new Set<number>();
  for (const event of events) {
    const n = numberOf(event);
    if (!(repeats && seen.has(n)) && n <= (last.get(event.id) ?? -1))
      wrong.push(`${event.id}: ${n} after ${last.get(event.id)}`);
    last.set(event.id, Math.max(n, last.get(event.id) ?? -1));
    seen.add(n);
  }
  return wrong;
}

export interface Collector {
  readonly events: TraceEvent[];
  readonly batches: TraceEvent[][];
  /** Settles with consume(). */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

type Handle = (
  events: readonly TraceEvent[],
  attempt: number,
) => Promise<readonly Rejected[] | void> | readonly Rejected[] | void;

/** Consumes and keeps copies of what was handled; `handle` may refuse or throw, then nothing is kept. */
export function collect(
  log: EventLog,
  topic: Topic,
  options: Partial<Omit<ConsumeOptions, 'signal'>> & { group: string },
  handle: Handle = () => [],
): Collector {
  const controller = new AbortController();
  const events: TraceEvent[] = [];
  const batches: TraceEvent[][] = [];
  let attempt = 0;
  const consumeOptions = {
    maxBatchEvents: 10_000,
    maxBatchBytes: 64 << 20,
    ...options,
    signal: controller.signal,
  };
  const done = log.consume(topic, consumeOptions, async (batch) => {
    const rejected = (await handle(batch, ++attempt)) ?? [];
    const copies = batch.map((event) => ({ ...event, payload: Buffer.from(event.payload) }));
    batches.push(copies);
    events.push(...copies);
    return rejected;
  });
  done.catch(() => undefined);
  return {
    events,
    batches,
    done,
    stop: () => {
      controller.abort();
      return done;
    },
  };
}
