import type { EventLog } from '@weft/event-log';
import { AppError, isValidId, nowUs, type TraceEvent } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';

const MAX_DELETES = 1000;
/** One append stays far below the size of a log record. */
const EVENTS_PER_APPEND = 5000;
const EMPTY_OBJECT = Buffer.from('{}');

/**
 * Deletes calls and everything below them: one event each, so that each can be replayed on its own. A call that is not
 * there gets one too: when its parts come late, or again out of the log, it has to stay deleted. Spans of several traces
 * that share an id are deleted together.
 * @returns how many calls were there.
 * @throws AppError `request_too_large` for more than 1000 ids.
 */
export async function deleteCalls(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  { projectId, ids: wanted, userId }: { projectId: string; ids: readonly string[]; userId: string },
): Promise<number> {
  if (wanted.length > MAX_DELETES)
    throw new AppError('request_too_large', `call_ids: cannot delete more than ${MAX_DELETES} calls at once`);
  const receivedAtUs = nowUs();
  const deleted = (id: string): TraceEvent => ({
    kind: 'call.deleted',
    projectId,
    id,
    userId,
    receivedAtUs,
    note: '',
    payload: EMPTY_OBJECT,
  });
  const append = async (ids: readonly string[]): Promise<void> => {
    for (let at = 0; at < ids.length; at += EVENTS_PER_APPEND)
      await eventLog.append('trace-events', ids.slice(at, at + EVENTS_PER_APPEND).map(deleted));
  };
  const named = new Set(wanted);
  let count = 0;
  for await (const ids of reader.descendants(projectId, wanted)) {
    count += ids.length;
    await append(ids.filter((id) => !named.has(id)));
  }
  // Last: as long as they are there a repeated request finds what is below them.
  await append([...named].filter(isValidId));
  return count;
}
