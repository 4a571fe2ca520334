import { AppError } from '@weft/model';
import { DUMP_VERSION } from './dump.ts';
import {
  KeyValues,
  type Instant,
  type OtlpResource,
  type OtlpScope,
  type OtlpSpan,
  type Value,
} from './span.ts';
import { asBuffer } from './wire.ts';

export type Exact = string | number | boolean | null | Exact[] | Mark;
interface Mark {
  i?: string;
  d?: string;
  b?: string;
  m?: Pairs;
  in?: Place;
  out?: Place;
}
type Place = [from: number, to: number, quoted?: 1];
export type Pairs = [string, Exact][];

/** What `writeDump` has written, parsed. */
export interface Dump {
  v: number;
  trace: string;
  span: string;
  parent?: string;
  name: string;
  kind: number;
  start: string;
  end: string;
  status: [number, string];
  state?: string;
  flags?: number;
  dropped?: [number, number, number];
  attributes: Pairs;
  events?: { name: string; time: string; attributes: Pairs; dropped?: number }[];
  links?: {
    trace: string;
    span: string;
    state: string;
    flags: number;
    attributes: Pairs;
    dropped?: number;
  }[];
  resource: { attributes: Pairs; dropped?: number; schema_url?: string };
  scope: { name: string; version: string; attributes?: Pairs; dropped?: number; schema_url?: string };
}

/** The call's own documents, where long texts are stored. */
export interface Documents {
  readonly in: Buffer;
  readonly out: Buffer;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The stored span as it was read when it arrived, but for `raw`, which is empty: the message itself is not stored
 * (`encodeSpans` writes one that reads the same).
 * @param inputs and `output` of the call, as written with the dump: long texts are stored there only.
 * @throws AppError `undecodable_event` where they are others, or the dump is none.
 */
export function readDump(dump: Uint8Array, inputs: Uint8Array, output: Uint8Array): OtlpSpan {
  const documents = { in: asBuffer(inputs), out: asBuffer(output) };
  try {
    return toSpan(JSON.parse(asBuffer(dump).toString()) as Dump, documents);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('undecodable_event', 'the stored span cannot be read', { cause });
  }
}

function toSpan(dump: Dump, documents: Documents): OtlpSpan {
  if (dump.v !== DUMP_VERSION)
    throw new AppError('undecodable_event', 'the stored span was written by another version');
  const pairs = (list: Pairs): KeyValues => wholeKeyValues(list, documents);
  const [droppedAttributes, droppedEvents, droppedLinks] = dump.dropped ?? [0, 0, 0];
  return {
    traceId: dump.trace,
    spanId: dump.span,
    parentId: dump.parent ?? null,
    traceState: dump.state ?? '',
    flags: dump.flags ?? 0,
    name: dump.name,
    kind: dump.kind,
    start: toInstant(dump.start),
    end: toInstant(dump.end),
    attributes: pairs(dump.attributes),
    droppedAttributes,
    events: (dump.events ?? []).map(({ name, time, attributes, dropped = 0 }) => ({
      name,
      time: toInstant(time),
      attributes: pairs(attributes),
      droppedAttributes: dropped,
    })),
    droppedEvents,
    links: (dump.links ?? []).map(({ trace, span, state, flags, attributes, dropped = 0 }) => ({
      traceId: trace,
      spanId: span,
      traceState: state,
      attributes: pairs(attributes),
      droppedAttributes: dropped,
      flags,
    })),
    droppedLinks,
    statusCode: dump.status[0],
    statusMessage: dump.status[1],
    resource: toResource(dump.resource, pairs),
    scope: toScope(dump.scope, pairs),
    raw: NO_BYTES,
  };
}

function toResource(resource: Dump['resource'], pairs: (list: Pairs) => KeyValues): OtlpResource {
  return {
    attributes: pairs(resource.attributes),
    droppedAttributes: resource.dropped ?? 0,
    schemaUrl: resource.schema_url ?? '',
  };
}

function toScope(scope: Dump['scope'], pairs: (list: Pairs) => KeyValues): OtlpScope {
  return {
    name: scope.name,
    version: scope.version,
    attributes: pairs(scope.attributes ?? []),
    droppedAttributes: scope.dropped ?? 0,
    schemaUrl: scope.schema_url ?? '',
  };
}

/** Decimal nanoseconds; the last three digits are those below a microsecond. */
function toInstant(nanos: string): Instant {
  return { us: Number(nanos.slice(0, -3)), ns: Number(nanos.slice(-3)) };
}

function wholeKeyValues(pairs: Pairs, documents: Documents): KeyValues {
  const list = new KeyValues();
  for (const [key, exact] of pairs) {
    const value = exactValue(exact, documents);
    if (value === null && exact !== null)
      throw new AppError('undecodable_event', 'inputs or output are not those stored with the span');
    list.add(key, value);
  }
  return list;
}

export function keyValues(pairs: Pairs, documents: Documents): KeyValues {
  const list = new KeyValues();
  for (const [key, value] of pairs) list.add(key, exactValue(value, documents));
  return list;
}

/** Back from the dump's marks to the value that was sent. Null also for a text that the documents do not have. */
export function exactValue(value: Exact, documents: Documents): Value {
  if (Array.isArray(value)) return value.map((item) => exactValue(item, documents));
  if (typeof value !== 'object' || value === null) return value;
  if (value.i !== undefined) return BigInt(value.i);
  if (value.d !== undefined) return Number(value.d);
  if (value.b !== undefined) return Buffer.from(value.b, 'base64');
  if (value.in !== undefined) return textAt(documents.in, value.in);
  if (value.out !== undefined) return textAt(documents.out, value.out);
  return keyValues(value.m ?? [], documents);
}

/** Null if the document is not the one written with the dump and has no such text. */
function textAt(document: Buffer, [from, to, quoted]: Place): string | null {
  const text = document.toString('utf8', from, to);
  if (quoted !== 1) return to <= document.length ? text : null;
  try {
    return JSON.parse(text) as string;
  } catch {
    return null;
  }
}
