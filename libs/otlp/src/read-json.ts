import { AppError } from '@weft/model';
import protobuf from 'protobufjs/minimal.js';
import { MAX_REASONS, type RejectedSpan } from './span.ts';
import { asBuffer, MAX_DEPTH } from './wire.ts';

/**
 * OTLP/JSON → protobuf. One encoding behind this line means one reader, one log format and no way for the two to map to
 * different calls. Lenient where senders are known to differ (otlp spec "JSON Protobuf Encoding"): ids in any case or
 * base64, enum names, 64-bit ints as numbers or strings, null for absent, attributes as a plain object.
 */
export interface Transcoded {
  /** ExportTraceServiceRequest. */
  payload: Uint8Array;
  /** The first spans that are no spans; the others are unharmed. */
  rejected: RejectedSpan[];
  rejectedSpans: number;
}

type Json = Record<string, unknown>;
type Writer = protobuf.Writer;

/** @throws AppError `invalid_request` for text that is not JSON or not a trace request. */
export function jsonToProtobuf(body: Uint8Array): Transcoded {
  const out: Transcoded = { payload: new Uint8Array(0), rejected: [], rejectedSpans: 0 };
  const request = parse(body);
  for (const signal of ['Logs', 'Metrics']) {
    if (request[`resource${signal}`] === undefined || request['resourceSpans'] !== undefined) continue;
    const name = signal.toLowerCase();
    throw new AppError(
      'invalid_request',
      `this looks like an OTLP ${name} export; send it to /otel/v1/${name}`,
    );
  }
  const writer = protobuf.Writer.create();
  list(request['resourceSpans'], 'resourceSpans').forEach((item, i) => {
    const path = `resourceSpans[${i}]`;
    const resourceSpans = object(item, path);
    writer.uint32(0x0a).fork();
    writeResource(writer, resourceSpans['resource'], path);
    list(resourceSpans['scopeSpans'], `${path}.scopeSpans`).forEach((scopeSpans, j) => {
      writer.uint32(0x12).fork();
      writeScopeSpans(
        writer,
        object(scopeSpans, `${path}.scopeSpans[${j}]`),
        `${path}.scopeSpans[${j}]`,
        out,
      );
      writer.ldelim();
    });
    writeText(writer, 0x1a, resourceSpans['schemaUrl']);
    writer.ldelim();
  });
  out.payload = writer.finish();
  return out;
}

// JSON.parse would round these when they are sent as numbers. A quote inside JSON text is always escaped, so that a
// match of name, colon and digits cannot lie inside a string.
const BIG_NUMBER =
  /((?<!\\)"(?:intValue|startTimeUnixNano|endTimeUnixNano|timeUnixNano)"\s*:\s*)(-?\d{16,20})(?![\d.eE])/g;

function parse(body: Uint8Array): Json {
  if (body.length === 0) return {};
  const text = asBuffer(body).toString('utf8').replace(BIG_NUMBER, '$1"$2"');
  try {
    return object(JSON.parse(text), 'body');
  } catch (error) {
    if (error instanceof AppError) throw error;
    // The parser's message quotes the body: it stays here.
    throw new AppError('invalid_request', 'body: not valid JSON', { cause: error });
  }
}

function writeResource(writer: Writer, value: unknown, path: string): void {
  if (absent(value)) return;
  const resource = object(value, `${path}.resource`);
  writer.uint32(0x0a).fork();
  writeAttributes(writer, 0x0a, resource['attributes']);
  writeUint32(writer, 0x10, resource['droppedAttributesCount']);
  writer.ldelim();
}

function writeScopeSpans(writer: Writer, scopeSpans: Json, path: string, out: Transcoded): void {
  if (!absent(scopeSpans['scope'])) {
    const scope = object(scopeSpans['scope'], `${path}.scope`);
    writer.uint32(0x0a).fork();
    writeText(writer, 0x0a, scope['name']);
    writeText(writer, 0x12, scope['version']);
    writeAttributes(writer, 0x1a, scope['attributes']);
    writeUint32(writer, 0x20, scope['droppedAttributesCount']);
    writer.ldelim();
  }
  for (const span of list(scopeSpans['spans'], `${path}.spans`)) {
    // A span is written apart first: one that fails half-way must leave nothing behind.
    try {
      const bytes = spanBytes(object(span, 'span'));
      writer.uint32(0x12).bytes(bytes);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      out.rejectedSpans++;
      if (out.rejected.length < MAX_REASONS) out.rejected.push({ reason: error.message, ...knownOf(span) });
    }
  }
  writeText(writer, 0x1a, scopeSpans['schemaUrl']);
}

function knownOf(span: unknown): Partial<RejectedSpan> {
  if (typeof span !== 'object' || span === null) return {};
  const { name, traceId, spanId } = span as Json;
  const known: Partial<RejectedSpan> = {};
  if (typeof name === 'string') known.name = name.slice(0, 128);
  if (typeof traceId === 'string') known.traceId = traceId.slice(0, 64);
  if (typeof spanId === 'string') known.spanId = spanId.slice(0, 64);
  return known;
}

