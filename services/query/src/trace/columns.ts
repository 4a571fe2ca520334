/** A column that grows; doubling costs less than knowing its length. */
export class Column<T extends Uint8Array | Uint32Array | Int32Array | Float64Array> {
  readonly name: string;
  readonly type: string;
  private values: T;
  length = 0;

  constructor(name: string, empty: T) {
    this.name = name;
    this.type = empty instanceof Buffer ? 'uint8' : empty.constructor.name.replace('Array', '').toLowerCase();
    this.values = empty;
  }

  push(value: number): void {
    if (this.length === this.values.length) this.grow(1);
    this.values[this.length++] = value;
  }

  /** Of a column of bytes. @returns where the text ends. */
  text(text: string): number {
    const bytes = this.values as unknown as Buffer;
    if (this.length + text.length * 3 > bytes.length) this.grow(text.length * 3);
    this.length += (this.values as unknown as Buffer).write(text, this.length, 'utf8');
    return this.length;
  }

  get bytes(): Buffer {
    return Buffer.from(
      this.values.buffer,
      this.values.byteOffset,
      this.length * this.values.BYTES_PER_ELEMENT,
    );
  }

  private grow(by: number): void {
    const size = Math.max(this.values.length * 2, this.length + by, 64);
    const bytes = Buffer.alloc(size * this.values.BYTES_PER_ELEMENT);
    bytes.set(this.bytes);
    const { constructor } = this.values as unknown as {
      constructor: new (buffer: ArrayBufferLike, at: number, length: number) => T;
    };
    this.values =
      this.values instanceof Buffer
        ? (bytes as unknown as T)
        : new constructor(bytes.buffer, bytes.byteOffset, size);
  }
}

/** Texts that come again and again, each once. */
export class Dictionary {
  readonly texts: string[] = [];
  private readonly places = new Map<string, number>();

  placeOf(text: string): number {
    const known = this.places.get(text);
    if (known !== undefined) return known;
    this.places.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

const ALIGN = 8;

/** One part as it travels: the length of the head, the head, the columns; each begins at a multiple of 8 bytes. */
export function* frame(
  head: object,
  columns: readonly Column<Uint8Array | Uint32Array | Int32Array | Float64Array>[],
): Generator<Buffer> {
  const shapes = columns.map(({ name, type, length }) => ({ name, type, length }));
  const text = Buffer.from(JSON.stringify({ ...head, columns: shapes }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  yield Buffer.concat([length, text, Buffer.alloc(padding(4 + text.length))]);
  for (const { bytes } of columns) {
    if (bytes.length > 0) yield bytes;
    if (padding(bytes.length) > 0) yield Buffer.alloc(padding(bytes.length));
  }
}

function padding(length: number): number {
  return (ALIGN - (length % ALIGN)) % ALIGN;
}
