import type { TraceEvent } from '../events.ts';
import { decoding } from './decoding.ts';

/** `call.updated`; an empty name clears the call's display name. */
export function encodeCallUpdated(update: { displayName: string }): Uint8Array {
  return Buffer.from(JSON.stringify({ display_name: update.displayName }));
}

/** @throws AppError `undecodable_event` */
export function readCallUpdatedEvent(event: TraceEvent): { displayName: string } {
  return decoding(event, (members) => ({ displayName: members.requiredText('display_name') }));
}
