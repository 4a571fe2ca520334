import protobuf from 'protobufjs/minimal.js';
import { MAX_REASONS, type Encoding, type RejectedSpan } from './span.ts';

/** Both ways: the answer's type is the request's. */
export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/protobuf', 'protobuf'],
  ['application/vnd.google.protobuf', 'protobuf'],
  ['application/json', 'json'],
]);

/** The encoding a Content-Type header names, whatever its case and parameters; null for none we read (415). */
export function encodingOf(contentType: string | undefined): Encoding | null {
  return ENCODINGS.get((contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()) ?? null;
}

/** What OTLP carries here, and the count of a partial success in its JSON form. */
const REJECTED_MEMBERS = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
} as const;

export type Signal = keyof typeof REJECTED_MEMBERS;

export interface PartialSuccess {
  rejected: number;
  /** A warning where nothing was rejected; empty or absent = none. */
  errorMessage?: string;
}

/**
 * An Export…ServiceResponse; those of all signals have the same field numbers. Fully accepted is zero bytes of protobuf,
 * or `{}`: partial_success must be unset then.
 */
export function encodeExportResponse(
  encoding: Encoding,
  signal: Signal,
  { rejected, errorMessage = '' }: PartialSuccess,
): Buffer {
  const unset = rejected === 0 && errorMessage === '';
  if (encoding === 'json') {
    const partialSuccess = {
      ...(rejected > 0 && { [REJECTED_MEMBERS[signal]]: String(rejected) }),
      ...(errorMessage !== '' && { errorMessage }),
    };
    return Buffer.from(unset ? '{}' : JSON.stringify({ partialSuccess }));
  }
  if (unset) return Buffer.alloc(0);
  const writer = protobuf.Writer.create().uint32(0x0a).fork();
  if (rejected > 0) writer.uint32(0x08).int64(rejected);
  if (errorMessage !== '') writer.uint32(0x12).string(errorMessage);
  return Buffer.from(writer.ldelim().finish());
}

/** The text for `errorMessage`: the first 20 reasons, as W&B words them, closed with `...` when there are more. */
export function describeRejected(
  rejected: readonly RejectedSpan[],
  total: number,
  what: 'span' | 'log record' = 'span',
): string {
  const reasons = rejected.slice(0, MAX_REASONS).map(({ reason, name, traceId, spanId }) => {
    const known = [
      name === undefined ? '' : `name='${name}'`,
      traceId ? `trace_id='${traceId}'` : '',
      spanId ? `span_id='${spanId}'` : '',
    ];
    const which = known.filter((part) => part !== '').join(' ');
    return `Rejected ${what}${which === '' ? '' : ` (${which})`}: ${reason}`;
  });
  return reasons.join('; ') + (total > reasons.length ? '; ...' : '');
}

/** google.rpc.Code, as far as we answer with it. */
export const RPC_CODES = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface RpcStatus {
  /** google.rpc.Code. */
  code: number;
  message: string;
  fieldViolations?: readonly { field: string; description: string }[];
  /** When to try again; gRPC clients of OTLP repeat nothing that lacks it. */
  retryDelaySeconds?: number | undefined;
}

const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** A google.rpc.Status, which every 4xx and 5xx of an OTLP endpoint must have as its body. */
export function encodeStatus(encoding: Encoding, status: RpcStatus): Buffer {
  const { code, message, fieldViolations = [], retryDelaySeconds } = status;
  if (encoding === 'json') {
    const details = [
      ...(fieldViolations.length === 0 ? [] : [{ '@type': BAD_REQUEST, fieldViolations }]),
      ...(retryDelaySeconds === undefined
        ? []
        : [{ '@type': RETRY_INFO, retryDelay: `${retryDelaySeconds}s` }]),
    ];
    return Buffer.from(JSON.stringify({ code, message, ...(details.length > 0 && { details }) }));
  }
  const writer = protobuf.Writer.create();
  if (code !== 0) writer.uint32(0x08).int32(code);
  if (message !== '') writer.uint32(0x12).string(message);
  if (fieldViolations.length > 0) {
    writer.uint32(0x1a).fork().uint32(0x0a).string(BAD_REQUEST).uint32(0x12).fork();
    for (const { field, description } of fieldViolations) {
      writer.uint32(0x0a).fork().uint32(0x0a).string(field).uint32(0x12).string(description).ldelim();
    }
    writer.ldelim().ldelim();
  }
  if (retryDelaySeconds !== undefined) {
    writer.uint32(0x1a).fork().uint32(0x0a).string(RETRY_INFO).uint32(0x12).fork();
    writer.uint32(0x0a).fork().uint32(0x08).int64(retryDelaySeconds).ldelim().ldelim().ldelim();
  }
  return Buffer.from(writer.finish());
}
