/**
 * Reads rows of ClickHouse's RowBinary format out of a byte stream. A row is read again from its first byte when the
 * stream ends inside it, once as many bytes as it is known to need are there.
 */
export class RowReader {
  private buf: Buffer;
  private at: number;
  /** Bytes from the row's start that are known to be needed. */
  needed = 0;
  private rowStart = 0;

  constructor(buf: Buffer) {
    this.buf = buf;
    this.at = 0;
  }

  get offset(): number {
    return this.at;
  }

  startRow(): void {
    this.rowStart = this.at;
  }

  private take(bytes: number): number {
    const from = this.at;
    if (from + bytes > this.buf.length) {
      this.needed = from + bytes - this.rowStart;
      throw INCOMPLETE;
    }
    this.at = from + bytes;
    return from;
  }

  private length(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const b = this.buf[this.take(1)]!;
      value += (b & 0x7f) * factor;
      if (b < 0x80) return value;
      factor *= 0x80;
    }
  }

  uint8(): number {
    return this.buf[this.take(1)]!;
  }

  uint32(): number {
    return this.buf.readUInt32LE(this.take(4));
  }

  /** Int64 within the safe integers. */
  int64(): number {
    const from = this.take(8);
    return this.buf.readInt32LE(from + 4) * 0x1_0000_0000 + this.buf.readUInt32LE(from);
  }

  float64(): number {
    return this.buf.readDoubleLE(this.take(8));
  }

  uint64(): bigint {
    return this.buf.readBigUInt64LE(this.take(8));
  }

  uint128(): bigint {
    const from = this.take(16);
    return (this.buf.readBigUInt64LE(from + 8) << 64n) | this.buf.readBigUInt64LE(from);
  }

  text(): string {
    const length = this.length();
    if (length === 0) return '';
    const from = this.take(length);
    return this.buf.toString('utf8', from, from + length);
  }

  /** Null for the empty text. */
  textOrNull(): string | null {
    const text = this.text();
    return text === '' ? null : text;
  }

  /** Of a Nullable(String). */
  nullableText(): string | null {
    return this.uint8() === 1 ? null : this.text();
  }

  /** A view: it shares memory with its neighbours. */
  bytes(): Uint8Array {
    const length = this.length();
    const from = this.take(length);
    return this.buf.subarray(from, from + length);
  }

  texts(): string[] {
    return this.list(() => this.text());
  }

  uint64s(): bigint[] {
    return this.list(() => this.uint64());
  }

  list<T>(value: () => T): T[] {
    const values: T[] = [];
    for (let left = this.length(); left > 0; left--) values.push(value());
    return values;
  }

  /** Of a Map(String, …). */
  named<T>(value: () => T): [name: string, value: T][] {
    return this.list(() => [this.text(), value()]);
  }
}

const INCOMPLETE = new Error('row is not complete');

/** Rows as they arrive: one array per chunk that completed any. @throws Error when the stream ends inside a row. */
export async function* readRows<R>(
  chunks: AsyncIterable<Buffer>,
  read: (row: RowReader) => R,
): AsyncGenerator<R[]> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let needed = 1;
  for await (const chunk of chunks) {
    pending.push(chunk);
    pendingBytes += chunk.length;
    if (pendingBytes < needed) continue;
    const buf = pending.length === 1 ? pending[0]! : Buffer.concat(pending, pendingBytes);
    const reader = new RowReader(buf);
    const rows: R[] = [];
    let done = 0;
    needed = 1;
    while (done < buf.length) {
      reader.startRow();
      try {
        rows.push(read(reader));
      } catch (error) {
        if (error !== INCOMPLETE) throw error;
        needed = reader.needed;
        break;
      }
      done = reader.offset;
    }
    pending = done < buf.length ? [buf.subarray(done)] : [];
    pendingBytes = buf.length - done;
    if (rows.length > 0) yield rows;
  }
  if (pendingBytes > 0) throw new Error('the answer of ClickHouse ends inside a row');
}
