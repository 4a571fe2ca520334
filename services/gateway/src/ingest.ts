import type { ContentLift } from '@weft/content';
import type { EventLog } from '@weft/event-log';
import type { FileStorage } from '@weft/file-storage';
import { requestIdOf, type Request } from '@weft/http';
import { AppError, nowUs, type EventKind, type TraceEvent } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';

export interface RejectedEvent {
  readonly event: TraceEvent;
  readonly reason: string;
}

/** What every writing route stands on. */
export interface Ingest {
  /**
   * Resolves when the log has them, and the blob store what of them is too large for it.
   * @throws AppError `log_unavailable`, `storage_unavailable`
   */
  append(events: readonly TraceEvent[]): Promise<void>;
  /** Puts bad items of a request aside where an operator finds them, and counts them. */
  quarantine(rejected: readonly RejectedEvent[], req: Request): Promise<void>;
  /**
   * Resolves once everything acknowledged so far is stored, or after a while: for an event that changes what other events
   * made and may be stored by another writer than theirs. Never throws.
   */
  awaitStored(): Promise<void>;
  /** Server clock, microseconds; later calls get later instants, so that of two writes one is the last. */
  nowUs(): number;
}

interface IngestDeps {
  readonly eventLog: EventLog;
  readonly fileStorage?: Pick<FileStorage, 'claim'> | undefined;
  /** Undefined: media stay in their calls. */
  readonly content?: ContentLift | undefined;
  readonly quarantine: (rejected: readonly RejectedEvent[]) => Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export function createIngest(deps: IngestDeps): Ingest {
  const { eventLog, fileStorage, content, quarantine, logger, metrics } = deps;
  const accepted = metrics.counter({
    name: 'gateway_events_total',
    help: 'Events made durable in the log',
    labels: ['kind'],
  });
  const bytes = metrics.counter({ name: 'gateway_event_bytes_total', help: 'Payload bytes of these events' });
  const refused = metrics.counter({
    name: 'gateway_appends_failed_total',
    help: 'Requests whose events the log or the blob store did not acknowledge: clients got 503',
  });
  const rejectedItems = metrics.counter({
    name: 'gateway_items_rejected_total',
    help: 'Bad items of batches, set aside while their batch was accepted',
  });

  return {
    append: async (given) => {
      if (given.length === 0) return;
      const lifted = await content?.lift(given);
      const events = lifted?.events ?? given;
      try {
        await eventLog.append('trace-events', fileStorage ? await fileStorage.claim(events) : events);
      } catch (error) {
        refused.inc();
        throw error;
      }
      lifted?.acknowledged();
      const kinds = new Map<EventKind, number>();
      let size = 0;
      for (const event of events) {
        kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
        size += event.payload.length;
      }
      for (const [kind, count] of kinds) accepted.inc({ kind }, count);
      bytes.inc(size);
    },
    quarantine: async (rejected, req) => {
      const [first] = rejected;
      if (first === undefined) return;
      rejectedItems.inc(rejected.length);
      const { projectId, kind } = first.event;
      logger.warn(
        {
          count: rejected.length,
          projectId,
          kind,
          reason: first.reason.slice(0, 200),
          requestId: requestIdOf(req),
        },
        'set bad items of a batch aside',
      );
      await quarantine(rejected);
    },
    awaitStored: async () => {
      try {
        const ends = await eventLog.endOffsets('trace-events');
        await eventLog.waitCommitted('trace-events', 'writer', ends, MAX_STORED_WAIT_MS);
      } catch (error) {
        // What the log cannot tell, the sweeps of the writers repair (ADR 003).
        if (!(error instanceof AppError)) throw error;
      }
    },
    nowUs: increasingClock(),
  };
}

const MAX_STORED_WAIT_MS = 5000;

/** The system clock ticks in milliseconds; several writes of one of them must keep their order. */
function increasingClock(): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, nowUs()));
}

/** `entity/project` of a path like `/v2/:entity/:project/…`; undecoded parts were decoded by the router. */
export function pathProject(req: Request): string {
  const { entity, project } = req.params as { entity: string; project: string };
  return `${entity}/${project}`;
}
