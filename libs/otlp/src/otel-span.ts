import { formatInstant } from '@weft/model';
import { JsonWriter } from './json-writer.ts';
import { showLogs } from './logs/show-logs.ts';
import { keyValues, type Documents, type Dump, type Pairs } from './read-dump.ts';
import type { KeyValues } from './span.ts';
import { Tree } from './tree.ts';
import { asBuffer } from './wire.ts';

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const CODES = ['UNSET', 'OK', 'ERROR'];

/**
 * `attributes.otel_span` as W&B shows it: the whole span with its attributes nested, names for numbers and ISO times;
 * and, beyond W&B, scope, schema URLs, flags and dropped counts. `inputs` and `output` are the call's own, as written
 * with the dump: long texts are stored there only.
 * @param logs `SpanLog.bytes` of the span's log records, in any order: beyond W&B too, as `logs`, if there are any.
 */
export function otelSpanJson(
  dump: Uint8Array,
  inputs: Uint8Array,
  output: Uint8Array,
  logs: readonly Uint8Array[] = [],
): Uint8Array {
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
  out.raw(`,"dropped_events_count":${dropped[1]},"dropped_links_count":${dropped[2]}`);
  if (logs.length > 0) {
    out.raw(',"logs":');
    showLogs(out, logs, (attributes) => nestedValues(out, attributes));
  }
  out.raw('}');
  return out.copy();
}

/** A stored span in its own words. */
export interface StoredSpan {
  readonly name: string;
  readonly kind: string;
  readonly status: { readonly code: string; readonly message: string };
  /** As they were sent: flat, in order, with duplicates. */
  readonly attributes: KeyValues;
  readonly events: readonly { readonly name: string; readonly attributes: KeyValues }[];
}

/** @param inputs and `output` as for `otelSpanJson`; without them the texts that are stored there only are null. */
export function readStoredSpan(dump: Uint8Array, inputs: Uint8Array, output: Uint8Array): StoredSpan {
  const span = JSON.parse(asBuffer(dump).toString()) as Dump;
  const documents = { in: asBuffer(inputs), out: asBuffer(output) };
  return {
    name: span.name,
    kind: KINDS[span.kind] ?? 'UNSPECIFIED',
    status: { code: CODES[span.status[0]] ?? 'UNSET', message: span.status[1] },
    attributes: keyValues(span.attributes, documents),
    events: (span.events ?? []).map(({ name, attributes }) => ({
      name,
      attributes: keyValues(attributes, documents),
    })),
  };
}

function nested(out: JsonWriter, pairs: Pairs, documents: Documents): void {
  nestedValues(out, keyValues(pairs, documents));
}

function nestedValues(out: JsonWriter, values: KeyValues): void {
  const tree = new Tree();
  values.keys.forEach((key, i) => tree.insert(key, values.values[i]!));
  if (values.keys.length === 0) out.raw('{}');
  else tree.write(out, false);
}

/** Nanoseconds as decimal text → ISO 8601 with microseconds. */
function isoOf(nanos: string): string {
  return formatInstant(Number(nanos.slice(0, -3)));
}
