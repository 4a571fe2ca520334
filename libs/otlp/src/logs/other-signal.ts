import type { WireReader } from '../wire.ts';

export type OtherSignal = 'traces' | 'metrics';

// Span: trace_id = 1, span_id = 2, start_time_unix_nano = 7, end_time_unix_nano = 8.
const SPAN_TRACE_ID = 0x0a;
const SPAN_ID = 0x12;
const SPAN_START = 0x39;
const SPAN_END = 0x41;

/**
 * What stands where a log record is expected, if it is something else: the envelopes of all signals have the same field
 * numbers. A record has other wire types where spans have ids and times and metrics their name.
 * @throws AppError `invalid_request`
 */
export function otherSignalOf(reader: WireReader, end: number): OtherSignal | null {
  let hasText = false;
  let hasTraceId = false;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    const from = reader.pos;
    reader.skip(tag, end);
    if (tag === SPAN_START || tag === SPAN_END) return 'traces';
    // One byte of length before the id.
    if (tag === SPAN_TRACE_ID) hasTraceId = reader.pos - from === 17;
    if (tag === SPAN_ID && hasTraceId && reader.pos - from === 9) return 'traces';
    hasText ||= tag === SPAN_TRACE_ID;
  }
  return hasText ? 'metrics' : null;
}
