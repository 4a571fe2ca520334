import { internText, readAnyValue, readInstant, readKeyValue } from '../read-values.ts';
import { KeyValues, type Instant, type Value } from '../span.ts';
import type { WireReader } from '../wire.ts';

/** A log record as received. Source: opentelemetry/proto/logs/v1 at 1.11. */
export interface LogRecord {
  /** Lower-case hex; empty = belongs to no span. */
  traceId: string;
  spanId: string;
  time: Instant;
  /** When a collector saw it; the time of a record that has none. */
  observed: Instant;
  severityNumber: number;
  severityText: string;
  /** Field 12, where it was sent. */
  eventName: string;
  body: Value;
  attributes: KeyValues;
  droppedAttributes: number;
  flags: number;
}

/** @throws AppError `invalid_request` */
export function readLogRecord(reader: WireReader, end: number): LogRecord {
  const record: LogRecord = {
    traceId: '',
    spanId: '',
    time: { us: 0, ns: 0 },
    observed: { us: 0, ns: 0 },
    severityNumber: 0,
    severityText: '',
    eventName: '',
    body: null,
    attributes: new KeyValues(),
    droppedAttributes: 0,
    flags: 0,
  };
  while (reader.pos < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x09:
        readInstant(reader, end, record.time);
        break;
      case 0x10:
        record.severityNumber = reader.varint(end) | 0;
        break;
      case 0x1a:
        record.severityText = reader.text(end);
        break;
      case 0x2a:
        record.body = readAnyValue(reader, reader.limit(end), 1);
        break;
      case 0x32:
        readKeyValue(reader, reader.limit(end), record.attributes, 0);
        break;
      case 0x38:
        record.droppedAttributes = reader.varint(end);
        break;
      case 0x45:
        record.flags = reader.fixed32(end);
        break;
      case 0x4a:
        record.traceId = reader.hex(end);
        break;
      case 0x52:
        record.spanId = reader.hex(end);
        break;
      case 0x59:
        readInstant(reader, end, record.observed);
        break;
      case 0x62:
        record.eventName = internText(reader, end);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  return record;
}

const PREFIX = 'gen_ai.';
const EVENT_NAME = /^gen_ai\.[\w.-]{1,120}$/;

type Named = Pick<LogRecord, 'eventName' | 'attributes' | 'body'>;

/** The event's name: its own field, or one of the places it had before there was the field. Empty = no event. */
export function eventNameOf({ eventName, attributes, body }: Named): string {
  if (eventName !== '') return eventName;
  for (const key of ['event.name', 'event_name']) {
    const value = attributes.get(key);
    if (typeof value === 'string' && value !== '') return value;
  }
  if (typeof body === 'string') return EVENT_NAME.test(body) ? body : '';
  const inBody = body instanceof KeyValues ? body.get('event.name') : undefined;
  return typeof inBody === 'string' ? inBody : '';
}

/** Whether the record says something of a model, an agent or a tool. */
export function isGenAi(record: Named): boolean {
  if (eventNameOf(record).startsWith(PREFIX)) return true;
  if (record.attributes.keys.some((key) => key.startsWith(PREFIX))) return true;
  return record.body instanceof KeyValues && record.body.keys.some((key) => key.startsWith(PREFIX));
}

/** The ids of a record outside of any span are missing, or all zero. */
export function isOfSpan({ traceId, spanId }: LogRecord): boolean {
  return !/^0*$/.test(traceId) && !/^0*$/.test(spanId);
}
