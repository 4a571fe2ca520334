import { formatInstant } from '@weft/model';
import { JsonWriter } from './json-writer.ts';
import { KeyValues, type Value } from './span.ts';
import { Tree } from './tree.ts';
import { asBuffer } from './wire.ts';

type Exact = string | number | boolean | null | Exact[] | Mark;
interface Mark {
  i?: string;
  d?: string;
  b?: string;
  m?: Pairs;
  in?: Place;
  out?: Place;
}
type Place = [from: number, to: number, quoted?: 1];
type Pairs = [string, Exact][];

interface Dump {
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

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const CODES = ['UNSET', 'OK', 'ERROR'];

/**
 * `attributes.otel_span` as W&B shows it: the whole span with its attributes nested, names for numbers and ISO times;
 * and, beyond W&B, scope, schema URLs, flags and dropped counts. `inputs` and `output` are the call's own, as written
 * with the dump: long texts are stored there only.
 */
export function otelSpanJson(dump: Uint8Array, inputs: Uint8Array, output: Uint8Array): Uint8Array {
  const span = JSON.parse(asBuffer(dump).toString()) as Dump;
  const documents = { in: asBuffer(inputs), out: asBuffer(output) };
  const out = new JsonWriter();
  const json = (value: unknown): void => out.text(JSON.stringify(value));
  out.raw('{"name":');
  json(span.name);
  out.raw(',"context":');
  json({ trace_id: span.trace, span_id: span.span, trace_state: span.state ?? '' });
  out.raw(',"kind":');
  json(KINDS[span.kind] ?? 'UNSPECIFIED');
  out.raw(',"parent_id":');
  json(span.parent ?? null);
  out.raw(`,"start_time":"${isoOf(span.start)}","end_time":"${isoOf(span.end)}","status":`);
  json({ code: CODES[span.status[0]] ?? 'UNSET', message: span.status[1] });
  out.raw(',"attributes":');
  nested(out, span.attributes, documents);
  out.raw(',"events":[');
  for (const event of span.events ?? []) {
    out.next();
    out.raw('{"name":');
    json(event.name);
    out.raw(`,"timestamp":${event.time},"attributes":`);
    nested(out, event.attributes, documents);
    out.raw(`,"dropped_attributes_count":${event.dropped ?? 0}}`);
  }
  out.raw('],"links":[');
  for (const link of span.links ?? []) {
    out.next();
    out.raw(`{"trace_id":"${link.trace}","span_id":"${link.span}","trace_state":`);
    json(link.state);
    out.raw(',"attributes":');
    nested(out, link.attributes, documents);
    out.raw(`,"dropped_attributes_count":${link.dropped ?? 0},"flags":${link.flags}}`);
  }
  const { resource, scope, dropped = [0, 0, 0] } = span;
  out.raw('],"resource":{"attributes":');
  nested(out, resource.attributes, documents);
  out.raw(`,"dropped_attributes_count":${resource.dropped ?? 0},"schema_url":`);
  json(resource.schema_url ?? '');
  out.raw('},"scope":{"name":');
  json(scope.name);
  out.raw(',"version":');
  json(scope.version);
  out.raw(',"attributes":');
  nested(out, scope.attributes ?? [], documents);
  out.raw(`,"dropped_attributes_count":${scope.dropped ?? 0},"schema_url":`);
  json(scope.schema_url ?? '');
  out.raw(`},"flags":${span.flags ?? 0},"dropped_attributes_count":${dropped[0]}`);
  out.raw(`,"dropped_events_count":${dropped[1]},"dropped_links_count":${dropped[2]}}`);
  return out.copy();
}

interface Documents {
  readonly in: Buffer;
  readonly out: Buffer;
}

function nested(out: JsonWriter, pairs: Pairs, documents: Documents): void {
  const tree = new Tree();
  for (const [key, value] of pairs) tree.insert(key, exactValue(value, documents));
  if (pairs.length === 0) out.raw('{}');
  else tree.write(out, false);
}

/** Back from the dump's marks to the value that was sent. */
function exactValue(value: Exact, documents: Documents): Value {
  if (Array.isArray(value)) return value.map((item) => exactValue(item, documents));
  if (typeof value !== 'object' || value === null) return value;
  if (value.i !== undefined) return BigInt(value.i);
  if (value.d !== undefined) return Number(value.d);
  if (value.b !== undefined) return Buffer.from(value.b, 'base64');
  if (value.in !== undefined) return textAt(documents.in, value.in);
  if (value.out !== undefined) return textAt(documents.out, value.out);
  const list = new KeyValues();
  for (const [name, item] of value.m ?? []) list.add(name, exactValue(item, documents));
  return list;
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

/** Nanoseconds as decimal text → ISO 8601 with microseconds. */
function isoOf(nanos: string): string {
  return formatInstant(Number(nanos.slice(0, -3)));
}
