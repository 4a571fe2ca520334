import type { Claim } from './claims.ts';
import type { SpanLog } from './span-log.ts';

/**
 * A call is told in parts: a start, an end, a rename, a delete, in any order and any number of times. A part holds the
 * groups of fields it knows; per group the highest version wins (trace-store folds them).
 *
 * Payloads (`Uint8Array`) are the JSON bytes the client sent. Instants are microseconds. Nullable = not given.
 */
export interface CallPart {
  /** `entity/project`. */
  readonly projectId: string;
  readonly id: string;
  /**
   * Only of a call made from an OTLP span: the span's trace. A span id is unique within its trace only, so such a call is
   * known by project, trace and id, any other by project and id.
   */
  readonly spanTraceId?: string;
  readonly start?: StartGroup;
  readonly end?: EndGroup;
  readonly rename?: RenameGroup;
  readonly logs?: readonly SpanLog[];
  /** It was stored with another start, at a key that the start does not tell: it has to be looked for by id. */
  readonly hasMoved?: boolean;
}

export interface StartFields {
  readonly startedAtUs: number;
  readonly traceId: string;
  readonly parentId: string | null;
  readonly threadId: string | null;
  readonly turnId: string | null;
  /** Op ref (`weave:///e/p/op/name:digest`) or free name. */
  readonly opName: string;
  readonly displayName: string | null;
  /** JSON object. */
  readonly attributes: Uint8Array;
  /** JSON object. */
  readonly inputs: Uint8Array;
  /** JSON, only for calls made from OTLP spans: what `attributes.otel_span` is rendered from. */
  readonly otelDump: Uint8Array | null;
  readonly userId: string | null;
  readonly runId: string | null;
  readonly runStep: number | null;
  /** Every string in `inputs` that is a ref. */
  readonly inputRefs: readonly string[];
  /** On the rest of attributes, inputs and otelDump where they are heads only. Default: none. */
  readonly claims?: readonly Claim[];
}

export interface EndFields {
  readonly endedAtUs: number;
  /** Null = no error. Empty = an error without a text, as OTLP spans have them. */
  readonly exception: string | null;
  /** JSON value; `null` when the op returned nothing. */
  readonly output: Uint8Array;
  /** JSON object. */
  readonly summary: Uint8Array;
  readonly runStepEnd: number | null;
  readonly outputRefs: readonly string[];
  /** Only calls made from OTLP spans: what `summary` says was used may be what spans below used, told again. Default: false. */
  readonly mayRepeatUsage?: boolean;
  /** On the rest of output and summary where they are heads only. Default: none. */
  readonly claims?: readonly Claim[];
}

/** Event time, then content: see trace-store `partVersion`. */
type Versioned = { readonly version: bigint };
export type StartGroup = StartFields & Versioned;
export type EndGroup = EndFields & Versioned;
/** `/call/update`: `''` clears the name. Wins over the start's own display name. */
export type RenameGroup = { readonly displayName: string } & Versioned;
