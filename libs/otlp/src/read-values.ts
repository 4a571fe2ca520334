import { MAX_INSTANT_US } from '@weft/model';
import { internKey } from './keys.ts';
import { KeyValues, type Instant, type Value } from './span.ts';
import { MAX_DEPTH, undecodable, type WireReader } from './wire.ts';

/** Readers of the messages that spans, log records and resources are made of. Source: opentelemetry/proto/common/v1. */

export function readKeyValue(reader: WireReader, end: number, into: KeyValues, depth: number): void {
  let key = '';
  let value: Value = null;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) key = internText(reader, end);
    else if (tag === 0x12) value = readAnyValue(reader, reader.limit(end), depth + 1);
    else reader.skip(tag, end);
  }
  into.add(key, value);
}

/** Field 8 (`string_value_strindex`, profiles only) counts as absent. */
export function readAnyValue(reader: WireReader, end: number, depth: number): Value {
  if (depth > MAX_DEPTH) throw undecodable(`values nested deeper than ${MAX_DEPTH}`, reader.pos);
  let value: Value = null;
  while (reader.pos < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x0a:
        value = reader.text(end);
        break;
      case 0x10:
        reader.varint(end);
        value = (reader.lo | reader.hi) !== 0;
        break;
      case 0x18:
        reader.varint(end);
        value = int64(reader.lo, reader.hi);
        break;
      case 0x21:
        value = reader.double(end);
        break;
      case 0x2a:
        value = readArray(reader, reader.limit(end), depth);
        break;
      case 0x32:
        value = readKeyValueList(reader, reader.limit(end), depth);
        break;
      case 0x3a: {
        const to = reader.limit(end);
        value = reader.buf.subarray(reader.pos, to);
        reader.pos = to;
        break;
      }
      default:
        reader.skip(tag, end);
    }
  }
  return value;
}

function readArray(reader: WireReader, end: number, depth: number): Value[] {
  const values: Value[] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) values.push(readAnyValue(reader, reader.limit(end), depth + 1));
    else reader.skip(tag, end);
  }
  return values;
}

function readKeyValueList(reader: WireReader, end: number, depth: number): KeyValues {
  const list = new KeyValues();
  while (reader.pos < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) readKeyValue(reader, reader.limit(end), list, depth);
    else reader.skip(tag, end);
  }
  return list;
}

/** Text that repeats from span to span, such as keys and names. */
export function internText(reader: WireReader, end: number): string {
  const to = reader.limit(end);
  const text = internKey(reader.buf, reader.pos, to);
  reader.pos = to;
  return text;
}

/** Nanoseconds split at the microsecond without leaving doubles: 2^32 = 4294967 × 1000 + 296. */
export function readInstant(reader: WireReader, end: number, into: Instant): void {
  reader.fixed64(end);
  const { lo, hi } = reader;
  const rest = hi * 296 + lo;
  const us = hi * 4294967 + Math.floor(rest / 1000);
  into.us = Math.min(us, MAX_INSTANT_US - 1);
  into.ns = rest % 1000;
}

function int64(lo: number, hi: number): number | bigint {
  const signedHi = hi | 0;
  if (signedHi >= -0x200000 && signedHi < 0x200000) return signedHi * 0x1_0000_0000 + lo;
  return (BigInt(signedHi) << 32n) | BigInt(lo);
}
