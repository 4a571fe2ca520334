import { openAzureStore } from './azure/azure-store.ts';
import type { BlobStore, BlobStoreOptions } from './blob-store.ts';
import type { BlobStoreConfig } from './env.ts';
import { openGcsStore } from './gcs/gcs-store.ts';
import { openLocalStore } from './local/local.ts';
import { openMemoryStore } from './memory/memory.ts';
import { openS3Store } from './s3/s3.ts';
import { parseStoreUri } from './uri.ts';

/**
 * The store that a URI names, with the credentials of `config`. Opens no connection, and reads the code of a vendor only
 * when it is needed first.
 * @throws ConfigError naming the variables when URI or credentials cannot be right.
 */
export function openBlobStore(
  text: string,
  config: BlobStoreConfig,
  options: BlobStoreOptions = {},
): BlobStore {
  const { scheme, uri } = parseStoreUri(text);
  switch (scheme) {
    case 's3':
      return openS3Store(uri, config, options);
    case 'az':
      return openAzureStore(uri, config, options);
    case 'gs':
      return openGcsStore(uri, config, options);
    case 'file':
      return openLocalStore(uri, options);
    case 'memory':
      return openMemoryStore(uri, options);
  }
}
