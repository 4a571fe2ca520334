/**
 * A log record that belongs to an OTLP span, as stored beside the span's call. Of one span they are a set: the same record
 * told twice is one record, and their order is their own time's.
 */
export interface SpanLog {
  /** Of the record's content: below 2^61, never 0. The sum over a span's records is their version, which so grows with every new one. */
  readonly hash: bigint;
  /** JSON; what `contentOfLogs` reads. */
  readonly bytes: Uint8Array;
}

/** What log records say that their span does not. */
export interface LogContent {
  /** JSON object; null = nothing. Taken where the span's own inputs are `{}`. */
  readonly inputs: Uint8Array | null;
  /** JSON object; null = nothing. Taken where the span's own output is `{}`. */
  readonly output: Uint8Array | null;
}

/** A function of the set: of the same records in another order the same. */
export type ContentOfLogs = (logs: readonly SpanLog[]) => LogContent;
