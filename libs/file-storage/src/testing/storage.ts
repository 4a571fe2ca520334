import { StorageUnavailable, openBlobStore, type BlobStore, type StorageTrouble } from '@weft/blob-store';
import { createLogger, createMetrics, type Metrics } from '@weft/runtime';
import { bytesSource } from '../bytes-source.ts';
import type { FileStorageConfig } from '../env.ts';
import type { FileStorage } from '../file-storage.ts';
import { openFileStorage } from '../open.ts';

export const CONFIG = {
  WEFT_FILE_STORAGE_CLAIM_BYTES: 4096,
  WEFT_FILE_STORAGE_TIMEOUT_MS: 2000,
} as const;

/** A store whose faults are switched on and off. */
export interface Faulty extends BlobStore {
  /** Every operation fails so. */
  trouble: StorageTrouble | undefined;
  /** Puts wait for it. */
  gate: Promise<void> | undefined;
  readonly puts: string[];
  readonly heads: string[];
}

export function faulty(store: BlobStore): Faulty {
  const check = () => {
    if (wrapped.trouble !== undefined) throw new StorageUnavailable(wrapped.trouble, `${store.uri}: not now`);
  };
  const wrapped: Faulty = {
    uri: store.uri,
    trouble: undefined,
    gate: undefined,
    puts: [],
    heads: [],
    put: async (key, source, options) => {
      wrapped.puts.push(key);
      await wrapped.gate;
      check();
      return store.put(key, source, options);
    },
    get: async (key, options) => {
      check();
      return store.get(key, options);
    },
    head: async (key, options) => {
      wrapped.heads.push(key);
      check();
      return store.head(key, options);
    },
    list: (prefix, options) => store.list(prefix, options),
    copy: (from, to) => store.copy(from, to),
    delete: (keys) => store.delete(keys),
    close: () => store.close(),
  };
  return wrapped;
}

let names = 0;

export interface TestStorage extends FileStorage {
  readonly blobs: Faulty;
  readonly metrics: Metrics;
}

/** Blobs in memory, behind a store that can fail. */
export function openTestStorage(
  config: Partial<FileStorageConfig> = {},
  options: { maxInFlightBytes?: number; logger?: ReturnType<typeof createLogger> } = {},
): TestStorage {
  const blobs = faulty(openBlobStore(`memory://file-storage-${++names}`, {}));
  const metrics = createMetrics('', { processMetrics: false });
  const stores = { main: blobs, of: () => blobs, close: () => blobs.close() };
  const logger = createLogger({ name: 'test', level: 'silent' });
  const storage = openFileStorage({
    config: { ...CONFIG, ...config },
    stores,
    logger,
    metrics,
    ...options,
  });
  return Object.assign(storage, { blobs, metrics });
}

export function fileOf(bytes: Uint8Array | string): ReturnType<typeof bytesSource> {
  return bytesSource(Buffer.from(bytes));
}
