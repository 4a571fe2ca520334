import { AppError, MAX_INSTANT_US } from '@weft/model';
import { internKey } from './keys.ts';
import { jsonToProtobuf } from './read-json.ts';
import {
  KeyValues,
  type Encoding,
  type Instant,
  type OtlpEvent,
  type OtlpLink,
  type OtlpResource,
  type OtlpScope,
  type OtlpSpan,
  type RejectedSpan,
  type Value,
} from './span.ts';
import { MAX_DEPTH, undecodable, WireReader } from './wire.ts';

/**
 * A single-purpose reader: protobuf bytes straight to normalised spans, with no message objects in between (they cost
 * more than the wire format). A field is known by number *and* wire type; everything else is passed over.
 * Source: opentelemetry/proto/{trace,common,resource}/v1 at 1.11.
 */

export interface ReadSpans {
  spans: OtlpSpan[];
  /** Spans that could not be read or have no valid ids; the others are unharmed. */
  rejected: RejectedSpan[];
}

/**
 * All spans of an ExportTraceServiceRequest.
 * @throws AppError `invalid_request` when the envelopes around the spans cannot be read.
 */
export function readSpans(payload: Uint8Array, encoding: Encoding): ReadSpans {
  if (encoding === 'json') {
    const transcoded = jsonToProtobuf(payload);
    const read = readSpans(transcoded.payload, 'protobuf');
    return { spans: read.spans, rejected: [...transcoded.rejected, ...read.rejected] };
  }
  const reader = new WireReader(payload);
  const out: ReadSpans = { spans: [], rejected: [] };
  const end = reader.buf.length;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readResourceSpans(reader, reader.limit(end), out);
    else reader.skip(tag, end);
  }
  return out;
}

/** Resource and schema URL may follow the spans, so the envelope is crossed twice. */
function readResourceSpans(reader: WireReader, end: number, out: ReadSpans): void {
  const from = reader.pos;
  const resource: OtlpResource = { attributes: new KeyValues(), droppedAttributes: 0, schemaUrl: '' };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readResource(reader, reader.limit(end), resource);
    else if (tag === 0x1a) resource.schemaUrl = reader.text(end);
    else reader.skip(tag, end);
  }
  reader.pos = from;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) readScopeSpans(reader, reader.limit(end), resource, out);
    else reader.skip(tag, end);
  }
}

function readResource(reader: WireReader, end: number, resource: OtlpResource): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readKeyValue(reader, reader.limit(end), resource.attributes, 0);
    else if (tag === 0x10) resource.droppedAttributes = reader.varint(end);
    else reader.skip(tag, end);
  }
}

function readScopeSpans(reader: WireReader, end: number, resource: OtlpResource, out: ReadSpans): void {
  const from = reader.pos;
  const scope: OtlpScope = {
    name: '',
    version: '',
    attributes: new KeyValues(),
    droppedAttributes: 0,
    schemaUrl: '',
  };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readScope(reader, reader.limit(end), scope);
    else if (tag === 0x1a) scope.schemaUrl = reader.text(end);
    else reader.skip(tag, end);
  }
  reader.pos = from;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag !== 0x12) {
      reader.skip(tag, end);
      continue;
    }
    const spanEnd = reader.limit(end);
    readOneSpan(reader, spanEnd, resource, scope, out);
    reader.pos = spanEnd;
  }
}

function readOneSpan(
  reader: WireReader,
  end: number,
  resource: OtlpResource,
  scope: OtlpScope,
  out: ReadSpans,
): void {
  try {
    const span = readSpan(reader, end, resource, scope);
    const reason = idProblem(span.traceId, span.spanId);
    if (reason === null) out.spans.push(span);
    else out.rejected.push({ reason, name: span.name, traceId: span.traceId, spanId: span.spanId });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    out.rejected.push({ reason: error.message });
  }
}

function readScope(reader: WireReader, end: number, scope: OtlpScope): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) scope.name = reader.text(end);
    else if (tag === 0x12) scope.version = reader.text(end);
    else if (tag === 0x1a) readKeyValue(reader, reader.limit(end), scope.attributes, 0);
    else if (tag === 0x20) scope.droppedAttributes = reader.varint(end);
    else reader.skip(tag, end);
  }
}

function readSpan(reader: WireReader, end: number, resource: OtlpResource, scope: OtlpScope): OtlpSpan {
  const span: OtlpSpan = {
    traceId: '',
    spanId: '',
    parentId: null,
    traceState: '',
    flags: 0,
    name: '',
    kind: 0,
    start: { us: 0, ns: 0 },
    end: { us: 0, ns: 0 },
    attributes: new KeyValues(),
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    statusCode: 0,
    statusMessage: '',
    resource,
    scope,
    raw: reader.buf.subarray(reader.pos, end),
  };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x0a:
        span.traceId = reader.hex(end);
        break;
      case 0x12:
        span.spanId = reader.hex(end);
        break;
      case 0x1a:
        span.traceState = reader.text(end);
        break;
      case 0x22:
        span.parentId = parentOf(reader.hex(end));
        break;
      case 0x2a:
        span.name = internText(reader, end);
        break;
      case 0x30:
        span.kind = reader.varint(end) | 0;
        break;
      case 0x39:
        readInstant(reader, end, span.start);
        break;
      case 0x41:
        readInstant(reader, end, span.end);
        break;
      case 0x4a:
        readKeyValue(reader, reader.limit(end), span.attributes, 0);
        break;
      case 0x50:
        span.droppedAttributes = reader.varint(end);
        break;
      case 0x5a:
        span.events.push(readEvent(reader, reader.limit(end)));
        break;
      case 0x60:
        span.droppedEvents = reader.varint(end);
        break;
      case 0x6a:
        span.links.push(readLink(reader, reader.limit(end)));
        break;
      case 0x70:
        span.droppedLinks = reader.varint(end);
        break;
      case 0x7a:
        readStatus(reader, reader.limit(end), span);
        break;
      case 0x85:
        span.flags = reader.fixed32(end);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  return span;
}

