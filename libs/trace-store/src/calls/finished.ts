import { hasScoreMark, type StoredCallFacts } from '@weft/model';
import type { Work } from './work.ts';

/** A call that has begun and ended and can be read. */
export interface FinishedCall {
  readonly projectId: string;
  readonly id: string;
  readonly facts: StoredCallFacts;
}

/**
 * Those of the calls that are whole, and of which the batch says more than a name: whether that is new or a repeat, because
 * after a crash nobody knows who was told of it.
 */
export function finishedCalls(calls: readonly Work[]): FinishedCall[] {
  return calls
    .filter(isFinished)
    .map((call) => ({ projectId: call.projectId, id: call.id, facts: factsOf(call) }));
}

function isFinished({ versions, incoming }: Work): boolean {
  if (versions.start === 0n || versions.end === 0n) return false;
  return incoming.start !== undefined || incoming.end !== undefined || incoming.logs !== undefined;
}

function factsOf({ row, incoming, versions, spanTraceId }: Work): StoredCallFacts {
  // Of a repeat only what the batch says is at hand; it may say an older start than the one that is stored.
  const { start, end } = row?.state ?? incoming;
  const isSpan = spanTraceId !== '';
  if (start?.version !== versions.start || end?.version !== versions.end)
    return {
      traceId: spanTraceId,
      parentId: null,
      threadId: null,
      opName: '',
      isSpan,
      isScore: false,
      endedAtUs: 0,
    };
  return {
    traceId: start.traceId,
    parentId: start.parentId,
    threadId: start.threadId,
    opName: start.opName,
    isSpan,
    isScore: hasScoreMark(start.attributes),
    endedAtUs: end.endedAtUs,
  };
}
