import { openBlobStore, StorageUnavailable, type BlobStore } from '@weft/blob-store';
import { ConfigError } from '@weft/runtime';
import type { FileStorageConfig } from './env.ts';

/** Of other stores than those of the settings; each may hold connections. */
const MAX_OTHERS = 8;

export interface Stores {
  /** Where new blobs go. */
  readonly main: BlobStore | undefined;
  /** The one that a row names. @throws StorageUnavailable when it is none that this process may open. */
  of(uri: string): BlobStore;
  close(): Promise<void>;
}

/**
 * Stores by the URI that rows name: the one of the settings, and others that rows were written for before, opened with the
 * credentials that are set. A folder is never opened because a row names it: `file://` means the one of the settings or
 * the default one, which also finds the blobs of a data directory that was moved.
 * @param defaultUri where blobs go when the settings name no store.
 * @throws ConfigError
 */
export function openStores(config: FileStorageConfig, defaultUri?: string): Stores {
  const options = { timeoutMs: config.WEFT_FILE_STORAGE_TIMEOUT_MS, timeoutMsPerMib: 1000 };
  const open = (uri: string) => openBlobStore(uri, config, options);
  const mainUri = config.WF_FILE_STORAGE_URI ?? defaultUri;
  const main = mainUri === undefined ? undefined : open(mainUri);
  const others = new Map<string, BlobStore>();

  function other(uri: string): BlobStore {
    const known = others.get(uri);
    if (known !== undefined) {
      // The one used last stands last.
      others.delete(uri);
      others.set(uri, known);
      return known;
    }
    const opened = openOther(uri);
    others.set(uri, opened);
    const [oldest] = others;
    if (others.size > MAX_OTHERS && oldest !== undefined) {
      others.delete(oldest[0]);
      void oldest[1].close();
    }
    return opened;
  }

  function openOther(uri: string): BlobStore {
    if (!/^(?:s3|gs|az):\/\//.test(uri))
      throw new StorageUnavailable(
        'no_bucket',
        `${uri}: blobs are there that were written with other settings (WF_FILE_STORAGE_URI)`,
      );
    try {
      return open(uri);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new StorageUnavailable('denied', `${uri}: ${error.message}`, { cause: error });
    }
  }

  return {
    main,
    of: (uri) => {
      if (main !== undefined && (uri === main.uri || uri === mainUri)) return main;
      if (!uri.startsWith('file://')) return other(uri);
      if (main?.uri.startsWith('file://')) return main;
      if (defaultUri === undefined) return openOther(uri);
      return (others.get(defaultUri) ?? others.set(defaultUri, open(defaultUri)).get(defaultUri))!;
    },
    close: async () => {
      await Promise.all([main, ...others.values()].map(async (store) => store?.close()));
    },
  };
}
