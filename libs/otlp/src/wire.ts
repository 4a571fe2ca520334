import { AppError } from '@weft/model';

/**
 * The protobuf wire format, read in place. Every read is checked against the end of the message it belongs to, so that
 * a truncated or hostile body ends in an `invalid_request` and never in a hang or in bytes of a neighbour.
 * Source: protobuf.dev/programming-guides/encoding.
 */

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const START_GROUP = 3;
const END_GROUP = 4;
export const FIXED32 = 5;

/** Messages and groups nested deeper than this are refused, as official decoders do. */
export const MAX_DEPTH = 100;

export class WireReader {
  readonly buf: Buffer;
  pos: number;
  /** Halves of the last 64-bit value read. Unsigned. */
  lo = 0;
  hi = 0;

  constructor(bytes: Uint8Array, pos = 0) {
    this.buf = asBuffer(bytes);
    this.pos = pos;
  }

  /** Field number and wire type of the next field, as `number << 3 | type`. */
  tag(end: number): number {
    const at = this.pos;
    if (at < end) {
      const byte = this.buf[at]!;
      if (byte < 0x80 && byte >= 0x08) {
        this.pos = at + 1;
        return byte;
      }
    }
    this.varint(end);
    if (this.hi !== 0 || this.lo >>> 3 === 0) throw undecodable('illegal tag', at);
    return this.lo;
  }

  /** A varint into `lo` and `hi`; returns the low 32 bits, unsigned. */
  varint(end: number): number {
    const { buf } = this;
    let pos = this.pos;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) throw undecodable('truncated varint', this.pos);
      const byte = buf[pos++]!;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else if (shift < 63) hi |= bits << (shift - 32);
      else hi |= (bits & 1) << 31;
      if (byte < 0x80) {
        this.pos = pos;
        this.lo = lo >>> 0;
        this.hi = hi >>> 0;
        return this.lo;
      }
    }
    throw undecodable('varint longer than ten bytes', this.pos);
  }

  /** Reads the length of a length-delimited field and returns where the field ends. */
  limit(end: number): number {
    const at = this.pos;
    const length = this.varint(end);
    if (this.hi !== 0 || length > end - this.pos) throw undecodable('length reaches beyond its message', at);
    return this.pos + length;
  }

  fixed32(end: number): number {
    const at = this.pos;
    if (end - at < 4) throw undecodable('truncated fixed32', at);
    this.pos = at + 4;
    return this.buf.readUInt32LE(at);
  }

  /** A fixed64 into `lo` and `hi`. */
  fixed64(end: number): void {
    const at = this.pos;
    if (end - at < 8) throw undecodable('truncated fixed64', at);
    this.lo = this.buf.readUInt32LE(at);
    this.hi = this.buf.readUInt32LE(at + 4);
    this.pos = at + 8;
  }

  double(end: number): number {
    const at = this.pos;
    if (end - at < 8) throw undecodable('truncated double', at);
    this.pos = at + 8;
    return this.buf.readDoubleLE(at);
  }

  /** UTF-8 text; bytes that are not become U+FFFD. */
  text(end: number): string {
    const to = this.limit(end);
    const start = this.pos;
    this.pos = to;
    return start === to ? '' : slices(this.buf).utf8Slice(start, to);
  }

  /** Lower-case hex of a bytes field. */
  hex(end: number): string {
    const to = this.limit(end);
    const text = slices(this.buf).hexSlice(this.pos, to);
    this.pos = to;
    return text;
  }

  /** Passes over the value of a field whose tag was just read. */
  skip(tag: number, end: number, depth = 0): void {
    switch (tag & 7) {
      case VARINT:
        this.varint(end);
        return;
      case FIXED64:
        this.advance(8, end);
        return;
      case BYTES:
        this.pos = this.limit(end);
        return;
      case START_GROUP:
        this.skipGroup(tag >>> 3, end, depth + 1);
        return;
      case FIXED32:
        this.advance(4, end);
        return;
      default:
        throw undecodable('illegal wire type', this.pos);
    }
  }

  private skipGroup(field: number, end: number, depth: number): void {
    if (depth > MAX_DEPTH) throw undecodable(`nested deeper than ${MAX_DEPTH}`, this.pos);
    for (;;) {
      const tag = this.tag(end);
      if ((tag & 7) !== END_GROUP) this.skip(tag, end, depth);
      else if (tag >>> 3 === field) return;
      else throw undecodable('mismatched end of group', this.pos);
    }
  }

  private advance(bytes: number, end: number): void {
    if (end - this.pos < bytes) throw undecodable('truncated field', this.pos);
    this.pos += bytes;
  }
}

/** What `toString(encoding, from, to)` calls, without its look at the arguments: a third of the time for short texts. */
interface Slices {
  utf8Slice(from: number, to: number): string;
  hexSlice(from: number, to: number): string;
}

export function slices(buf: Buffer): Slices {
  return buf as unknown as Slices;
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function undecodable(what: string, offset: number): AppError {
  return new AppError('invalid_request', `not a valid OTLP trace request: ${what} at byte ${offset}`);
}
