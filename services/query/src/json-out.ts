const FIRST_BYTES = 16 * 1024;

/**
 * Collects JSON text and payload bytes into one growing buffer. Payloads are copied once, as bytes: they are never
 * decoded, parsed or written again, so that 9007199254740993, 1e400, -0 and 1.0 leave as they came.
 */
export class JsonOut {
  private buf = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

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
  }

  /** What was collected; the next text starts a new buffer. */
  take(): Buffer {
    const taken = this.buf.subarray(0, this.length);
    this.buf = Buffer.allocUnsafe(Math.min(Math.max(this.length, FIRST_BYTES), 1024 * 1024));
    this.length = 0;
    return taken;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buf.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.buf.length * 2, this.length + more));
    this.buf.copy(grown, 0, 0, this.length);
    this.buf = grown;
  }
}
