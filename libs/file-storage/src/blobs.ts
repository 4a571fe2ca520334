import { StorageUnavailable, type BlobContent, type BlobSource, type BlobStore } from '@weft/blob-store';
import type { Logger, Metrics } from '@weft/runtime';
import { createInFlight } from './in-flight.ts';
import { blobKey, isDigest, trashKey, type BlobName } from './keys.ts';
import { createFileStorageMetrics, type FileStorageMetrics } from './metrics.ts';
import { watchOutage, type Outage } from './outage.ts';
import type { Stores } from './stores.ts';

/** On their way to the store at one time. They are slices of request bodies, whose sum has a bound of its own. */
const MAX_IN_FLIGHT_BYTES = 128 * 1024 * 1024;
const MAX_IN_FLIGHT_WAIT_MS = 2000;
/** Files come from disk and take no more memory than a few of their parts, so that many may wait, and longer: payloads do not wait behind them. */
const MAX_FILE_MEMORY = 16 * 1024 * 1024;
const MAX_FILES_IN_FLIGHT_BYTES = 32 * 1024 * 1024;
const MAX_FILES_IN_FLIGHT_WAIT_MS = 20_000;

export interface GetOptions {
  readonly range?: { readonly start: number; readonly end: number };
  readonly signal?: AbortSignal;
}

/** Blobs by their names. */
export interface Blobs {
  /** Durable once it resolves. @returns the store's URI. @throws StorageUnavailable */
  put(name: BlobName, source: BlobSource): Promise<string>;
  /** @param uri of the store that has it. @returns undefined when it is not there. @throws StorageUnavailable */
  get(name: BlobName, uri: string, options?: GetOptions): Promise<BlobContent | undefined>;
  close(): Promise<void>;
}

export interface BlobsOptions {
  readonly stores: Stores;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  readonly maxInFlightBytes?: number | undefined;
}

export function createBlobs({ stores, logger, metrics, maxInFlightBytes }: BlobsOptions): Blobs {
  const { main } = stores;
  const uri = main?.uri ?? '';
  const payloads = createInFlight({
    maxBytes: maxInFlightBytes ?? MAX_IN_FLIGHT_BYTES,
    maxWaitMs: MAX_IN_FLIGHT_WAIT_MS,
    uri,
  });
  const files = createInFlight({
    maxBytes: MAX_FILES_IN_FLIGHT_BYTES,
    maxWaitMs: MAX_FILES_IN_FLIGHT_WAIT_MS,
    uri,
  });
  const counted = metrics && createFileStorageMetrics(metrics, () => payloads.bytes + files.bytes);
  const outage = main && watchOutage(main, logger);
  const observe = observing(main, outage, counted);
  const putting = new Map<string, Promise<string>>();

  async function putOnce(store: BlobStore, key: string, name: BlobName, source: BlobSource): Promise<string> {
    const room =
      name.kind === 'files' ? files.take(Math.min(source.size, MAX_FILE_MEMORY)) : payloads.take(source.size);
    const give = await room.catch((error: unknown) => {
      counted?.failed('throttled');
      throw error;
    });
    try {
      const result = await observe('put', store, () => store.put(key, source));
      counted?.put(name.kind, result, source.size);
      return store.uri;
    } finally {
      give();
    }
  }

  return {
    put: async (name, source) => {
      const key = blobKey(name);
      if (!isDigest(name.digest)) throw new TypeError(`not a digest: ${name.digest.slice(0, 50)}`);
      if (main === undefined) throw new StorageUnavailable('no_bucket', 'there is no blob store');
      const same = putting.get(key);
      // What stops the other request, such as its spool file going, need not stop this one.
      const uri = await same?.catch((error: unknown) => {
        if (error instanceof StorageUnavailable) throw error;
      });
      if (uri !== undefined) return uri;
      const put = putOnce(main, key, name, source);
      putting.set(key, put);
      try {
        return await put;
      } finally {
        if (putting.get(key) === put) putting.delete(key);
      }
    },
    get: async (name, uri, options = {}) => {
      const key = blobKey(name);
      // It comes from rows and addresses: none leads to another key.
      if (!isDigest(name.digest)) return undefined;
      const store = stores.of(uri);
      // It may be on its way to the trash or back.
      for (const [at, result] of [
        [key, 'found'],
        [trashKey(key), 'trash'],
        [key, 'found'],
      ] as const) {
        const content = await observe('get', store, () => store.get(at, options));
        if (content === undefined) continue;
        counted?.got(name.kind, result);
        counted?.read(options.range === undefined ? content.size : options.range.end - options.range.start);
        return content;
      }
      counted?.got(name.kind, 'missing');
      return undefined;
    },
    close: async () => {
      outage?.stop();
      await stores.close();
    },
  };
}

type Observe = <T>(operation: 'put' | 'get', store: BlobStore, run: () => Promise<T>) => Promise<T>;

function observing(
  main: BlobStore | undefined,
  outage: Outage | undefined,
  counted: FileStorageMetrics | undefined,
): Observe {
  return async (operation, store, run) => {
    const done = counted?.time(operation);
    try {
      const result = await run();
      if (store === main) outage?.succeeded();
      return result;
    } catch (error) {
      if (error instanceof StorageUnavailable) {
        counted?.failed(error.trouble);
        if (store === main) outage?.failed(error);
      }
      throw error;
    } finally {
      done?.();
    }
  };
}
