import { type JsonWriter } from './json-writer.ts';
import {
  KeyValues,
  type Instant,
  type OtlpEvent,
  type OtlpLink,
  type OtlpResource,
  type OtlpScope,
  type OtlpSpan,
  type Value,
} from './span.ts';

/**
 * The span as stored beside its call: JSON, compact, and exact: the flat attribute list with its duplicates and order.
 * Nothing of the nested view is stored, so that a better one can be made of old spans.
 *
 * Values: strings, finite numbers, true, false, null and arrays are themselves. Objects are marks:
 * `{"i":"9223372036854775807"}` int beyond 2^53, `{"d":"NaN"}` double JSON lacks, `{"b":"base64"}` bytes,
 * `{"m":[[key,value],…]}` list of pairs, `{"in":[from,to]}` the text is these bytes of `inputs`, `{"in":[from,to,1]}` these bytes
 * are a JSON string of the text, `{"out":…}` likewise of `output`.
 */
export const DUMP_VERSION = 1;

/** An attribute whose text need not be stored twice. */
export interface Elsewhere {
  readonly index: number;
  readonly side: 'in' | 'out';
  /** Bytes of the document, from its start. */
  readonly from: number;
  readonly to: number;
  /** The bytes are a JSON string of the text, not the text itself. */
  readonly quoted: boolean;
}

const NOWHERE: ReadonlyMap<number, Elsewhere> = new Map();

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
  writeSource(out, span.resource, span.scope);
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

/** Who made it: `,"resource":…,"scope":…`. */
export function writeSource(out: JsonWriter, resource: OtlpResource, scope: OtlpScope): void {
  writeShared(out, 'resource', resource, () => {
    out.raw('"attributes":');
    writePairs(out, resource.attributes);
    writeDropped(out, resource.droppedAttributes);
    writeSchema(out, resource.schemaUrl);
  });
  writeShared(out, 'scope', scope, () => {
    out.raw('"name":');
    out.string(scope.name);
    out.raw(',"version":');
    out.string(scope.version);
    if (scope.attributes.keys.length > 0) {
      out.raw(',"attributes":');
      writePairs(out, scope.attributes);
    }
    writeDropped(out, scope.droppedAttributes);
    writeSchema(out, scope.schemaUrl);
  });
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

export function writeDropped(out: JsonWriter, count: number): void {
  if (count > 0) out.raw(`,"dropped":${count}`);
}

function writeSchema(out: JsonWriter, url: string): void {
  if (url === '') return;
  out.raw(',"schema_url":');
  out.string(url);
}

export function writePairs(out: JsonWriter, pairs: KeyValues, elsewhere: readonly Elsewhere[] = []): void {
  const stored = elsewhere.length === 0 ? NOWHERE : new Map(elsewhere.map((place) => [place.index, place]));
  out.raw('[');
  for (let i = 0; i < pairs.keys.length; i++) {
    out.raw(i === 0 ? '[' : ',[');
    out.string(pairs.keys[i]!);
    out.raw(',');
    const place = stored.size === 0 ? undefined : stored.get(i);
    if (place !== undefined) {
      out.raw(`{"${place.side}":[${place.from},${place.to}${place.quoted ? ',1' : ''}]}`);
    } else writeExact(out, pairs.values[i]!);
    out.raw(']');
  }
  out.raw(']');
}

export function writeExact(out: JsonWriter, value: Value): void {
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
export function nanos({ us, ns }: Instant): string {
  return us === 0 ? String(ns) : String(us) + String(ns).padStart(3, '0');
}
