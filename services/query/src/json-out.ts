const FIRST_BYTES = 16 * 1024;
const LINE_BREAKS = [0x0a, 0x0d];
const SPACE = 0x20;

/**
 * Collects JSON text and payload bytes into one growing buffer. Payloads are copied once, as bytes: they are never
 * decoded, parsed or written again, so that 9007199254740993, 1e400, -0 and 1.0 leave as they came.
 */
export class JsonOut {
  private readonly oneLine: boolean;
  private buf = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

  /** @param options.oneLine for JSON lines: line breaks in bytes become spaces. Inside strings JSON has none, so no value changes. */
  constructor(options: { readonly oneLine?: boolean } = {}) {
    this.oneLine = options.oneLine ?? false;
  }

  /** Bytes collected since the last `take`. */
  get sizeBytes(): number {
    return this.length;
  }

  /** JSON text as it is. */
  text(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.buf.write(text, this.length, 'utf8');
  }

  /** JSON bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.length);
    this.length += bytes.length;
    if (this.oneLine) this.joinLines(this.length - bytes.length);
  }

  /** What was collected; the next text starts a new buffer. */
  take(): Buffer {
    const taken = this.buf.subarray(0, this.length);
    this.buf = Buffer.allocUnsafe(Math.min(Math.max(this.length, FIRST_BYTES), 1024 * 1024));
    this.length = 0;
    return taken;
  }

  private joinLines(from: number): void {
    const written = this.buf.subarray(from, this.length);
    for (const lineBreak of LINE_BREAKS) {
      for (let at = written.indexOf(lineBreak); at >= 0; at = written.indexOf(lineBreak, at + 1))
        written[at] = SPACE;
    }
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buf.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buf.length * 2, this.length + more));
    this.buf.copy(grown, 0, 0, this.length);
    this.buf = grown;
  }
}
