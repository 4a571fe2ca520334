import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { route, type Response, type Route, type RouteContext } from '@weft/http';
import { AppError } from '@weft/model';
import type { ByteRange, StoredFile } from '@weft/trace-store';
import { fileContent, fileDownload, type FileContentRequest } from '@weft/weave-api';
import type { FileContents } from '../file-contents.ts';
import { attachment, isKnown, rangeOf } from '../http-range.ts';

/** Reading files (weave-api §4.7), whole or in ranges; for browsers and curl also with GET and HEAD. */
export function fileRoutes(files: FileContents): Route[] {
  const answer = (request: FileContentRequest, context: RouteContext) => sendFile(files, request, context);
  return [route(fileContent, answer), route(fileDownload, answer)];
}

async function sendFile(
  files: FileContents,
  { project_id: projectId, digest }: FileContentRequest,
  { req, res, signal }: RouteContext,
): Promise<void> {
  const file = await files.find(projectId, digest, signal);
  if (file === null) throw new AppError('not_found', `File ${digest} not found`);
  const etag = `"${digest}"`;
  const range = rangeOf(req.headers, etag, file.sizeBytes);
  if (isKnown(req.headers, etag)) {
    setHeaders(res, etag, file);
    res.status(304).end();
    return;
  }
  if (range === 'unsatisfiable') return refuseRange(res, file);
  const isHead = req.method === 'HEAD';
  // A byte shows that the bytes are there.
  const read = partOf(isHead ? { start: 0, end: 1 } : range, file);
  const bytes = await files.open(projectId, digest, file, { range: read, signal });
  const iterator = bytes[Symbol.asyncIterator]();
  // What fails before the first byte can still be answered with a status.
  const first = await iterator.next();
  setHeaders(res, etag, file);
  setRange(res, range, file);
  if (!isHead) return sendBytes(res, rest(first, iterator));
  await iterator.return?.();
  res.end();
}

/** Undefined for all of it, also when that is the range: then the bytes are checked against their digest. */
function partOf(range: ByteRange | undefined, { sizeBytes }: StoredFile): ByteRange | undefined {
  return range !== undefined && range.end - range.start < sizeBytes ? range : undefined;
}

function setHeaders(res: Response, etag: string, { name }: StoredFile): void {
  res.setHeader('etag', etag);
  res.setHeader('accept-ranges', 'bytes');
  res.setHeader('cache-control', 'private, immutable');
  // Bytes of strangers: never shown by a browser in our origin.
  res.setHeader('content-type', 'application/octet-stream');
  res.setHeader('content-disposition', attachment(name));
  res.setHeader('content-security-policy', "sandbox; default-src 'none'");
  res.setHeader('x-content-type-options', 'nosniff');
}

function setRange(res: Response, range: ByteRange | undefined, { sizeBytes }: StoredFile): void {
  const { start, end } = range ?? { start: 0, end: sizeBytes };
  res.setHeader('content-length', end - start);
  if (range === undefined) return;
  res.status(206);
  res.setHeader('content-range', `bytes ${start}-${end - 1}/${sizeBytes}`);
}

function refuseRange(res: Response, { sizeBytes }: StoredFile): void {
  res.setHeader('content-range', `bytes */${sizeBytes}`);
  res.status(416).json({ reason: `range: the file has ${sizeBytes} bytes` });
}

/** With back-pressure. What fails on the way cuts the connection: fewer bytes must not look whole. */
async function sendBytes(res: Response, bytes: AsyncIterable<Buffer>): Promise<void> {
  try {
    await pipeline(Readable.from(bytes, { objectMode: true, highWaterMark: 2 }), res);
  } catch (error) {
    if (!res.destroyed) res.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function* rest(first: IteratorResult<Buffer>, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
