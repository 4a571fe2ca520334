import protobuf from 'protobufjs/minimal.js';
import { transcode, type Transcoded } from './json-envelopes.ts';
import {
  absent,
  list,
  object,
  writeAttributes,
  writeEnum,
  writeFixed32,
  writeId,
  writeNanos,
  writeText,
  writeUint32,
  type Json,
  type Writer,
} from './json-fields.ts';

/** OTLP/JSON → protobuf. @throws AppError `invalid_request` for text that is not JSON or not a trace request. */
export function jsonToProtobuf(body: Uint8Array): Transcoded {
  return transcode(body, {
    signal: 'traces',
    envelopes: 'resourceSpans',
    scopes: 'scopeSpans',
    items: 'spans',
    toBytes: spanBytes,
  });
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

const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUS_CODES = ['UNSET', 'OK', 'ERROR'];
