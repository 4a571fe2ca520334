import { ExportTraceServiceRequest } from './oracle.ts';
import { splitTraceRequest, type SplitOptions, type SplitRequest } from '../split.ts';
import { readSpans } from '../read.ts';
import { spanToCall, type SpanCall } from '../span-to-call.ts';
import type { Encoding, OtlpSpan } from '../span.ts';

/* Requests for tests, written as OTLP/JSON because that is readable. */

export type JsonObject = Record<string, unknown>;

export const TRACE = '0102030405060708090a0b0c0d0e0f10';
export const SPAN = '1112131415161718';

/** A plain value as an AnyValue: integers are ints, `{}` of plain values is a kvlist. */
export function any(value: unknown): JsonObject {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(any) } };
  return { kvlistValue: { values: attributes(value as JsonObject) } };
}

/** Pairs, so that duplicates and order can be given; or an object. */
export function attributes(pairs: JsonObject | [string, unknown][]): JsonObject[] {
  const list = Array.isArray(pairs) ? pairs : Object.entries(pairs);
  return list.map(([key, value]) => ({ key, value: any(value) }));
}

/** One span with these attributes; `more` replaces or adds members. */
export function spanJson(pairs: JsonObject | [string, unknown][] = {}, more: JsonObject = {}): JsonObject {
  return {
    traceId: TRACE,
    spanId: SPAN,
    name: 'span',
    kind: 1,
    startTimeUnixNano: '1767225600000000000',
    endTimeUnixNano: '1767225601500000000',
    attributes: attributes(pairs),
    ...more,
  };
}

export function requestJson(spans: JsonObject[], resource: JsonObject = {}): JsonObject {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes(resource) },
        scopeSpans: [{ scope: { name: 'test', version: '1' }, spans }],
      },
    ],
  };
}

export function jsonBody(request: unknown): Buffer {
  return Buffer.from(JSON.stringify(request));
}

/** The same by the official encoder. */
export function protobufBody(request: JsonObject): Buffer {
  const withBytes = (value: unknown, key = ''): unknown => {
    if (/^(?:traceId|spanId|parentSpanId)$/.test(key)) return Buffer.from(String(value), 'hex');
    if (key === 'bytesValue') return Buffer.from(String(value), 'base64');
    if (Array.isArray(value)) return value.map((item) => withBytes(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withBytes(item, name)]));
  };
  return Buffer.from(ExportTraceServiceRequest.encode(withBytes(request) as JsonObject).finish());
}

export function split(
  body: Uint8Array,
  encoding: Encoding,
  options: Partial<SplitOptions> = {},
): SplitRequest {
  return splitTraceRequest(body, { encoding, headerProject: 'acme/otel-lab', ...options });
}

export function spansOf(body: Uint8Array, encoding: Encoding): OtlpSpan[] {
  return split(body, encoding).groups.flatMap((group) => readSpans(group.payload, group.encoding).spans);
}

export function callsOf(body: Uint8Array, encoding: Encoding): SpanCall[] {
  return spansOf(body, encoding).map((span) => spanToCall(span, { projectId: 'acme/otel-lab', userId: 'u' }));
}

/** The call of one span with these attributes, its JSON parsed. */
export function callWith(
  pairs: JsonObject | [string, unknown][],
  more: JsonObject = {},
  resource: JsonObject = {},
): ReturnType<typeof readable> {
  const [call] = callsOf(jsonBody(requestJson([spanJson(pairs, more)], resource)), 'json');
  return readable(call!);
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it
export function parsed(bytes: Uint8Array): any {
  return JSON.parse(Buffer.from(bytes).toString());
}

/** A call for eyes and golden files. */
export function readable({ projectId, id, opShortName, start, end }: SpanCall) {
  return {
    projectId,
    id,
    opShortName,
    start: {
      ...start,
      attributes: parsed(start.attributes),
      inputs: parsed(start.inputs),
      otelDump: start.otelDump === null ? null : parsed(start.otelDump),
    },
    end: { ...end, output: parsed(end.output), summary: parsed(end.summary) },
  };
}
