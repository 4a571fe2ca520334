import type { EventLog } from '@weft/event-log';
import { AppError, type TraceEvent } from '@weft/model';
import { readLogs, readSpans } from '@weft/otlp';
import { spanKey } from './otel-talk.ts';

/** What became of everything that the log holds: accepted = readable + deleted + waiting for a start + dead-lettered. */
export interface Audit {
  /** Events in the log, repeats included. */
  readonly accepted: number;
  /** Calls they speak of. */
  readonly calls: number;
  readonly readable: number;
  readonly deleted: number;
  /** Ended or renamed, never started: kept, not listed. */
  readonly withoutStart: number;
  /** Events that nobody can read. */
  readonly deadLettered: number;
  /** Calls that are nowhere: must be none. */
  readonly unaccounted: readonly string[];
}

export interface LogAudit {
  /** Puts a sample of what went by into the log again, shuffled and cut otherwise; resolves with how many events. */
  repeat(): Promise<number>;
  /** Reads the log to its end and says what became of it, given what is readable. */
  close(readable: readonly string[]): Promise<Audit>;
}

const GROUP = 'audit';
const SAMPLE = 5_000;

/** Follows the log with a consumer group of its own, beside the writers. */
export function auditLog(log: EventLog, random: () => number): LogAudit {
  const opened = new Set<string>();
  const mentioned = new Set<string>();
  const deleted = new Set<string>();
  const sample: TraceEvent[] = [];
  let accepted = 0;

  const note = (event: TraceEvent): void => {
    accepted++;
    if (sample.length < SAMPLE) sample.push({ ...event, payload: Buffer.from(event.payload) });
    else if (random() < SAMPLE / accepted)
      sample[Math.floor(random() * SAMPLE)] = { ...event, payload: Buffer.from(event.payload) };
    if (event.kind === 'call.deleted') deleted.add(event.id);
    else if (event.kind === 'call.started' || event.kind === 'call.completed') opened.add(event.id);
    else if (event.kind === 'call.ended' || event.kind === 'call.updated') mentioned.add(event.id);
    else if (event.kind === 'otlp.spans') for (const id of spanIds(event)) opened.add(id);
    else if (event.kind === 'otlp.logs') for (const id of spansOfLogs(event)) mentioned.add(id);
  };
  const stop = new AbortController();
  const following = log.consume(
    'trace-events',
    { group: GROUP, maxBatchEvents: 5_000, maxBatchBytes: 8 << 20, signal: stop.signal },
    async (batch) => {
      batch.forEach(note);
      return [];
    },
  );
  // Told by close(), which awaits it.
  following.catch(() => undefined);

  return {
    async repeat() {
      for (let i = sample.length - 1; i > 0; i--) {
        const j = Math.floor(random() * (i + 1));
        [sample[i], sample[j]] = [sample[j]!, sample[i]!];
      }
      const events = sample.slice();
      for (let at = 0; at < events.length;) {
        const size = 1 + Math.floor(random() * 200);
        await log.append('trace-events', events.slice(at, at + size));
        at += size;
      }
      return events.length;
    },
    async close(readableIds) {
      const end = await log.endOffsets('trace-events');
      if (!(await log.waitCommitted('trace-events', GROUP, end, 60_000)))
        throw new Error('the audit could not read the log to its end within 60 s');
      stop.abort();
      await following;
      const dead = new Set<string>();
      for await (const { event } of log.deadLetters('trace-events')) dead.add(event.id);
      const readable = new Set(readableIds);
      const calls = new Set([...opened, ...mentioned]);
      const started = [...calls].filter((id) => opened.has(id));
      return {
        accepted,
        calls: calls.size,
        readable: started.filter((id) => readable.has(id)).length,
        deleted: started.filter((id) => deleted.has(id)).length,
        withoutStart: calls.size - started.length,
        deadLettered: dead.size,
        unaccounted: started.filter((id) => !readable.has(id) && !deleted.has(id) && !dead.has(id)),
      };
    },
  };
}

function spanIds(event: TraceEvent): string[] {
  try {
    const { spans } = readSpans(event.payload, event.note === 'json' ? 'json' : 'protobuf');
    return spans.map((span) => spanKey(span.traceId, span.spanId));
  } catch (error) {
    if (error instanceof AppError) return []; // a dead letter
    throw error;
  }
}

function spansOfLogs(event: TraceEvent): string[] {
  return readLogs(event.payload).logs.map(({ traceId, spanId }) => spanKey(traceId, spanId));
}
