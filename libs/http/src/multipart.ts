import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import { AppError } from '@weft/model';
import { holdBytes } from './body.ts';
import { contextOf } from './context.ts';
import { parseEncoding } from './inflate.ts';
import { pump, type Sink } from './pump.ts';
import { allowSlowBody } from './server.ts';
import type { Spool, SpoolFile } from './spool.ts';

export interface ReceivedForm {
  /** Text fields; of several of one name the last. */
  readonly fields: ReadonlyMap<string, string>;
  /** Undefined when none was sent. */
  readonly file: ReceivedFile | undefined;
}

/** The one file of a form. Whoever has it disposes of it. */
export interface ReceivedFile {
  /** Name of the form field. */
  readonly field: string;
  /** File name, without directories; undefined when the client gave none. */
  readonly name: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
  /** From the first byte, as often as it is called. */
  open(): Readable;
  /** All of it in memory, counted in the body budget. @throws AppError `log_unavailable` when the process holds too many bodies. */
  bytes(): Promise<Buffer>;
  /** Harmless when repeated. */
  dispose(): Promise<void>;
}

export interface ReceiveFileOptions {
  readonly spool: Spool;
  /**
   * How large the file may be. Asked when the file begins, with the fields that came before it, and at the end, with all
   * of them. May throw, to refuse the request before it is read.
   */
  readonly limit: (fields: ReadonlyMap<string, string>) => FileLimit;
}

export interface FileLimit {
  readonly maxBytes: number;
  /** Behind "at most … bytes": which setting it is, or what to do. */
  readonly reason: string;
}

const MAX_FIELDS = 20;
const MAX_FIELD_BYTES = 64 * 1024;
/** Fields, heads of parts and boundaries: what a form may have besides its file. */
const MAX_FORM_BYTES = (MAX_FIELDS + 1) * (MAX_FIELD_BYTES + 80 * 1024);

/**
 * Receives a `multipart/form-data` body: text fields (up to 20 of 64 KiB) and at most one file, which is hashed while it
 * is put aside: memory is 256 KiB for each upload. The body may be encoded (gzip, deflate, br, zstd).
 * @throws AppError `request_too_large` naming the limit, `invalid_request` for anything that is not such a form or breaks
 * off, `unsupported_media_type`, `log_unavailable` or `storage_unavailable` when there is no room; nothing is left then.
 */
export async function receiveFile(req: IncomingMessage, options: ReceiveFileOptions): Promise<ReceivedForm> {
  const contentType = req.headers['content-type'];
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType))
    throw new AppError('invalid_request', 'content-type: expected multipart/form-data');
  const encoding = parseEncoding(req.headers['content-encoding']);
  const context = contextOf(req);
  const hold = (bytes: number) => holdBytes(context, bytes);
  const form = new FormReader(contentType, options, hold);
  try {
    form.assertFits(Number(req.headers['content-length'] ?? 0));
    allowSlowBody(req);
    await pump(req, encoding, form, hold);
    return await form.received();
  } catch (error) {
    await form.discard();
    throw error;
  }
}

interface FilePart {
  readonly field: string;
  readonly name: string | undefined;
  readonly upload: SpoolFile;
  readonly limit: FileLimit;
}

class FormReader implements Sink {
  private readonly fields = new Map<string, string>();
  private readonly parser: InstanceType<typeof Busboy>;
  private readonly options: ReceiveFileOptions;
  private readonly hold: (bytes: number) => void;
  private file: FilePart | undefined;
  /** Of the file, not with the spool yet. */
  private pending: Buffer[] = [];
  private receivedBytes = 0;
  private fileBytes = 0;
  private failure: unknown;
  private isFinished = false;
  private wake = () => {};

  constructor(contentType: string, options: ReceiveFileOptions, hold: (bytes: number) => void) {
    this.options = options;
    this.hold = hold;
    try {
      this.parser = new Busboy({
        headers: { 'content-type': contentType },
        limits: {
          fields: MAX_FIELDS,
          fieldSize: MAX_FIELD_BYTES,
          fieldNameSize: 100,
          files: 1,
          headerPairs: 50,
          parts: MAX_FIELDS + 1,
        },
      });
    } catch (cause) {
      throw new AppError('invalid_request', 'content-type: not a usable multipart/form-data', { cause });
    }
    this.listen();
  }

