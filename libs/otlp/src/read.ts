import { AppError } from '@weft/model';
import { readEnvelopes } from './read-envelopes.ts';
import { jsonToProtobuf } from './read-json.ts';
import { internText, readInstant, readKeyValue } from './read-values.ts';
import {
  KeyValues,
  type Encoding,
  type OtlpEvent,
  type OtlpLink,
  type OtlpResource,
  type OtlpScope,
  type OtlpSpan,
  type RejectedSpan,
} from './span.ts';
import type { WireReader } from './wire.ts';

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
  const out: ReadSpans = { spans: [], rejected: [] };
  readEnvelopes(payload, (reader, end, resource, scope) => readOneSpan(reader, end, resource, scope, out));
  return out;
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
