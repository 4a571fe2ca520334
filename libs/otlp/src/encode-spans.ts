import protobuf from 'protobufjs/minimal.js';
import { halves } from './int64.ts';
import { KeyValues, type Instant, type OtlpEvent, type OtlpLink, type OtlpSpan, type Value } from './span.ts';

type Writer = protobuf.Writer;

/** Resources and scopes come once per span when spans are read one by one; equal ones are told by their bytes. */
interface Group {
  readonly head: (writer: Writer) => void;
  readonly scopes: Map<string, ScopeGroup>;
}
interface ScopeGroup {
  readonly head: (writer: Writer) => void;
  readonly spans: OtlpSpan[];
}

/**
 * An ExportTraceServiceRequest that `readSpans` reads as these spans, those of one resource and scope together, in the
 * order in which they come. Of equal spans the bytes are equal. `raw` is not looked at.
 */
export function encodeSpans(spans: readonly OtlpSpan[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const resource of group(spans).values()) {
    writer.uint32(0x0a).fork();
    resource.head(writer);
    for (const scope of resource.scopes.values()) {
      writer.uint32(0x12).fork();
      scope.head(writer);
      for (const span of scope.spans) {
        writer.uint32(0x12).fork();
        writeSpan(writer, span);
        writer.ldelim();
      }
      writer.ldelim();
    }
    writer.ldelim();
  }
  return writer.finish();
}

function group(spans: readonly OtlpSpan[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  const keys = new WeakMap<object, string>();
  const keyOf = (object: object, head: (writer: Writer) => void): string => {
    const known = keys.get(object);
    if (known !== undefined) return known;
    const writer = protobuf.Writer.create();
    head(writer);
    const key = Buffer.from(writer.finish()).toString('latin1');
    keys.set(object, key);
    return key;
  };
  for (const span of spans) {
    const ofResource = (writer: Writer): void => writeResource(writer, span);
    const ofScope = (writer: Writer): void => writeScope(writer, span);
    const resourceKey = keyOf(span.resource, ofResource);
    let resource = groups.get(resourceKey);
    if (resource === undefined) groups.set(resourceKey, (resource = { head: ofResource, scopes: new Map() }));
    const scopeKey = keyOf(span.scope, ofScope);
    let scope = resource.scopes.get(scopeKey);
    if (scope === undefined) resource.scopes.set(scopeKey, (scope = { head: ofScope, spans: [] }));
    scope.spans.push(span);
  }
  return groups;
}

function writeResource(writer: Writer, { resource }: OtlpSpan): void {
  writer.uint32(0x0a).fork();
  writePairs(writer, 0x0a, resource.attributes);
  writeCount(writer, 0x10, resource.droppedAttributes);
  writer.ldelim();
  writeText(writer, 0x1a, resource.schemaUrl);
}

function writeScope(writer: Writer, { scope }: OtlpSpan): void {
  writer.uint32(0x0a).fork();
  writeText(writer, 0x0a, scope.name);
  writeText(writer, 0x12, scope.version);
  writePairs(writer, 0x1a, scope.attributes);
  writeCount(writer, 0x20, scope.droppedAttributes);
  writer.ldelim();
  writeText(writer, 0x1a, scope.schemaUrl);
}

function writeSpan(writer: Writer, span: OtlpSpan): void {
  writeHex(writer, 0x0a, span.traceId);
  writeHex(writer, 0x12, span.spanId);
  writeText(writer, 0x1a, span.traceState);
  writeHex(writer, 0x22, span.parentId ?? '');
  writeText(writer, 0x2a, span.name);
  if (span.kind !== 0) writer.uint32(0x30).int32(span.kind);
  writeInstant(writer, 0x39, span.start);
  writeInstant(writer, 0x41, span.end);
  writePairs(writer, 0x4a, span.attributes);
  writeCount(writer, 0x50, span.droppedAttributes);
  for (const event of span.events) writeEvent(writer, event);
  writeCount(writer, 0x60, span.droppedEvents);
  for (const link of span.links) writeLink(writer, link);
  writeCount(writer, 0x70, span.droppedLinks);
  if (span.statusCode !== 0 || span.statusMessage !== '') {
    writer.uint32(0x7a).fork();
    writeText(writer, 0x12, span.statusMessage);
    if (span.statusCode !== 0) writer.uint32(0x18).int32(span.statusCode);
    writer.ldelim();
  }
  writeFlags(writer, 0x85, span.flags);
}

function writeEvent(writer: Writer, event: OtlpEvent): void {
  writer.uint32(0x5a).fork();
  writeInstant(writer, 0x09, event.time);
  writeText(writer, 0x12, event.name);
  writePairs(writer, 0x1a, event.attributes);
  writeCount(writer, 0x20, event.droppedAttributes);
  writer.ldelim();
}

function writeLink(writer: Writer, link: OtlpLink): void {
  writer.uint32(0x6a).fork();
  writeHex(writer, 0x0a, link.traceId);
  writeHex(writer, 0x12, link.spanId);
  writeText(writer, 0x1a, link.traceState);
  writePairs(writer, 0x22, link.attributes);
  writeCount(writer, 0x28, link.droppedAttributes);
  writeFlags(writer, 0x35, link.flags);
  writer.ldelim();
}

function writePairs(writer: Writer, tag: number, pairs: KeyValues): void {
  for (let i = 0; i < pairs.keys.length; i++) {
    const value = pairs.values[i]!;
    writer.uint32(tag).fork();
    writeText(writer, 0x0a, pairs.keys[i]!);
    if (value !== null) {
      writer.uint32(0x12).fork();
      writeAnyValue(writer, value);
      writer.ldelim();
    }
    writer.ldelim();
  }
}

/** Empty for null. Members of a oneof are written also where they are their type's default. */
function writeAnyValue(writer: Writer, value: Value): void {
  if (value === null) return;
  if (typeof value === 'string') writer.uint32(0x0a).string(value);
  else if (typeof value === 'boolean') writer.uint32(0x10).bool(value);
  else if (typeof value === 'bigint') writer.uint32(0x18).int64(halves(value) as never);
  else if (typeof value === 'number') {
    // Whole doubles are stored as ints are: which of the two was sent makes no call another.
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writer.uint32(0x18).int64(value);
    else writer.uint32(0x21).double(value);
  } else if (value instanceof Uint8Array) writer.uint32(0x3a).bytes(value);
  else if (value instanceof KeyValues) {
    writer.uint32(0x32).fork();
    writePairs(writer, 0x0a, value);
    writer.ldelim();
  } else {
    writer.uint32(0x2a).fork();
    for (const item of value) {
      writer.uint32(0x0a).fork();
      writeAnyValue(writer, item);
      writer.ldelim();
    }
    writer.ldelim();
  }
}

function writeText(writer: Writer, tag: number, text: string): void {
  if (text !== '') writer.uint32(tag).string(text);
}

function writeHex(writer: Writer, tag: number, hex: string): void {
  if (hex !== '') writer.uint32(tag).bytes(Buffer.from(hex, 'hex'));
}

function writeCount(writer: Writer, tag: number, count: number): void {
  if (count !== 0) writer.uint32(tag).uint32(count);
}

function writeFlags(writer: Writer, tag: number, flags: number): void {
  if (flags !== 0) writer.uint32(tag).fixed32(flags);
}

function writeInstant(writer: Writer, tag: number, { us, ns }: Instant): void {
  if (us === 0 && ns === 0) return;
  writer.uint32(tag).fixed64(halves(BigInt(us) * 1000n + BigInt(ns)) as never);
}
