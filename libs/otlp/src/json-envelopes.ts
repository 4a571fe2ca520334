import { AppError } from '@weft/model';
import protobuf from 'protobufjs/minimal.js';
import {
  absent,
  list,
  object,
  writeAttributes,
  writeText,
  writeUint32,
  type Json,
  type Writer,
} from './json-fields.ts';
import { MAX_REASONS, type RejectedSpan } from './span.ts';
import { asBuffer } from './wire.ts';

/**
 * OTLP/JSON → protobuf. One encoding behind this line means one reader, one log format and no way for the two to map to
 * different calls. Lenient where senders are known to differ (otlp spec "JSON Protobuf Encoding"): ids in any case or
 * base64, enum names, 64-bit ints as numbers or strings, null for absent, attributes as a plain object.
 */
export interface Transcoded {
  /** An export request of the same signal. */
  payload: Uint8Array;
  /** The first items that are none; the others are unharmed. */
  rejected: RejectedSpan[];
  rejectedSpans: number;
}

/** What the requests of one signal call their parts, whose field numbers are those of every signal. */
export interface Signal {
  readonly signal: keyof typeof SIGNALS;
  readonly envelopes: string;
  readonly scopes: string;
  readonly items: string;
  readonly toBytes: (item: Json) => Uint8Array;
}

const SIGNALS = { traces: 'resourceSpans', logs: 'resourceLogs', metrics: 'resourceMetrics' } as const;

/** @throws AppError `invalid_request` for text that is not JSON or a request of another signal. */
export function transcode(body: Uint8Array, signal: Signal): Transcoded {
  const out: Transcoded = { payload: new Uint8Array(0), rejected: [], rejectedSpans: 0 };
  const request = parse(body);
  refuseOtherSignals(request, signal);
  const writer = protobuf.Writer.create();
  list(request[signal.envelopes], signal.envelopes).forEach((item, i) => {
    const path = `${signal.envelopes}[${i}]`;
    const envelope = object(item, path);
    writer.uint32(0x0a).fork();
    writeResource(writer, envelope['resource'], path);
    list(envelope[signal.scopes], `${path}.${signal.scopes}`).forEach((scopes, j) => {
      const scopePath = `${path}.${signal.scopes}[${j}]`;
      writer.uint32(0x12).fork();
      writeItemsOfScope(writer, object(scopes, scopePath), scopePath, signal, out);
      writer.ldelim();
    });
    writeText(writer, 0x1a, envelope['schemaUrl']);
    writer.ldelim();
  });
  out.payload = writer.finish();
  return out;
}

function refuseOtherSignals(request: Json, { envelopes }: Signal): void {
  if (request[envelopes] !== undefined) return;
  for (const [name, member] of Object.entries(SIGNALS)) {
    if (request[member] === undefined) continue;
    throw new AppError(
      'invalid_request',
      `this looks like an OTLP ${name} export; send it to /otel/v1/${name}`,
    );
  }
}

// JSON.parse would round these when they are sent as numbers. A quote inside JSON text is always escaped, so that a
// match of name, colon and digits cannot lie inside a string.
const BIG_NUMBER =
  /((?<!\\)"(?:intValue|startTimeUnixNano|endTimeUnixNano|timeUnixNano|observedTimeUnixNano)"\s*:\s*)(-?\d{16,20})(?![\d.eE])/g;

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

function writeItemsOfScope(
  writer: Writer,
  scopes: Json,
  path: string,
  signal: Signal,
  out: Transcoded,
): void {
  if (!absent(scopes['scope'])) {
    const scope = object(scopes['scope'], `${path}.scope`);
    writer.uint32(0x0a).fork();
    writeText(writer, 0x0a, scope['name']);
    writeText(writer, 0x12, scope['version']);
    writeAttributes(writer, 0x1a, scope['attributes']);
    writeUint32(writer, 0x20, scope['droppedAttributesCount']);
    writer.ldelim();
  }
  for (const item of list(scopes[signal.items], `${path}.${signal.items}`)) {
    // An item is written apart first: one that fails half-way must leave nothing behind.
    try {
      const bytes = signal.toBytes(object(item, signal.items.slice(0, -1)));
      writer.uint32(0x12).bytes(bytes);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      out.rejectedSpans++;
      if (out.rejected.length < MAX_REASONS) out.rejected.push({ reason: error.message, ...knownOf(item) });
    }
  }
  writeText(writer, 0x1a, scopes['schemaUrl']);
}

function knownOf(item: unknown): Partial<RejectedSpan> {
  if (typeof item !== 'object' || item === null) return {};
  const { name, eventName, traceId, spanId } = item as Json;
  const known: Partial<RejectedSpan> = {};
  if (typeof name === 'string') known.name = name.slice(0, 128);
  else if (typeof eventName === 'string') known.name = eventName.slice(0, 128);
  if (typeof traceId === 'string') known.traceId = traceId.slice(0, 64);
  if (typeof spanId === 'string') known.spanId = spanId.slice(0, 64);
  return known;
}
