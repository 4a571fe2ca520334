import { AppError } from '../errors.ts';
import type { TraceEvent } from '../events.ts';
import { asBuffer, JsonMembers } from '../json-members.ts';

/**
 * Reads a payload that is not a wire item as it came; such payloads are written and read in this folder only. Values of
 * clients (`val`, rows, feedback payloads) are the bytes they sent, inside a small JSON envelope.
 * @throws AppError `undecodable_event`
 */
export function decoding<T>(event: TraceEvent, read: (members: JsonMembers) => T): T {
  try {
    return read(JsonMembers.parse(asBuffer(event.payload)));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('undecodable_event', `${event.kind}: ${error.message}`, { cause: error });
  }
}
