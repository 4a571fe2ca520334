import zlib from 'node:zlib';
import type { Readable, Transform } from 'node:stream';
import { AppError } from '@weft/model';
import { decodeZstd } from './zstd-decoder.ts';
import { isWholeZstdFrame } from './zstd-frame.ts';

/** All of node:zlib's streams. `bytesWritten` is what was decoded of the input. */
export type ZlibStream = Transform & { readonly bytesWritten: number };

/** What comes out of `wire`, and, at its end, how much of `wire` that was. */
interface Decoding {
  readonly output: Readable;
  readonly consumedBytes: () => number;
}

type Decode = (wire: Buffer, chunkSize: number) => Decoding;

/** The window of RFC 9659: a decoder need not give a frame more. */
const ZSTD_WINDOW_LOG = 23;

// In node:zlib since 22.15 and 23.8; the types of the oldest Node that we run on do not know it.
const { createZstdDecompress } = zlib as {
  createZstdDecompress?: (options: { chunkSize: number; params: Record<number, number> }) => ZlibStream;
};
const { ZSTD_d_windowLogMax } = zlib.constants as { ZSTD_d_windowLogMax?: number };

/** "deflate" is the zlib format (RFC 9110 8.4.1.2), but some clients send the bare stream. */
function isZlibFormat(wire: Buffer): boolean {
  return wire.length >= 2 && (wire[0]! & 0x0f) === 8 && wire.readUInt16BE(0) % 31 === 0;
}

function through(stream: ZlibStream, wire: Buffer): Decoding {
  stream.end(wire);
  return { output: stream, consumedBytes: () => stream.bytesWritten };
}

/** For a Node whose zlib has no Zstandard. */
export const zstdInJavaScript: Decode = (wire) => ({
  output: decodeZstd(wire, 2 ** ZSTD_WINDOW_LOG),
  consumedBytes: () => wire.length,
});

const zstd: Decode =
  createZstdDecompress === undefined || ZSTD_d_windowLogMax === undefined
    ? zstdInJavaScript
    : (wire, chunkSize) =>
        through(
          createZstdDecompress({ chunkSize, params: { [ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
          wire,
        );

const DECODERS = new Map<string, Decode>([
  ['gzip', (wire, chunkSize) => through(zlib.createGunzip({ chunkSize }), wire)],
  ['x-gzip', (wire, chunkSize) => through(zlib.createGunzip({ chunkSize }), wire)],
  [
    'deflate',
    (wire, chunkSize) =>
      through(
        isZlibFormat(wire) ? zlib.createInflate({ chunkSize }) : zlib.createInflateRaw({ chunkSize }),
        wire,
      ),
  ],
  ['br', (wire, chunkSize) => through(zlib.createBrotliDecompress({ chunkSize }), wire)],
  ['zstd', zstd],
]);

/** Content codings that `inflate` knows. */
export const ENCODINGS: readonly string[] = [...DECODERS.keys()].filter((name) => name !== 'x-gzip');

/** `Content-Encoding` → the coding, undefined for none. @throws AppError `unsupported_media_type` naming what is supported. */
export function parseEncoding(header: string | undefined): string | undefined {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  if (DECODERS.has(name)) return name;
  throw new AppError(
    'unsupported_media_type',
    `content-encoding: expected one of identity, ${ENCODINGS.join(', ')}`,
    {
      details: { supported_encodings: ['identity', ...ENCODINGS] },
    },
  );
}

/**
 * Decodes what is written to it, as it comes; undefined for a coding that can only be decoded whole (`zstdInJavaScript`).
 * @param encoding as `parseEncoding` gives it. @param head the first bytes, two at least of a stream that has them: not written yet.
 */
export function createDecoder(encoding: string, head: Buffer): ZlibStream | undefined {
  switch (encoding) {
    case 'br':
      return zlib.createBrotliDecompress();
    case 'deflate':
      return isZlibFormat(head) ? zlib.createInflate() : zlib.createInflateRaw();
    case 'zstd':
      if (createZstdDecompress === undefined || ZSTD_d_windowLogMax === undefined) return undefined;
      return createZstdDecompress({
        chunkSize: 64 * 1024,
        params: { [ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      });
    default:
      return zlib.createGunzip();
  }
}

/** Output that grew this much beyond its input is counted to its end before any of it is kept. */
const SUSPECT_RATIO = 50;
const SUSPECT_BYTES = 4 * 1024 * 1024;

/**
 * Decodes `wire`, on zlib's threads where zlib can. Memory is that of the result: what looks like a bomb is counted first, kept after.
 * @param account told of bytes as they are kept; may throw to stop.
 * @throws AppError `request_too_large` at the first byte beyond `maxBytes`, `invalid_request` for a broken stream.
 */
export async function inflate(
  wire: Buffer,
  encoding: string,
  maxBytes: number,
  account: (bytes: number) => void,
  decoders: ReadonlyMap<string, Decode> = DECODERS,
): Promise<Buffer> {
  if (encoding === 'zstd' && !isWholeZstdFrame(wire)) throw broken(encoding);
  const suspectBytes = Math.max(SUSPECT_BYTES, wire.length * SUSPECT_RATIO);
  const start = decoders.get(encoding)!;
  const first = await decode(wire, encoding, start, { maxBytes, keepBytes: suspectBytes, account });
  if (first.kept !== undefined) return first.kept;
  const second = await decode(wire, encoding, start, { maxBytes, keepBytes: maxBytes, account });
  return second.kept!;
}

interface DecodeLimits {
  readonly maxBytes: number;
  /** Beyond it the output is counted and not kept. */
  readonly keepBytes: number;
  readonly account: (bytes: number) => void;
}

function decode(
  wire: Buffer,
  encoding: string,
  start: Decode,
  limits: DecodeLimits,
): Promise<{ kept: Buffer | undefined }> {
  const { maxBytes, keepBytes, account } = limits;
  const chunkSize = Math.min(256 * 1024, Math.max(4096, wire.length * 4));
  const { output, consumedBytes } = start(wire, chunkSize);
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined = [];
    let size = 0;
    const fail = (error: unknown) => {
      chunks = undefined;
      output.destroy();
      reject(error as Error);
    };
    output.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) return fail(tooLarge(maxBytes));
      if (size > keepBytes) {
        if (chunks !== undefined) account(chunk.length - size);
        chunks = undefined;
        return;
      }
      try {
        account(chunk.length);
      } catch (error) {
        return fail(error);
      }
      chunks?.push(chunk);
    });
    output.on('end', () => {
      // zlib stops at the end of the stream and says nothing about bytes that follow.
      if (consumedBytes() !== wire.length) return fail(broken(encoding));
      resolve({ kept: chunks === undefined ? undefined : joined(chunks, size) });
    });
    output.on('error', (cause) => fail(broken(encoding, cause)));
  });
}

export function broken(encoding: string, cause?: unknown): AppError {
  return new AppError('invalid_request', `the body is not one whole ${encoding} stream`, { cause });
}

export function tooLarge(maxBytes: number): AppError {
  return new AppError('request_too_large', `Request too large: at most ${maxBytes} bytes, decoded`);
}

/** One chunk is the body as it is; copying happens once at most. */
export function joined(chunks: readonly Buffer[], size: number): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}
