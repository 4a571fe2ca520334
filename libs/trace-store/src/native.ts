import { MIN_INSTANT_US, type Named } from '@weft/model';
import { createTurns } from '@weft/runtime';

/**
 * ClickHouse's Native format, written by hand: columns of one block, so that the server copies instead of parsing, and
 * payload bytes go through unchanged.
 */

/** Grows by doubling; what it returns is a view of its own memory. */
export class ByteWriter {
  private buf: Buffer;
  private at = 0;

  constructor(sizeBytes = 4096) {
    this.buf = Buffer.allocUnsafe(Math.max(64, sizeBytes));
  }

  get length(): number {
    return this.at;
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buf.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buf.length * 2, this.at + bytes));
    this.buf.copy(grown, 0, 0, this.at);
    this.buf = grown;
  }

  varint(value: number): void {
    this.room(9);
    let rest = value;
    while (rest >= 0x80) {
      this.buf[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buf[this.at++] = rest;
  }

  byte(value: number): void {
    this.room(1);
    this.buf[this.at++] = value & 0xff;
  }

  text(value: string): void {
    const { length } = value;
    if (length === 0) return this.byte(0);
    // A string of up to 42 UTF-16 units has at most 126 bytes: its length is one byte whatever the letters.
    if (length <= 42) {
      this.room(1 + length * 3);
      const written = this.buf.write(value, this.at + 1, 'utf8');
      this.buf[this.at] = written;
      this.at += written + 1;
      return;
    }
    const bytes = Buffer.byteLength(value, 'utf8');
    this.varint(bytes);
    this.room(bytes);
    this.at += this.buf.write(value, this.at, 'utf8');
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.room(value.length);
    this.buf.set(value, this.at);
    this.at += value.length;
  }

  uint64(value: bigint): void {
    this.room(8);
    this.at = this.buf.writeBigUInt64LE(value, this.at);
  }

  uint128(value: bigint): void {
    this.uint64(value & 0xffffffffffffffffn);
    this.uint64(value >> 64n);
  }

  /** Any safe integer. */
  int64(value: number): void {
    this.room(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.buf.writeUInt32LE(value - high * 0x1_0000_0000, this.at);
    this.buf.writeInt32LE(high, this.at + 4);
    this.at += 8;
  }

  float64(value: number): void {
    this.room(8);
    this.at = this.buf.writeDoubleLE(value, this.at);
  }

  uint32(value: number): void {
    this.room(4);
    this.at = this.buf.writeUInt32LE(value, this.at);
  }

  done(): Buffer {
    return this.buf.subarray(0, this.at);
  }
}

/** One column of a table: its ClickHouse type as sent, and how the values of all rows are written. */
export interface Column<R> {
  readonly name: string;
  readonly type: string;
  readonly write: (out: ByteWriter, rows: readonly R[]) => void;
}

/** An absent instant: the lowest DateTime64 there is. */
export const NO_INSTANT_US = MIN_INSTANT_US;
export const INSTANT_TYPE = "DateTime64(6, 'UTC')";

function each<R, V>(
  name: string,
  type: string,
  get: (row: R) => V,
  put: (out: ByteWriter, value: V) => void,
): Column<R> {
  return {
    name,
    type,
    write: (out, rows) => {
      for (const row of rows) put(out, get(row));
    },
  };
}

export const column = {
  text: <R>(name: string, get: (row: R) => string): Column<R> =>
    each(name, 'String', get, (out, v) => out.text(v)),
  bytes: <R>(name: string, get: (row: R) => Uint8Array | null | undefined): Column<R> =>
    each(name, 'String', get, (out, v) => (v == null ? out.byte(0) : out.bytes(v))),
  instant: <R>(name: string, get: (row: R) => number | null | undefined): Column<R> =>
    each(name, INSTANT_TYPE, get, (out, v) => out.int64(v ?? NO_INSTANT_US)),
  int64: <R>(name: string, get: (row: R) => number): Column<R> =>
    each(name, 'Int64', get, (out, v) => out.int64(v)),
  /** Any safe integer. */
  uint64: <R>(name: string, get: (row: R) => number): Column<R> =>
    each(name, 'UInt64', get, (out, v) => out.int64(v)),
  uint32: <R>(name: string, get: (row: R) => number): Column<R> =>
    each(name, 'UInt32', get, (out, v) => out.uint32(v)),
  float64: <R>(name: string, get: (row: R) => number): Column<R> =>
    each(name, 'Float64', get, (out, v) => out.float64(v)),
  uint128: <R>(name: string, get: (row: R) => bigint): Column<R> =>
    each(name, 'UInt128', get, (out, v) => out.uint128(v)),
  uint8: <R>(name: string, get: (row: R) => number): Column<R> =>
    each(name, 'UInt8', get, (out, v) => out.byte(v)),
  /** `type` names the Enum8 with its values; `get` gives the number. */
  enum8: <R>(name: string, type: string, get: (row: R) => number): Column<R> =>
    each(name, type, get, (out, v) => out.byte(v)),
  texts: <R>(name: string, get: (row: R) => readonly string[]): Column<R> =>
    list(name, 'String', get, (out, v) => out.text(v)),
  uint32s: <R>(name: string, get: (row: R) => readonly number[]): Column<R> =>
    list(name, 'UInt32', get, (out, v) => out.uint32(v)),
  uint64s: <R>(name: string, get: (row: R) => readonly bigint[]): Column<R> =>
    list(name, 'UInt64', get, (out, v) => out.uint64(v)),
  /** Texts as bytes. */
  byteTexts: <R>(name: string, get: (row: R) => readonly Uint8Array[]): Column<R> =>
    list(name, 'String', get, (out, v) => out.bytes(v)),
  namedTexts: <R>(name: string, get: (row: R) => Named<string>): Column<R> =>
    named(name, 'String', get, (out, v) => out.text(v)),
  namedNumbers: <R>(name: string, get: (row: R) => Named<number>): Column<R> =>
    named(name, 'Float64', get, (out, v) => out.float64(v)),
};

/** An Array: ends of the rows, then all values. */
function list<R, V>(
  name: string,
  type: string,
  get: (row: R) => readonly V[],
  put: (out: ByteWriter, value: V) => void,
): Column<R> {
  return {
    name,
    type: `Array(${type})`,
    write: (out, rows) => {
      let end = 0;
      for (const row of rows) out.int64((end += get(row).length));
      for (const row of rows) for (const value of get(row)) put(out, value);
    },
  };
}

/** A Map with names for keys: ends of the rows, then all names, then all values. */
function named<R, V>(
  name: string,
  type: string,
  get: (row: R) => Named<V>,
  put: (out: ByteWriter, value: V) => void,
): Column<R> {
  return {
    name,
    type: `Map(String, ${type})`,
    write: (out, rows) => {
      let end = 0;
      for (const row of rows) out.int64((end += get(row).length));
      for (const row of rows) for (const [key] of get(row)) out.text(key);
      for (const row of rows) for (const [, value] of get(row)) put(out, value);
    },
  };
}

/** One block of `rows`; `sizeHint` is the expected length in bytes. */
export async function encodeBlock<R>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  sizeHint = 4096,
): Promise<Buffer> {
  const rest = createTurns();
  const out = new ByteWriter(sizeHint);
  out.varint(columns.length);
  out.varint(rows.length);
  for (const { name, type, write } of columns) {
    out.text(name);
    out.text(type);
    write(out, rows);
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  return out.done();
}
