import protobuf from 'protobufjs/minimal.js';
import { transcode, type Transcoded } from '../json-envelopes.ts';
import {
  absent,
  writeAttributes,
  writeBody,
  writeEnum,
  writeFixed32,
  writeId,
  writeNanos,
  writeText,
  writeUint32,
  type Json,
} from '../json-fields.ts';

/** OTLP/JSON → protobuf. @throws AppError `invalid_request` for text that is not JSON or not a logs request. */
export function jsonLogsToProtobuf(body: Uint8Array): Transcoded {
  return transcode(body, {
    signal: 'logs',
    envelopes: 'resourceLogs',
    scopes: 'scopeLogs',
    items: 'logRecords',
    toBytes: recordBytes,
  });
}

function recordBytes(record: Json): Uint8Array {
  const writer = protobuf.Writer.create();
  writeNanos(writer, 0x09, record['timeUnixNano']);
  writeEnum(writer, 0x10, record['severityNumber'], SEVERITIES);
  writeText(writer, 0x1a, record['severityText']);
  if (!absent(record['body'])) writeBody(writer, 0x2a, record['body']);
  writeAttributes(writer, 0x32, record['attributes']);
  writeUint32(writer, 0x38, record['droppedAttributesCount']);
  writeFixed32(writer, 0x45, record['flags']);
  writeId(writer, 0x4a, record['traceId'], 16);
  writeId(writer, 0x52, record['spanId'], 8);
  writeNanos(writer, 0x59, record['observedTimeUnixNano']);
  writeText(writer, 0x62, record['eventName']);
  return writer.finish();
}

const SEVERITIES: readonly string[] = [
  'UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((name) => [
    name,
    `${name}2`,
    `${name}3`,
    `${name}4`,
  ]),
];
