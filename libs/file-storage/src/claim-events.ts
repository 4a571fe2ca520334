import { claimedEvent, type TraceEvent } from '@weft/model';
import { createTurns } from '@weft/runtime';
import { claimCall, isCallEvent } from './claim-call.ts';
import type { BlobKind } from './keys.ts';

/** Files up to this may ride the log, whatever `claimBytes` is: that is how they are taken while the store is away. */
export const SMALL_FILE_BYTES = 256 * 1024;

/** Events of one batch that are worked on at a time. */
const CONCURRENCY = 8;

/** Makes bytes of a project durable. @param done what was put for the same batch, by name: once is enough. */
export type PutBytes = (
  kind: BlobKind,
  projectId: string,
  bytes: Uint8Array,
  done: Map<string, Promise<string>>,
) => Promise<{ readonly digest: string; readonly uri: string }>;

export interface ClaimEventsOptions {
  readonly claimBytes: number;
  readonly takes: (projectId: string) => boolean;
  readonly put: PutBytes;
}

/** See `FileStorage.claim`. What is small costs a look at its length. */
export function claimEvents(
  events: readonly TraceEvent[],
  options: ClaimEventsOptions,
): Promise<readonly TraceEvent[]> | readonly TraceEvent[] {
  const { claimBytes } = options;
  for (let i = 0; i < events.length; i++)
    if (events[i]!.payload.length > claimBytes) return claimLarge(events, i, options);
  return events;
}

async function claimLarge(
  events: readonly TraceEvent[],
  first: number,
  options: ClaimEventsOptions,
): Promise<readonly TraceEvent[]> {
  const result = [...events];
  const rest = createTurns();
  const done = new Map<string, Promise<string>>();
  let next = first;
  const work = async () => {
    while (next < events.length) {
      const at = next++;
      const event = events[at]!;
      if (!isLarge(event, options)) continue;
      await rest();
      try {
        result[at] = await claimOne(event, options, done);
      } catch (error) {
        // Nothing of the batch is appended: what is not begun need not be.
        next = events.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return result;
}

function isLarge(
  { kind, payload, projectId }: TraceEvent,
  { claimBytes, takes }: ClaimEventsOptions,
): boolean {
  const limit = kind === 'file.created' ? Math.max(claimBytes, SMALL_FILE_BYTES) : claimBytes;
  return payload.length > limit && kind !== 'event.claimed' && takes(projectId);
}

async function claimOne(
  event: TraceEvent,
  { claimBytes, put }: ClaimEventsOptions,
  done: Map<string, Promise<string>>,
): Promise<TraceEvent> {
  const { kind, projectId, payload } = event;
  if (isCallEvent(kind))
    return claimCall(event, kind, claimBytes, (bytes) => put('payloads', projectId, bytes, done));
  return claimedEvent(event, await put('events', projectId, payload, done));
}
