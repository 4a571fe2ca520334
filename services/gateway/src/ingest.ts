import type { EventLog } from '@weft/event-log';
import { principalOf, type Request } from '@weft/http';
import { nowUs, type EventKind, type TraceEvent } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';

export interface RejectedEvent {
  readonly event: TraceEvent;
  readonly reason: string;
}

/** What every writing route stands on. */
export interface Ingest {
  /** Resolves when the log has them. @throws AppError `log_unavailable` */
  append(events: readonly TraceEvent[]): Promise<void>;
  /** Puts bad items aside where an operator finds them, and counts them. */
  quarantine(rejected: readonly RejectedEvent[]): Promise<void>;
  /** Server clock, microseconds; later calls get later instants, so that of two writes one is the last. */
  nowUs(): number;
}

interface IngestDeps {
  readonly eventLog: EventLog;
  readonly quarantine: (rejected: readonly RejectedEvent[]) => Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function createIngest({ eventLog, quarantine, logger, metrics }: IngestDeps): Ingest {
  const accepted = metrics.counter({
    name: 'gateway_events_total',
    help: 'Events made durable in the log',
    labels: ['kind'],
  });
  const bytes = metrics.counter({ name: 'gateway_event_bytes_total', help: 'Payload bytes of these events' });
  const rejectedItems = metrics.counter({
    name: 'gateway_items_rejected_total',
    help: 'Bad items of batches, set aside while their batch was accepted',
  });

  return {
    append: async (events) => {
      if (events.length === 0) return;
      await eventLog.append('trace-events', events);
      const kinds = new Map<EventKind, number>();
      let size = 0;
      for (const event of events) {
        kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
        size += event.payload.length;
      }
      for (const [kind, count] of kinds) accepted.inc({ kind }, count);
      bytes.inc(size);
    },
    quarantine: async (rejected) => {
      const [first] = rejected;
      if (first === undefined) return;
      rejectedItems.inc(rejected.length);
      const { projectId, kind } = first.event;
      logger.warn(
        { count: rejected.length, projectId, kind, reason: first.reason.slice(0, 200) },
        'set bad items of a batch aside',
      );
      await quarantine(rejected);
    },
    nowUs: increasingClock(),
  };
}

/** The system clock ticks in milliseconds; several writes of one of them must keep their order. */
function increasingClock(): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, nowUs()));
}

/** Who wrote: the key's user; in open mode, which trusts its machine, what the request says; `''` = unknown. */
export function userOf(req: Request, claimed: string | null): string {
  return principalOf(req).user ?? claimed ?? '';
}

/** `entity/project` of a path like `/v2/:entity/:project/…`; undecoded parts were decoded by the router. */
export function pathProject(req: Request): string {
  const { entity, project } = req.params as { entity: string; project: string };
  return `${entity}/${project}`;
}
