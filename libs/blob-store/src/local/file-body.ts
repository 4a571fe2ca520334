import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';

const READ_BYTES = 256 * 1024;

export interface FileBodyOptions {
  readonly start: number;
  /** Without. */
  readonly end: number;
  /** What readers get of an error of the file system. */
  translate(error: unknown): Error;
  /** The file has become shorter. */
  tooShort(): Error;
}

/** Bytes of an open file, which is closed when they have been read or the stream is destroyed. */
export class FileBody extends Readable {
  readonly #file: FileHandle;
  readonly #options: FileBodyOptions;
  #at: number;

  constructor(file: FileHandle, options: FileBodyOptions) {
    super({ highWaterMark: READ_BYTES });
    this.#file = file;
    this.#options = options;
    this.#at = options.start;
  }

  override _read(): void {
    const { end, translate, tooShort } = this.#options;
    const length = Math.min(READ_BYTES, end - this.#at);
    if (length === 0) return void this.push(null);
    this.#file.read(Buffer.allocUnsafeSlow(length), 0, length, this.#at).then(
      ({ bytesRead, buffer }) => {
        if (bytesRead === 0) return void this.destroy(tooShort());
        this.#at += bytesRead;
        this.push(buffer.subarray(0, bytesRead));
      },
      (error: unknown) => void this.destroy(translate(error)),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    // Waits for a read that is under way.
    this.#file.close().then(
      () => callback(error),
      (closeError: unknown) => callback(error ?? this.#options.translate(closeError)),
    );
  }
}
