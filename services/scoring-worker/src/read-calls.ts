import type { CallPayload, StoredCall, TraceReader } from '@weft/trace-store';
import type { CallKey } from './jobs.ts';

/** Ids of one statement. */
const MAX_IDS = 500;

/** Names a call among those of its project; spans that share an id are told apart by their traces. */
export function keyOf(call: Pick<CallKey, 'callId' | 'spanTraceId'>): string {
  return call.spanTraceId === null ? call.callId : `${call.spanTraceId}/${call.callId}`;
}

export function keyOfStored({ id, isSpan, traceId }: StoredCall): string {
  return keyOf({ callId: id, spanTraceId: isSpan ? traceId : null });
}

/**
 * Those of the calls that can be read, by `keyOf`: running, deleted and unknown ones are not there.
 * @param wholeUpTo payloads that are blobs of more bytes come as heads.
 */
export async function readCalls(
  reader: Pick<TraceReader, 'streamCalls'>,
  projectId: string,
  calls: readonly CallKey[],
  payloads: readonly CallPayload[],
  wholeUpTo?: number,
): Promise<ReadonlyMap<string, StoredCall>> {
  const found = new Map<string, StoredCall>();
  for (let from = 0; from < calls.length; from += MAX_IDS) {
    const some = calls.slice(from, from + MAX_IDS);
    const callIds = [...new Set(some.map(({ callId }) => callId))];
    const traceIds = some.map(({ spanTraceId }) => spanTraceId);
    const filter = {
      callIds,
      // The trace tells where in the store a span lies; of other calls the id does.
      ...(traceIds.every((id) => id !== null) && { traceIds: [...new Set(traceIds)] }),
    };
    const wanted = new Set(some.map(keyOf));
    for await (const page of reader.streamCalls({ projectId, filter, sort: [], payloads, wholeUpTo }))
      for (const call of page)
        if (call.endedAtUs !== null && wanted.has(keyOfStored(call))) found.set(keyOfStored(call), call);
  }
  return found;
}
