/**
 * A span as received, with the wrappers of the wire format taken off and nothing else changed: attributes stay the flat
 * list they were sent as, duplicates included, because every nested view of them has to guess somewhere.
 */

/** Bytes are a view into the payload. 64-bit ints beyond 2^53 are bigints. An empty or missing AnyValue is null. */
export type Value = string | number | bigint | boolean | null | Uint8Array | Value[] | KeyValues;

/** A list of key-value pairs in the order sent. Never an object: keys are the sender's. */
export class KeyValues {
  readonly keys: string[] = [];
  readonly values: Value[] = [];

  add(key: string, value: Value): void {
    this.keys.push(key);
    this.values.push(value);
  }

  /** The last value under `key`, or undefined. */
  get(key: string): Value | undefined {
    const at = this.keys.lastIndexOf(key);
    return at < 0 ? undefined : this.values[at];
  }
}

/** An instant: microseconds since the epoch and the nanoseconds below them (0 to 999). Both 0 = not given. */
export interface Instant {
  us: number;
  ns: number;
}

export interface OtlpResource {
  attributes: KeyValues;
  droppedAttributes: number;
  schemaUrl: string;
}

export interface OtlpScope {
  name: string;
  version: string;
  attributes: KeyValues;
  droppedAttributes: number;
  schemaUrl: string;
}

export interface OtlpEvent {
  name: string;
  time: Instant;
  attributes: KeyValues;
  droppedAttributes: number;
}

export interface OtlpLink {
  traceId: string;
  spanId: string;
  traceState: string;
  attributes: KeyValues;
  droppedAttributes: number;
  flags: number;
}

export interface OtlpSpan {
  /** 32 and 16 lower-case hex digits, never all zero. */
  traceId: string;
  spanId: string;
  /** Null for a root. */
  parentId: string | null;
  traceState: string;
  flags: number;
  name: string;
  /** SpanKind number as sent; unknown numbers survive. */
  kind: number;
  start: Instant;
  end: Instant;
  attributes: KeyValues;
  droppedAttributes: number;
  events: OtlpEvent[];
  droppedEvents: number;
  links: OtlpLink[];
  droppedLinks: number;
  /** StatusCode number as sent: 0 unset, 1 ok, 2 error. */
  statusCode: number;
  statusMessage: string;
  resource: OtlpResource;
  scope: OtlpScope;
  /** The protobuf Span message itself: a view into the payload. */
  raw: Uint8Array;
}

export type Encoding = 'protobuf' | 'json';

/** A span that was not accepted, and why. What is known of it is for the sender's eyes. */
export interface RejectedSpan {
  reason: string;
  name?: string;
  traceId?: string;
  spanId?: string;
}

/** How many rejected spans are described; all are counted. A response must stay small. */
export const MAX_REASONS = 20;