function spanBytes(span: Json): Uint8Array {
  const writer = protobuf.Writer.create();
  writeId(writer, 0x0a, span['traceId'], 16);
  writeId(writer, 0x12, span['spanId'], 8);
  writeText(writer, 0x1a, span['traceState']);
  writeId(writer, 0x22, span['parentSpanId'], 8);
  writeText(writer, 0x2a, span['name']);
  writeEnum(writer, 0x30, span['kind'], SPAN_KINDS);
  writeNanos(writer, 0x39, span['startTimeUnixNano']);
  writeNanos(writer, 0x41, span['endTimeUnixNano']);
  writeAttributes(writer, 0x4a, span['attributes']);
  writeUint32(writer, 0x50, span['droppedAttributesCount']);
  for (const event of list(span['events'], 'events')) writeEvent(writer, object(event, 'event'));
  writeUint32(writer, 0x60, span['droppedEventsCount']);
  for (const link of list(span['links'], 'links')) writeLink(writer, object(link, 'link'));
  writeUint32(writer, 0x70, span['droppedLinksCount']);
  if (!absent(span['status'])) {
    const status = object(span['status'], 'status');
    writer.uint32(0x7a).fork();
    writeText(writer, 0x12, status['message']);
    writeEnum(writer, 0x18, status['code'], STATUS_CODES);
    writer.ldelim();
  }
  writeFixed32(writer, 0x85, span['flags']);
  return writer.finish();
}

function writeEvent(writer: Writer, event: Json): void {
  writer.uint32(0x5a).fork();
  writeNanos(writer, 0x09, event['timeUnixNano']);
  writeText(writer, 0x12, event['name']);
  writeAttributes(writer, 0x1a, event['attributes']);
  writeUint32(writer, 0x20, event['droppedAttributesCount']);
  writer.ldelim();
}

function writeLink(writer: Writer, link: Json): void {
  writer.uint32(0x6a).fork();
  writeId(writer, 0x0a, link['traceId'], 16);
  writeId(writer, 0x12, link['spanId'], 8);
  writeText(writer, 0x1a, link['traceState']);
  writeAttributes(writer, 0x22, link['attributes']);
  writeUint32(writer, 0x28, link['droppedAttributesCount']);
  writeFixed32(writer, 0x35, link['flags']);
  writer.ldelim();
}

/** A KeyValue list, or leniently a plain object of plain values. */
function writeAttributes(writer: Writer, tag: number, value: unknown): void {
  if (absent(value)) return;
  if (Array.isArray(value)) {
    for (const item of value) {
      const pair = object(item, 'attribute');
      writer.uint32(tag).fork();
      writeText(writer, 0x0a, pair['key']);
      if (!absent(pair['value'])) {
        writer.uint32(0x12).fork();
        writeAnyValue(writer, pair['value'], 1);
        writer.ldelim();
      }
      writer.ldelim();
    }
    return;
  }
  for (const [key, plain] of Object.entries(object(value, 'attributes'))) {
    writer.uint32(tag).fork();
    writeText(writer, 0x0a, key);
    writer.uint32(0x12).fork();
    if (isAnyValue(plain)) writeAnyValue(writer, plain, 1);
    else writePlain(writer, plain, 1);
    writer.ldelim();
    writer.ldelim();
  }
}

const ANY_VALUE = /^(?:string|bool|int|double|array|kvlist|bytes)Value$/;

function isAnyValue(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && ANY_VALUE.test(keys[0]!);
}

function writeAnyValue(writer: Writer, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`values nested deeper than ${MAX_DEPTH}`);
  if (typeof value !== 'object' || Array.isArray(value)) return writePlain(writer, value, depth);
  const any = value as Json;
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = any;
  if (!absent(stringValue))
    writer.uint32(0x0a).string(typeof stringValue === 'string' ? stringValue : String(stringValue));
  else if (!absent(boolValue)) writer.uint32(0x10).bool(boolValue === true || boolValue === 'true');
  else if (!absent(intValue)) writeInt(writer, intValue);
  else if (!absent(doubleValue)) writeDouble(writer, doubleValue);
  else if (!absent(bytesValue)) writer.uint32(0x3a).bytes(Buffer.from(String(bytesValue), 'base64'));
  else if (!absent(arrayValue)) {
    writer.uint32(0x2a).fork();
    const values = Array.isArray(arrayValue)
      ? arrayValue
      : list((arrayValue as Json)['values'], 'arrayValue.values');
    for (const item of values) {
      writer.uint32(0x0a).fork();
      if (!absent(item)) writeAnyValue(writer, item, depth + 1);
      writer.ldelim();
    }
    writer.ldelim();
  } else if (!absent(kvlistValue)) writeKeyValueList(writer, kvlistValue as Json, depth);
}

