export {
  StorageUnavailable,
  type BlobContent,
  type BlobInfo,
  type BlobSource,
  type BlobStore,
  type BlobStoreOptions,
  type GetBlobOptions,
  type ListBlobsOptions,
  type StorageTrouble,
} from './blob-store.ts';
export { blobStoreEnv, type BlobStoreConfig } from './env.ts';
export { openBlobStore } from './open.ts';