function readEvent(reader: WireReader, end: number): OtlpEvent {
  const event: OtlpEvent = {
    name: '',
    time: { us: 0, ns: 0 },
    attributes: new KeyValues(),
    droppedAttributes: 0,
  };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x09) readInstant(reader, end, event.time);
    else if (tag === 0x12) event.name = internText(reader, end);
    else if (tag === 0x1a) readKeyValue(reader, reader.limit(end), event.attributes, 0);
    else if (tag === 0x20) event.droppedAttributes = reader.varint(end);
    else reader.skip(tag, end);
  }
  return event;
}

function readLink(reader: WireReader, end: number): OtlpLink {
  const link: OtlpLink = {
    traceId: '',
    spanId: '',
    traceState: '',
    attributes: new KeyValues(),
    droppedAttributes: 0,
    flags: 0,
  };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) link.traceId = reader.hex(end);
    else if (tag === 0x12) link.spanId = reader.hex(end);
    else if (tag === 0x1a) link.traceState = reader.text(end);
    else if (tag === 0x22) readKeyValue(reader, reader.limit(end), link.attributes, 0);
    else if (tag === 0x28) link.droppedAttributes = reader.varint(end);
    else if (tag === 0x35) link.flags = reader.fixed32(end);
    else reader.skip(tag, end);
  }
  return link;
}

function readStatus(reader: WireReader, end: number, span: OtlpSpan): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) span.statusMessage = reader.text(end);
    else if (tag === 0x18) span.statusCode = reader.varint(end) | 0;
    else reader.skip(tag, end);
  }
}

export function readKeyValue(reader: WireReader, end: number, into: KeyValues, depth: number): void {
  let key = '';
  let value: Value = null;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) key = internText(reader, end);
    else if (tag === 0x12) value = readAnyValue(reader, reader.limit(end), depth + 1);
    else reader.skip(tag, end);
  }
  into.add(key, value);
}

/** Field 8 (`string_value_strindex`, profiles only) counts as absent. */
function readAnyValue(reader: WireReader, end: number, depth: number): Value {
  if (depth > MAX_DEPTH) throw undecodable(`values nested deeper than ${MAX_DEPTH}`, reader.pos);
  let value: Value = null;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x0a:
        value = reader.text(end);
        break;
      case 0x10:
        reader.varint(end);
        value = (reader.lo | reader.hi) !== 0;
        break;
      case 0x18:
        reader.varint(end);
        value = int64(reader.lo, reader.hi);
        break;
      case 0x21:
        value = reader.double(end);
        break;
      case 0x2a:
        value = readArray(reader, reader.limit(end), depth);
        break;
      case 0x32:
        value = readKeyValueList(reader, reader.limit(end), depth);
        break;
      case 0x3a: {
        const to = reader.limit(end);
        value = reader.buf.subarray(reader.pos, to);
        reader.pos = to;
        break;
      }
      default:
        reader.skip(tag, end);
    }
  }
  return value;
}

function readArray(reader: WireReader, end: number, depth: number): Value[] {
  const values: Value[] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) values.push(readAnyValue(reader, reader.limit(end), depth + 1));
    else reader.skip(tag, end);
  }
  return values;
}

function readKeyValueList(reader: WireReader, end: number, depth: number): KeyValues {
  const list = new KeyValues();
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readKeyValue(reader, reader.limit(end), list, depth);
    else reader.skip(tag, end);
  }
  return list;
}

function internText(reader: WireReader, end: number): string {
  const to = reader.limit(end);
  const text = internKey(reader.buf, reader.pos, to);
  reader.pos = to;
  return text;
}

/** Nanoseconds split at the microsecond without leaving doubles: 2^32 = 4294967 × 1000 + 296. */
function readInstant(reader: WireReader, end: number, into: Instant): void {
  reader.fixed64(end);
  const { lo, hi } = reader;
  const rest = hi * 296 + lo;
  const us = hi * 4294967 + Math.floor(rest / 1000);
  into.us = Math.min(us, MAX_INSTANT_US - 1);
  into.ns = rest % 1000;
}

function int64(lo: number, hi: number): number | bigint {
  const signedHi = hi | 0;
  if (signedHi >= -0x200000 && signedHi < 0x200000) return signedHi * 0x1_0000_0000 + lo;
  return (BigInt(signedHi) << 32n) | BigInt(lo);
}

const ZERO_SPAN = '0'.repeat(16);
const ZERO_TRACE = '0'.repeat(32);

/** A parent id that cannot be one means no parent: better a root than a lost span. */
function parentOf(hex: string): string | null {
  return hex.length !== 16 || hex === ZERO_SPAN ? null : hex;
}

/** Why these ids are not acceptable, or null. */
export function idProblem(traceId: string, spanId: string): string | null {
  if (traceId.length !== 32 || traceId === ZERO_TRACE) {
    return `invalid trace id '${traceId.slice(0, 64)}': 16 bytes, not all zero, are required`;
  }
  if (spanId.length !== 16 || spanId === ZERO_SPAN) {
    return `invalid span id '${spanId.slice(0, 64)}': 8 bytes, not all zero, are required`;
  }
  return null;
}
