import { type JsonWriter } from './json-writer.ts';
import { lookAt, RawJson, Tree } from './tree.ts';
import { KeyValues, type Instant, type OtlpEvent, type OtlpLink, type OtlpSpan, type Value } from './span.ts';

/**
 * The span as stored beside its call: JSON, compact, and exact: the flat attribute list with its duplicates and order.
 * Nothing of the nested view is stored, so that a better one can be made of old spans.
 *
 * Values: strings, finite numbers, true, false, null and arrays are themselves. Objects are marks:
 * `{"i":"9223372036854775807"}` int beyond 2^53, `{"d":"NaN"}` double JSON lacks, `{"b":"base64"}` bytes,
 * `{"m":[[key,value],…]}` list of pairs, `{"in":n}` and `{"out":n}` text that is in `inputs` or `output` already: see `Stored`.
 */
export const DUMP_VERSION = 1;

/** How an attribute's text went into `inputs` or `output`. */
export const STORED = {
  /** The text is JSON and is the value of the only member. */
  memberJson: 1,
  /** The text is the JSON string that is the value of the only member. */
  memberString: 2,
  /** The text is JSON and is the whole document. */
  wholeJson: 3,
  /** The document is a JSON string of the text. */
  wholeString: 4,
  /** The text is JSON and lies in the document where its dotted key says. */
  partJson: 5,
  /** The text is a JSON string in the document where its dotted key says. */
  partString: 6,
} as const;
export type Stored = (typeof STORED)[keyof typeof STORED];

/** An attribute whose text need not be stored twice. */
export interface Elsewhere {
  readonly index: number;
  readonly side: 'in' | 'out';
  readonly how: Stored;
}

/**
 * The JSON in the document where a dotted key leads: below the document's only member if the key starts with its name,
 * as content goes under the name of its source; else from the root. Undefined if there is nothing.
 */
export function partOf(document: Buffer, key: string): Buffer | undefined {
  const root = new RawJson(document);
  const [name, ...others] = document[0] === OPEN_BRACE ? (Tree.of(root).members()?.keys() ?? []) : [];
  const below = name !== undefined && others.length === 0 && key.startsWith(`${name}.`);
  const from = below ? lookAt(root, [name]) : root;
  const path = key.slice(below ? name.length + 1 : key.indexOf('.') + 1).split('.');
  const found = from === undefined ? undefined : lookAt(from, path);
  return found instanceof RawJson ? found.bytes : undefined;
}

const OPEN_BRACE = 0x7b;

/** Resources and scopes repeat from span to span of a request. */
const sharedJson = new WeakMap<object, Buffer>();

export function writeDump(out: JsonWriter, span: OtlpSpan, elsewhere: readonly Elsewhere[]): void {
  out.raw(`{"v":${DUMP_VERSION},"trace":"${span.traceId}","span":"${span.spanId}"`);
  if (span.parentId !== null) out.raw(`,"parent":"${span.parentId}"`);
  out.member('name');
  out.string(span.name);
  out.raw(
    `,"kind":${span.kind},"start":"${nanos(span.start)}","end":"${nanos(span.end)}","status":[${span.statusCode},`,
  );
  out.string(span.statusMessage);
  out.raw(']');
  if (span.traceState !== '') {
    out.member('state');
    out.string(span.traceState);
  }
  if (span.flags !== 0) out.raw(`,"flags":${span.flags}`);
  const { droppedAttributes, droppedEvents, droppedLinks } = span;
  if (droppedAttributes + droppedEvents + droppedLinks > 0) {
    out.raw(`,"dropped":[${droppedAttributes},${droppedEvents},${droppedLinks}]`);
  }
  out.raw(',"attributes":');
  writePairs(out, span.attributes, elsewhere);
  writeList(out, 'events', span.events, writeEvent);
  writeList(out, 'links', span.links, writeLink);
  writeShared(out, 'resource', span.resource, () => {
    out.raw('"attributes":');
    writePairs(out, span.resource.attributes);
    writeDropped(out, span.resource.droppedAttributes);
    writeSchema(out, span.resource.schemaUrl);
  });
  writeShared(out, 'scope', span.scope, () => {
    out.raw('"name":');
    out.string(span.scope.name);
    out.raw(',"version":');
    out.string(span.scope.version);
    if (span.scope.attributes.keys.length > 0) {
      out.raw(',"attributes":');
      writePairs(out, span.scope.attributes);
    }
    writeDropped(out, span.scope.droppedAttributes);
    writeSchema(out, span.scope.schemaUrl);
  });
  out.raw('}');
}

