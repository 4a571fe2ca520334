import { addAbortSignal, Readable } from 'node:stream';
import { StorageUnavailable, type BlobInfo, type BlobStore, type BlobStoreOptions } from '../blob-store.ts';
import { checkKey, checkPrefix, compareKeys } from '../key.ts';
import { DeadlineExceeded, retry, timeoutOf } from '../retry.ts';
import { readVerified } from '../verified.ts';

const PAGE = 1000;

interface Blob {
  readonly bytes: Buffer;
  readonly modifiedAt: Date;
}

/** By name, for as long as the process lives. */
const stores = new Map<string, Map<string, Blob>>();

/** For tests: what the process holds under a name. Stores of one name are one; what they hold is gone with the process. */
export function openMemoryStore(uri: string, options: BlobStoreOptions = {}): BlobStore {
  const blobs = stores.get(uri) ?? new Map<string, Blob>();
  stores.set(uri, blobs);
  return {
    uri,
    async put(key, source, { signal } = {}) {
      checkKey(key);
      signal?.throwIfAborted();
      if (blobs.has(key)) return 'exists';
      const chunks: Buffer[] = [];
      const timeoutMs = timeoutOf(options, source.size);
      await retry((ending) => readVerified(source, ending, (chunk) => void chunks.push(chunk)), {
        ...{ timeoutMs, signal },
        isRetryable: () => false,
      }).catch((error: unknown) => {
        if (!(error instanceof DeadlineExceeded)) throw error;
        throw new StorageUnavailable('timeout', `${uri}: not written within ${timeoutMs} ms`);
      });
      if (blobs.has(key)) return 'exists';
      blobs.set(key, { bytes: Buffer.concat(chunks), modifiedAt: new Date() });
      return 'created';
    },
    async get(key, { range, signal } = {}) {
      checkKey(key);
      signal?.throwIfAborted();
      const blob = blobs.get(key);
      if (blob === undefined) return undefined;
      const body = Readable.from(slices(blob.bytes.subarray(range?.start, range?.end)), {
        objectMode: false,
      });
      return { size: blob.bytes.length, body: signal ? addAbortSignal(signal, body) : body };
    },
    async head(key, { signal } = {}) {
      checkKey(key);
      signal?.throwIfAborted();
      const blob = blobs.get(key);
      return blob && infoOf(key, blob);
    },
    async *list(prefix, { after, signal } = {}) {
      checkPrefix(prefix);
      const keys = [...blobs.keys()]
        .filter((key) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0))
        .sort(compareKeys);
      for (let at = 0; at < keys.length || at === 0; at += PAGE) {
        signal?.throwIfAborted();
        const page = keys.slice(at, at + PAGE).flatMap((key) => {
          const blob = blobs.get(key);
          return blob ? [infoOf(key, blob)] : [];
        });
        if (page.length > 0) yield page;
      }
    },
    async copy(from, to) {
      checkKey(from);
      checkKey(to);
      const blob = blobs.get(from);
      if (blob) blobs.set(to, { bytes: blob.bytes, modifiedAt: new Date() });
      return blob !== undefined;
    },
    async delete(keys) {
      keys.forEach(checkKey);
      for (const key of keys) blobs.delete(key);
    },
    async close() {},
  };
}

function infoOf(key: string, { bytes, modifiedAt }: Blob): BlobInfo {
  return { key, size: bytes.length, modifiedAt };
}

function* slices(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
