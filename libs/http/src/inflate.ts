import zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { AppError } from '@weft/model';
import { isWholeZstdFrame } from './zstd-frame.ts';

/** All of node:zlib's streams. `bytesWritten` is what was decoded of the input. */
type Decoder = Transform & { readonly bytesWritten: number };

type Open = (wire: Buffer, chunkSize: number) => Decoder;

/** The windows of RFC 9659: a decoder need not give a frame more than 8 MiB. */
const ZSTD_WINDOW_LOG = 23;

// In node:zlib since 22.15 and 23.8; the types of the oldest Node that we run on do not know it.
const { createZstdDecompress } = zlib as {
  createZstdDecompress?: (options: { chunkSize: number; params: Record<number, number> }) => Decoder;
};
const { ZSTD_d_windowLogMax } = zlib.constants as { ZSTD_d_windowLogMax?: number };

/** "deflate" is the zlib format (RFC 9110 8.4.1.2), but some clients send the bare stream. */
function isZlibFormat(wire: Buffer): boolean {
  return wire.length >= 2 && (wire[0]! & 0x0f) === 8 && wire.readUInt16BE(0) % 31 === 0;
}

const DECODERS = new Map<string, Open>([
  ['gzip', (_, chunkSize) => zlib.createGunzip({ chunkSize })],
  ['x-gzip', (_, chunkSize) => zlib.createGunzip({ chunkSize })],
  [
    'deflate',
    (wire, chunkSize) =>
      isZlibFormat(wire) ? zlib.createInflate({ chunkSize }) : zlib.createInflateRaw({ chunkSize }),
  ],
  ['br', (_, chunkSize) => zlib.createBrotliDecompress({ chunkSize })],
]);
if (createZstdDecompress !== undefined && ZSTD_d_windowLogMax !== undefined) {
  const params = { [ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };
  DECODERS.set('zstd', (_, chunkSize) => createZstdDecompress({ chunkSize, params }));
}

/** Content codings that `inflate` knows here. */
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

/** Output that grew this much beyond its input is counted to its end before any of it is kept. */
const SUSPECT_RATIO = 50;
const SUSPECT_BYTES = 4 * 1024 * 1024;

/**
 * Decodes `wire` on zlib's threads. Memory is that of the result: what looks like a bomb is counted first, kept after.
 * @param account told of bytes as they are kept; may throw to stop.
 * @throws AppError `request_too_large` at the first byte beyond `maxBytes`, `invalid_request` for a broken stream.
 */
export async function inflate(
  wire: Buffer,
  encoding: string,
  maxBytes: number,
  account: (bytes: number) => void,
): Promise<Buffer> {
  if (encoding === 'zstd' && !isWholeZstdFrame(wire)) throw broken(encoding);
  const suspectBytes = Math.max(SUSPECT_BYTES, wire.length * SUSPECT_RATIO);
  const first = await decode(wire, encoding, { maxBytes, keepBytes: suspectBytes, account });
  if (first.kept !== undefined) return first.kept;
  const second = await decode(wire, encoding, { maxBytes, keepBytes: maxBytes, account });
  return second.kept!;
}

interface DecodeLimits {
  readonly maxBytes: number;
  /** Beyond it the output is counted and not kept. */
  readonly keepBytes: number;
  readonly account: (bytes: number) => void;
}

function decode(wire: Buffer, encoding: string, limits: DecodeLimits): Promise<{ kept: Buffer | undefined }> {
  const { maxBytes, keepBytes, account } = limits;
  const chunkSize = Math.min(256 * 1024, Math.max(4096, wire.length * 4));
  const stream = DECODERS.get(encoding)!(wire, chunkSize);
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined = [];
    let size = 0;
    const fail = (error: unknown) => {
      chunks = undefined;
      stream.destroy();
      reject(error as Error);
    };
    stream.on('data', (chunk: Buffer) => {
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
    stream.on('end', () => {
      // zlib stops at the end of the stream and says nothing about bytes that follow.
      if (stream.bytesWritten !== wire.length) return fail(broken(encoding));
      resolve({ kept: chunks === undefined ? undefined : joined(chunks, size) });
    });
    stream.on('error', (cause) => fail(broken(encoding, cause)));
    stream.end(wire);
  });
}

function broken(encoding: string, cause?: unknown): AppError {
  return new AppError('invalid_request', `the body is not one whole ${encoding} stream`, { cause });
}

export function tooLarge(maxBytes: number): AppError {
  return new AppError('request_too_large', `Request too large: at most ${maxBytes} bytes, decoded`);
}

/** One chunk is the body as it is; copying happens once at most. */
export function joined(chunks: readonly Buffer[], size: number): Buffer {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}