function writeKeyValueList(writer: Writer, kvlist: Json, depth: number): void {
  writer.uint32(0x32).fork();
  for (const item of list(kvlist['values'], 'kvlistValue.values')) {
    const pair = object(item, 'kvlistValue');
    writer.uint32(0x0a).fork();
    writeText(writer, 0x0a, pair['key']);
    if (!absent(pair['value'])) {
      writer.uint32(0x12).fork();
      writeAnyValue(writer, pair['value'], depth + 1);
      writer.ldelim();
    }
    writer.ldelim();
  }
  writer.ldelim();
}

/** A plain JSON value where an AnyValue belongs. */
function writePlain(writer: Writer, value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(`values nested deeper than ${MAX_DEPTH}`);
  if (typeof value === 'string') writer.uint32(0x0a).string(value);
  else if (typeof value === 'boolean') writer.uint32(0x10).bool(value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writeInt(writer, value);
    else writeDouble(writer, value);
  } else if (Array.isArray(value)) {
    writer.uint32(0x2a).fork();
    for (const item of value) {
      writer.uint32(0x0a).fork();
      writePlain(writer, item, depth + 1);
      writer.ldelim();
    }
    writer.ldelim();
  } else if (typeof value === 'object' && value !== null) {
    writer.uint32(0x32).fork();
    for (const [key, item] of Object.entries(value)) {
      writer.uint32(0x0a).fork();
      writeText(writer, 0x0a, key);
      writer.uint32(0x12).fork();
      writePlain(writer, item, depth + 1);
      writer.ldelim();
      writer.ldelim();
    }
    writer.ldelim();
  }
}

/** What is no 64-bit int is kept as the text it is. */
function writeInt(writer: Writer, value: unknown): void {
  const text = String(value).trim();
  const int = /^[+-]?\d{1,20}$/.test(text) ? BigInt(text.replace(/^\+/, '')) : null;
  if (int === null || int < -(2n ** 63n) || int >= 2n ** 63n) {
    const number = typeof value === 'number' ? value : NaN;
    if (Number.isFinite(number)) writeDouble(writer, number);
    else writer.uint32(0x0a).string(text);
  } else writer.uint32(0x18).int64(halves(int) as never);
}

function writeDouble(writer: Writer, value: unknown): void {
  const number = Number(value);
  if (Number.isNaN(number) && value !== 'NaN') writer.uint32(0x0a).string(String(value));
  else writer.uint32(0x21).double(number);
}

function writeNanos(writer: Writer, tag: number, value: unknown): void {
  if (absent(value)) return;
  const text = String(value).trim();
  const nanos = /^\d{1,20}$/.test(text)
    ? BigInt(text)
    : typeof value === 'number' && value >= 0
      ? BigInt(Math.trunc(value))
      : null;
  if (nanos === null || nanos >= 2n ** 64n) throw invalid('a time is not a number of nanoseconds');
  writer.uint32(tag).fixed64(halves(nanos) as never);
}

function halves(int: bigint): { low: number; high: number; unsigned: boolean } {
  return {
    low: Number(BigInt.asIntN(32, int)),
    high: Number(BigInt.asIntN(32, int >> 32n)),
    unsigned: false,
  };
}

/**
 * Hex, or the base64 that generic protobuf printers make (24 characters for 16 bytes, 12 for 8). Anything else is
 * written as it is, of a wrong length, so that it is reported as an invalid id.
 */
function writeId(writer: Writer, tag: number, value: unknown, sizeBytes: number): void {
  if (absent(value) || value === '') return;
  const text = typeof value === 'string' ? value : String(value);
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text)) {
    writer.uint32(tag).bytes(Buffer.from(text.slice(0, 128), 'hex'));
    return;
  }
  const bytes = Buffer.from(text.slice(0, 128), 'base64');
  const isBase64 = bytes.length === sizeBytes && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text);
  writer.uint32(tag).bytes(isBase64 ? bytes : Buffer.from(text.slice(0, 6)));
}

const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'];

function writeEnum(writer: Writer, tag: number, value: unknown, names: readonly string[]): void {
  if (absent(value)) return;
  let number = Number(value);
  if (typeof value === 'string' && Number.isNaN(number)) {
    number = names.indexOf(value.toUpperCase().replace(/^SPAN_KIND_|^STATUS_CODE_/, ''));
  }
  if (Number.isInteger(number) && number > 0 && number <= 0x7fffffff) writer.uint32(tag).int32(number);
}

function writeText(writer: Writer, tag: number, value: unknown): void {
  if (absent(value) || value === '') return;
  writer.uint32(tag).string(typeof value === 'string' ? value : JSON.stringify(value));
}

function writeUint32(writer: Writer, tag: number, value: unknown): void {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) writer.uint32(tag).uint32(Math.min(number, 0xffffffff));
}

function writeFixed32(writer: Writer, tag: number, value: unknown): void {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) writer.uint32(tag).fixed32(Math.min(number, 0xffffffff));
}

function absent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function list(value: unknown, path: string): unknown[] {
  if (absent(value)) return [];
  if (!Array.isArray(value)) throw invalid(`${path}: expected an array`);
  return value;
}

function object(value: unknown, path: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${path}: expected an object`);
  return value as Json;
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', message);
}
