import { webcrypto } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BlobSource } from '@weft/blob-store';
import { sha256 } from '@weft/runtime';
import { digestOf } from './digest.ts';

/** Larger ones are hashed on another thread: the copy costs this one a tenth of the hash. */
const OTHER_THREAD_BYTES = 1024 * 1024;

export async function bytesSource(bytes: Uint8Array): Promise<BlobSource & { readonly digest: string }> {
  const hash = await sha256Of(bytes);
  return {
    size: bytes.length,
    sha256: hash,
    digest: digestOf(hash),
    open: () => Readable.from([bytes], { objectMode: false }),
  };
}

async function sha256Of(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length < OTHER_THREAD_BYTES) return sha256(bytes);
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
