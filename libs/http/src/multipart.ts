import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { AppError } from '@weft/model';
import { readBody, type ReadBodyOptions } from './body.ts';
import { joined } from './inflate.ts';

export interface MultipartForm {
  readonly fields: ReadonlyMap<string, string>;
  /** The one file; its name is undefined when the client gave none. Undefined when no file was sent. */
  readonly file:
    { readonly field: string; readonly name: string | undefined; readonly bytes: Buffer } | undefined;
}

const MAX_FIELDS = 20;
const MAX_FIELD_BYTES = 64 * 1024;

/**
 * Reads a `multipart/form-data` body: text fields (up to 20 of 64 KiB) and at most one file. `maxBytes` bounds the whole body.
 * @throws what `readBody` throws; AppError `invalid_request` for anything that is not such a form.
 */
export async function multipart(req: IncomingMessage, options: ReadBodyOptions = {}): Promise<MultipartForm> {
  const contentType = req.headers['content-type'];
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType))
    throw new AppError('invalid_request', 'content-type: expected multipart/form-data');
  return parseForm(await readBody(req, options), { 'content-type': contentType });
}

function parseForm(body: Buffer, headers: BusboyHeaders): Promise<MultipartForm> {
  return new Promise((resolve, reject) => {
    const refuse = (message: string, cause?: unknown) =>
      reject(new AppError('invalid_request', message, { cause }));
    const fields = new Map<string, string>();
    let file: MultipartForm['file'];
    let parser: InstanceType<typeof Busboy>;
    try {
      parser = new Busboy({
        headers,
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
      return refuse('content-type: not a usable multipart/form-data', cause);
    }
    parser.on('field', (name, value, nameCut, valueCut) => {
      if (nameCut || valueCut) refuse(`a form field is larger than ${MAX_FIELD_BYTES} bytes`);
      fields.set(name, value);
    });
    parser.on('file', (field, stream, name: string | undefined) => {
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
      });
      stream.on('error', (cause) => refuse('the form is broken', cause));
      stream.on(
        'end',
        () => (file = { field, name: name === '' ? undefined : name, bytes: joined(chunks, size) }),
      );
    });
    parser.on('filesLimit', () => refuse('expected one file'));
    parser.on('fieldsLimit', () => refuse(`more than ${MAX_FIELDS} form fields`));
    parser.on('partsLimit', () => refuse(`more than ${MAX_FIELDS} form fields`));
    parser.on('error', (cause) => refuse('the form is broken', cause));
    parser.on('finish', () => resolve({ fields, file }));
    parser.end(body);
  });
}
