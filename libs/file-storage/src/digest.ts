import { createHash } from 'node:crypto';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { StorageUnavailable } from '@weft/blob-store';
import { createDigests } from '@weft/model';

/** The digest, as clients write it, of bytes whose SHA-256 is known. */
export function digestOf(sha256: Uint8Array): string {
  return createDigests(() => sha256).bytes('');
}

export function corrupt(key: string, uri: string): StorageUnavailable {
  return new StorageUnavailable('corrupt', `${uri}: what is stored as ${key} is not what its digest says`);
}

/**
 * Lets bytes through and fails at the end when they are not those of the digest. The last chunk is held back until then, so
 * that what failed is never taken for complete.
 */
export function digestCheck(digest: string, failure: () => Error): Transform {
  const hash = createHash('sha256');
  let held: Buffer | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      hash.update(chunk);
      const before = held;
      held = chunk;
      done(null, before);
    },
    flush(done) {
      if (digestOf(hash.digest()) === digest) done(null, held);
      else done(failure());
    },
  });
}

/** All bytes of the stream, which ends with a failure when they are not those of the digest or more than `sizeBytes`. */
export async function readChecked(
  body: Readable,
  expected: { readonly digest: string; readonly sizeBytes: number },
  failure: () => Error,
): Promise<Buffer> {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop destroys the stream.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > expected.sizeBytes) throw failure();
    hash.update(chunk);
    chunks.push(chunk);
  }
  if (size !== expected.sizeBytes || digestOf(hash.digest()) !== expected.digest) throw failure();
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}