function writeList<T>(
  out: JsonWriter,
  name: string,
  items: readonly T[],
  write: (out: JsonWriter, item: T) => void,
): void {
  if (items.length === 0) return;
  out.member(name);
  out.raw('[');
  for (const item of items) {
    out.next();
    write(out, item);
  }
  out.raw(']');
}

function writeEvent(out: JsonWriter, event: OtlpEvent): void {
  out.raw('{"name":');
  out.string(event.name);
  out.raw(`,"time":"${nanos(event.time)}","attributes":`);
  writePairs(out, event.attributes);
  writeDropped(out, event.droppedAttributes);
  out.raw('}');
}

function writeLink(out: JsonWriter, link: OtlpLink): void {
  out.raw(`{"trace":"${link.traceId}","span":"${link.spanId}","state":`);
  out.string(link.traceState);
  out.raw(`,"flags":${link.flags},"attributes":`);
  writePairs(out, link.attributes);
  writeDropped(out, link.droppedAttributes);
  out.raw('}');
}

function writeShared(out: JsonWriter, name: string, key: object, write: () => void): void {
  out.raw(`,"${name}":`);
  const known = sharedJson.get(key);
  if (known !== undefined) {
    out.bytes(known);
    return;
  }
  const mark = out.mark();
  out.raw('{');
  write();
  out.raw('}');
  sharedJson.set(key, Buffer.from(out.since(mark)));
}

function writeDropped(out: JsonWriter, count: number): void {
  if (count > 0) out.raw(`,"dropped":${count}`);
}

function writeSchema(out: JsonWriter, url: string): void {
  if (url === '') return;
  out.raw(',"schema_url":');
  out.string(url);
}

function writePairs(out: JsonWriter, pairs: KeyValues, elsewhere: readonly Elsewhere[] = []): void {
  out.raw('[');
  for (let i = 0; i < pairs.keys.length; i++) {
    out.raw(i === 0 ? '[' : ',[');
    out.string(pairs.keys[i]!);
    out.raw(',');
    const stored = elsewhere.length === 0 ? undefined : elsewhere.find(({ index }) => index === i);
    if (stored !== undefined) out.raw(`{"${stored.side}":${stored.how}}`);
    else writeExact(out, pairs.values[i]!);
    out.raw(']');
  }
  out.raw(']');
}

function writeExact(out: JsonWriter, value: Value): void {
  if (typeof value === 'string') out.string(value);
  else if (typeof value === 'bigint') out.raw(`{"i":"${value}"}`);
  else if (typeof value === 'number') {
    if (Number.isFinite(value)) out.number(value);
    else out.raw(`{"d":"${value}"}`);
  } else if (value === null || typeof value === 'boolean') out.raw(String(value));
  else if (value instanceof Uint8Array) out.raw(`{"b":"${Buffer.from(value).toString('base64')}"}`);
  else if (value instanceof KeyValues) {
    out.raw('{"m":');
    writePairs(out, value);
    out.raw('}');
  } else {
    out.raw('[');
    for (const item of value) {
      out.next();
      writeExact(out, item);
    }
    out.raw(']');
  }
}

/** As decimal text: nanoseconds since the epoch do not fit a double. */
function nanos({ us, ns }: Instant): string {
  return us === 0 ? String(ns) : String(us) + String(ns).padStart(3, '0');
}
