import { Readable } from 'node:stream';

export interface BlobBodyOptions {
  /** Bytes that have to come. */
  readonly size: number;
  /** That no byte may take longer than, while somebody reads. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What readers get of an error of the source. */
  translate(error: unknown): Error;
  /** Why the bytes did not all come. */
  brokenOff(said: string): Error;
}

/** The bytes of an answer, which ends well only when all of them have come. */
export class BlobBody extends Readable {
  readonly #source: Readable;
  readonly #options: BlobBodyOptions;
  readonly #onAbort: () => void;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Readable, options: BlobBodyOptions) {
    super({ highWaterMark: 256 * 1024 });
    this.#source = source;
    this.#options = options;
    this.#onAbort = () => this.destroy(options.signal!.reason);
    options.signal?.addEventListener('abort', this.#onAbort);
    source.pause();
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#end());
    source.on('error', (error) => this.destroy(options.translate(error)));
    source.on('close', () => this.#end());
    if (options.signal?.aborted === true) this.#onAbort();
  }

  override _read(): void {
    this.#listen();
    this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#source.destroy();
    callback(error);
  }

  #take(chunk: Buffer): void {
    this.#seen += chunk.length;
    clearTimeout(this.#timer);
    if (this.push(chunk)) this.#listen();
    else this.#source.pause();
  }

  #end(): void {
    if (this.destroyed || this.readableEnded) return;
    clearTimeout(this.#timer);
    const { size } = this.#options;
    if (this.#seen === size) this.push(null);
    else this.destroy(this.#options.brokenOff(`the answer ended after ${this.#seen} of ${size} bytes`));
  }

  #listen(): void {
    clearTimeout(this.#timer);
    if (this.destroyed || this.#source.readableEnded) return;
    const { silenceMs } = this.#options;
    this.#timer = setTimeout(() => {
      this.destroy(this.#options.brokenOff(`no byte of the answer came for ${silenceMs} ms`));
    }, silenceMs);
  }
}