  /** @throws AppError `request_too_large` for a body that cannot be within the limit whatever it holds. */
  assertFits(bodyBytes: number): void {
    const limit = this.options.limit(this.fields);
    if (bodyBytes > limit.maxBytes + MAX_FORM_BYTES) throw tooLarge(limit);
  }

  async write(chunk: Buffer): Promise<void> {
    this.receivedBytes += chunk.length;
    // Also what stands before and between the parts, which nobody keeps.
    if (this.receivedBytes - this.fileBytes > MAX_FORM_BYTES)
      throw new AppError('invalid_request', 'the form is larger than its parts may be');
    await this.settled((done) => this.parser.write(chunk, done));
    await this.spoolPending();
  }

  async end(): Promise<void> {
    await this.settled((done) => {
      this.parser.once('finish', done);
      this.parser.end();
    });
    await this.spoolPending();
  }

  async received(): Promise<ReceivedForm> {
    const { file, fields } = this;
    const limit = this.options.limit(fields);
    if (file === undefined) return { fields, file: undefined };
    if (this.fileBytes > limit.maxBytes) throw tooLarge(limit);
    const { field, name, upload } = file;
    const sha256 = await upload.finish();
    return {
      fields,
      file: {
        field,
        name,
        size: upload.size,
        sha256,
        open: () => upload.open(),
        bytes: () => upload.bytes(),
        dispose: () => upload.dispose(),
      },
    };
  }

  async discard(): Promise<void> {
    this.refuse('the form was not read to its end');
    this.parser.destroy();
    await this.file?.upload.dispose();
  }

  private listen(): void {
    const { parser } = this;
    parser.on('field', (name, value, nameCut, valueCut) => {
      if (nameCut || valueCut) this.refuse(`a form field is larger than ${MAX_FIELD_BYTES} bytes`);
      this.fields.set(name, value);
    });
    parser.on('file', (field, stream, name: string | undefined) => {
      this.begin(field, name === '' ? undefined : name);
      stream.on('data', (chunk: Buffer) => this.take(chunk));
      stream.on('error', (cause) => this.refuse('the form is broken', cause));
    });
    parser.on('filesLimit', () => this.refuse('expected one file'));
    parser.on('fieldsLimit', () => this.refuse(`more than ${MAX_FIELDS} form fields`));
    parser.on('partsLimit', () => this.refuse(`more than ${MAX_FIELDS} form fields`));
    parser.on('error', (cause) => this.refuse('the form is broken', cause));
    parser.on('finish', () => (this.isFinished = true));
  }

  private begin(field: string, name: string | undefined): void {
    try {
      const limit = this.options.limit(this.fields);
      this.file = { field, name, limit, upload: this.options.spool.open(this.hold) };
    } catch (error) {
      this.fail(error);
    }
  }

  private take(chunk: Buffer): void {
    if (this.file === undefined || this.failure !== undefined) return;
    this.fileBytes += chunk.length;
    if (this.fileBytes > this.file.limit.maxBytes) this.fail(tooLarge(this.file.limit));
    else this.pending.push(chunk);
  }

  private async spoolPending(): Promise<void> {
    if (this.pending.length === 0) return;
    const chunks = this.pending;
    this.pending = [];
    await this.file!.upload.write(chunks);
  }

  /** Resolves when the parser is done with what `start` gave it, rejects when something was wrong with it. */
  private settled(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.wake = () => (this.failure === undefined ? resolve() : reject(this.failure as Error));
      if (this.failure !== undefined || this.isFinished) this.wake();
      else start(this.wake);
    });
  }

  private refuse(message: string, cause?: unknown): void {
    this.fail(new AppError('invalid_request', message, { cause }));
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.wake();
  }
}

function tooLarge({ maxBytes, reason }: FileLimit): AppError {
  return new AppError(
    'request_too_large',
    `Request too large: a file of at most ${maxBytes} bytes ${reason}`,
  );
}
