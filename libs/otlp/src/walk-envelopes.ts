import { checkMessage, RESOURCE_SHAPE, SCOPE_SHAPE } from './check.ts';
import type { Heads } from './groups.ts';
import { readKeyValue } from './read-values.ts';
import { routeOf, type Route, type RouteOptions } from './routing.ts';
import { KeyValues } from './span.ts';
import type { WireReader } from './wire.ts';

/**
 * Told of each item, with the reader at its first byte. It starts, with its tag, at `at` and reaches to `end`; where the reader
 * is left does not matter.
 */
export type OnPlacedItem = (at: number, end: number, heads: Heads, route: Route) => void;

/**
 * Crosses an export request of any signal (their envelopes have the same field numbers) and checks what stands around the
 * items: resources and scopes are known to be readable afterwards.
 * @throws AppError `invalid_request` when an envelope cannot be read.
 */
export function walkEnvelopes(reader: WireReader, options: RouteOptions, onItem: OnPlacedItem): void {
  const end = reader.buf.length;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) walkResource(reader, reader.limit(end), options, onItem);
    else reader.skip(tag, end);
  }
}

/** The resource may follow the items, so the envelope is crossed twice. */
function walkResource(reader: WireReader, end: number, options: RouteOptions, onItem: OnPlacedItem): void {
  const from = reader.pos;
  const head: Buffer[] = [];
  const resource = new KeyValues();
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.tag(end);
    if (tag === 0x0a) readResource(reader, reader.limit(end), resource);
    else reader.skip(tag, end);
    if (tag !== 0x12) head.push(reader.buf.subarray(at, reader.pos));
  }
  const route = routeOf(resource, options);
  reader.pos = from;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) walkScope(reader, reader.limit(end), head, route, onItem);
    else reader.skip(tag, end);
  }
}

function readResource(reader: WireReader, end: number, into: KeyValues): void {
  const from = reader.pos;
  checkMessage(reader, end, RESOURCE_SHAPE);
  reader.pos = from;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readKeyValue(reader, reader.limit(end), into, 0);
    else reader.skip(tag, end);
  }
}

function walkScope(
  reader: WireReader,
  end: number,
  resourceHead: Buffer[],
  route: Route,
  onItem: OnPlacedItem,
): void {
  const from = reader.pos;
  const heads: Heads = { resource: resourceHead, scope: [] };
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.tag(end);
    if (tag === 0x0a) checkMessage(reader, reader.limit(end), SCOPE_SHAPE);
    else reader.skip(tag, end);
    if (tag !== 0x12) heads.scope.push(reader.buf.subarray(at, reader.pos));
  }
  reader.pos = from;
  while (reader.pos < end) {
    const at = reader.pos;
    const tag = reader.tag(end);
    if (tag !== 0x12) {
      reader.skip(tag, end);
      continue;
    }
    const itemEnd = reader.limit(end);
    onItem(at, itemEnd, heads, route);
    reader.pos = itemEnd;
  }
}
