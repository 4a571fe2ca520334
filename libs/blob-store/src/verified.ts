import { createHash } from 'node:crypto';
import { addAbortSignal } from 'node:stream';
import { StorageUnavailable, type BlobSource } from './blob-store.ts';

/**
 * Reads the source to its end, for stores that have to check what they are given themselves. The stream is destroyed
 * whatever happens.
 * @throws StorageUnavailable `corrupt` when the bytes are not what `size` and `sha256` say; the reason of `signal`; what
 * the source fails with.
 */
export async function readVerified(
  source: BlobSource,
  signal: AbortSignal,
  use: (chunk: Buffer) => Promise<void> | void,
): Promise<void> {
  signal.throwIfAborted();
  const stream = addAbortSignal(signal, source.open());
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > source.size) throw corrupt(`more than the ${source.size} bytes that were announced`);
    hash.update(chunk);
    await use(chunk);
  }
  if (size < source.size) throw corrupt(`${size} bytes of the ${source.size} that were announced`);
  if (!hash.digest().equals(source.sha256)) throw corrupt('other bytes than their SHA-256 says');
}

function corrupt(what: string): StorageUnavailable {
  return new StorageUnavailable('corrupt', `not stored: the source gave ${what}`);
}
