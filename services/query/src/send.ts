import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';

/** Bodies below this travel as they are: the header and the thread hop cost more than they save. */
export const GZIP_MIN_BYTES = 8 * 1024;

/**
 * Sends the chunks with back-pressure: no more than a few are in memory. What fails before the first chunk throws, so
 * that it can still be answered with a status; what fails later cuts the connection, because a shorter body would
 * look complete. A client that goes away ends the iteration.
 */
export async function sendChunks(
  req: IncomingMessage,
  res: ServerResponse,
  contentType: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<void> {
  const iterator =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  const first = await firstBytes(iterator);
  res.statusCode = 200;
  res.setHeader('content-type', contentType);
  res.setHeader('x-content-type-options', 'nosniff');
  res.setHeader('vary', 'accept-encoding');
  const body = rest(first, iterator);
  const sizeBytes = first.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const stages = [];
  if (first.done && sizeBytes < GZIP_MIN_BYTES) res.setHeader('content-length', sizeBytes);
  else if (wantsGzip(req)) {
    res.setHeader('content-encoding', 'gzip');
    // Level 1: traces shrink 4 to 8 times, and the process that reads them has more to do than compressing.
    stages.push(createGzip({ level: constants.Z_BEST_SPEED }));
  } else if (first.done) res.setHeader('content-length', sizeBytes);
  try {
    await pipeline([Readable.from(body, { objectMode: true, highWaterMark: 2 }), ...stages, res]);
  } catch (error) {
    if (!res.destroyed) res.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

interface FirstBytes {
  readonly chunks: readonly Buffer[];
  readonly done: boolean;
}

/** Enough to decide about compression, or everything. */
async function firstBytes(iterator: AsyncIterator<Buffer> | Iterator<Buffer>): Promise<FirstBytes> {
  const chunks: Buffer[] = [];
  for (let sizeBytes = 0; sizeBytes < GZIP_MIN_BYTES;) {
    const next = await iterator.next();
    if (next.done) return { chunks, done: true };
    chunks.push(next.value);
    sizeBytes += next.value.length;
  }
  return { chunks, done: false };
}

async function* rest(
  first: FirstBytes,
  iterator: AsyncIterator<Buffer> | Iterator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield* first.chunks;
    while (!first.done) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** True if the client asks for gzip and is not on this machine, where compressing costs more than copying. */
function wantsGzip(req: IncomingMessage): boolean {
  const accepted = String(req.headers['accept-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.replaceAll(' ', ''));
  if (
    !accepted.some(
      (coding) => coding === 'gzip' || (coding.startsWith('gzip;q=') && Number(coding.slice(7)) > 0),
    )
  )
    return false;
  return req.headers['x-forwarded-for'] !== undefined || !isLoopback(req.socket.remoteAddress ?? '');
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

const ECHOED = /^application\/(?:[a-z0-9.+-]*jsonl?|x-ndjson|ndjson|json-seq)$/;

/** JSON lines under the name the client asked for; never a type that a browser would run. */
export function linesContentType(req: IncomingMessage): string {
  const accept = String(req.headers.accept ?? '')
    .trim()
    .toLowerCase();
  return ECHOED.test(accept) ? accept : 'application/jsonl';
}

/** One JSON document that is in memory already. */
export async function sendJson(
  req: IncomingMessage,
  res: ServerResponse,
  body: Buffer | string,
): Promise<void> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  await sendChunks(req, res, 'application/json', Readable.from([bytes]));
}
