import type { EventLog } from '@weft/event-log';
import { encodeStoredCall, nowUs, type TraceEvent } from '@weft/model';
import type { FinishedCall } from '@weft/trace-store';

/** Told at once; bounds what is kept of them beside the batch itself. */
const CALLS_PER_APPEND = 2000;

/**
 * Appends a `call.stored` for each of the calls. They are readable: whoever is told may read them.
 * @throws AppError `log_unavailable`: some may have been told.
 */
export async function tellStored(
  eventLog: Pick<EventLog, 'append'>,
  calls: readonly FinishedCall[],
): Promise<void> {
  for (let at = 0; at < calls.length; at += CALLS_PER_APPEND)
    await eventLog.append('stored-calls', calls.slice(at, at + CALLS_PER_APPEND).map(toEvent));
}

function toEvent({ projectId, id, facts }: FinishedCall): TraceEvent {
  const payload = encodeStoredCall(facts);
  return { kind: 'call.stored', projectId, id, userId: '', receivedAtUs: nowUs(), note: '', payload };
}
