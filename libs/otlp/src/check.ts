import { MAX_DEPTH, undecodable, type WireReader } from './wire.ts';

/**
 * Which fields of a message are messages themselves, by tag. Enough to prove that the full reader will get through:
 * what the gateway accepts must not turn out unreadable after the client was told it is stored.
 */
interface Shape {
  readonly [tag: number]: Shape;
}

const anyValue: Record<number, Shape> = {};
const keyValue: Shape = { 0x12: anyValue };
anyValue[0x2a] = { 0x0a: anyValue };
anyValue[0x32] = { 0x0a: keyValue };
const leaf: Shape = {};

export const SPAN_SHAPE: Shape = {
  0x4a: keyValue,
  0x5a: { 0x1a: keyValue },
  0x6a: { 0x22: keyValue },
  0x7a: leaf,
};
/** Its body is an AnyValue. */
export const LOG_SHAPE: Shape = { 0x2a: anyValue, 0x32: keyValue };
export const RESOURCE_SHAPE: Shape = { 0x0a: keyValue };
export const SCOPE_SHAPE: Shape = { 0x1a: keyValue };

/** Crosses the message at the reader up to `end`. @throws AppError `invalid_request` where it cannot be read. */
export function checkMessage(reader: WireReader, end: number, shape: Shape, depth = 0): void {
  while (reader.pos < end) {
    const tag = reader.tag(end);
    const inner = shape[tag];
    if (inner === undefined) reader.skip(tag, end);
    else checkInner(reader, reader.limit(end), inner, depth);
  }
}

function checkInner(reader: WireReader, end: number, shape: Shape, depth: number): void {
  const next = shape === anyValue ? depth + 1 : depth;
  if (next > MAX_DEPTH) throw undecodable(`values nested deeper than ${MAX_DEPTH}`, reader.pos);
  checkMessage(reader, end, shape, next);
}
