import type { TraceEvent } from '../events.ts';
import { decoding } from './decoding.ts';

/**
 * `call.stored`: what of a call decides whether a monitor looks at it; the rest is read from the store. A repeat may be told
 * by a writer that did not have the whole call at hand: then `opName` is empty and everything but `isSpan`, and the trace of
 * a span, is to be looked up.
 */
export interface StoredCallFacts {
  /** Empty: see above. */
  readonly traceId: string;
  readonly parentId: string | null;
  readonly threadId: string | null;
  readonly opName: string;
  /** Made of an OTLP span: known by its trace and id. */
  readonly isSpan: boolean;
  /** Made by a scorer (`hasScoreMark`): never scored itself. */
  readonly isScore: boolean;
  /** 0 where it is to be looked up. */
  readonly endedAtUs: number;
}

export function encodeStoredCall(facts: StoredCallFacts): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      trace_id: facts.traceId,
      parent_id: facts.parentId,
      thread_id: facts.threadId,
      op_name: facts.opName,
      span: facts.isSpan,
      score: facts.isScore,
      ended_at_us: facts.endedAtUs,
    }),
  );
}

/** @throws AppError `undecodable_event` */
export function readStoredCallEvent(event: TraceEvent): StoredCallFacts {
  return decoding(event, (members) => ({
    traceId: members.text('trace_id') ?? '',
    parentId: members.text('parent_id'),
    threadId: members.text('thread_id'),
    opName: members.text('op_name') ?? '',
    isSpan: members.raw('span')?.[0] === TRUE,
    isScore: members.raw('score')?.[0] === TRUE,
    endedAtUs: Number(Buffer.from(members.required('ended_at_us')).toString('latin1')),
  }));
}

const TRUE = 0x74;
