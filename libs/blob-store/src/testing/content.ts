import { createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BlobSource } from '../blob-store.ts';

export const MIB = 2 ** 20;
const CHUNK = 65_536;
const ZEROS = Buffer.alloc(CHUNK);

/** Bytes that nothing compresses, the same ones for the same seed. */
export function* chunksOf(size: number, seed = 1): Iterable<Buffer> {
  const key = Buffer.alloc(16, seed);
  const cipher = createCipheriv('aes-128-ctr', key, key);
  for (let left = size; left > 0; left -= CHUNK) yield cipher.update(ZEROS.subarray(0, left));
}

export function bytesOf(size: number, seed = 1): Buffer {
  return Buffer.concat([...chunksOf(size, seed)]);
}

/** A source that says which of the streams it has opened are still there. */
export interface WatchedSource extends BlobSource {
  readonly opened: readonly Readable[];
}

/** @param onRead is told how many bytes of the stream have been read, and waited for. */
export function sourceOf(
  bytes: Buffer,
  onRead?: (bytes: number) => Promise<void> | void,
  said: { readonly size?: number; readonly sha256?: Uint8Array } = {},
): WatchedSource {
  async function* read(): AsyncIterable<Buffer> {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      yield bytes.subarray(at, at + CHUNK);
      await onRead?.(Math.min(at + CHUNK, bytes.length));
    }
  }
  return watched(said.size ?? bytes.length, said.sha256 ?? createHash('sha256').update(bytes).digest(), () =>
    Readable.from(read(), { objectMode: false }),
  );
}

/** Made while it is read; nothing of it is held. */
export function generatedSource(size: number): WatchedSource {
  const hash = createHash('sha256');
  for (const chunk of chunksOf(size)) hash.update(chunk);
  return watched(size, hash.digest(), () => Readable.from(chunksOf(size), { objectMode: false }));
}

function watched(size: number, sha256: Uint8Array, open: () => Readable): WatchedSource {
  const opened: Readable[] = [];
  return {
    ...{ size, sha256, opened },
    open() {
      const stream = open();
      opened.push(stream);
      return stream;
    },
  };
}
