export { bytesSource } from './bytes-source.ts';
export { digestOf } from './digest.ts';
export { fileStorageEnv, type FileStorageConfig } from './env.ts';
export type { FileStorage } from './file-storage.ts';
export { checkStore, type CheckedStep } from './gc/check-store.ts';
export { collectGarbage, isGcCursor, type GcDeps } from './gc/collect.ts';
export { shortestGraceMs } from './gc/moves.ts';
export type {
  Amount,
  GcDone,
  GcOptions,
  GcProgress,
  GcTally,
  Held,
  References,
  Unstored,
} from './gc/types.ts';
export {
  BLOB_KINDS,
  blobKey,
  hasKeys,
  isDigest,
  parseBlobKey,
  PROBES_PREFIX,
  projectPrefix,
  PROJECTS_PREFIX,
  TRASH_PREFIX,
  trashKey,
  type BlobKind,
  type BlobName,
} from './keys.ts';
export { openFileStorage, type OpenFileStorageOptions } from './open.ts';
export { createPolicy } from './policy.ts';
export { openStores, type Stores } from './stores.ts';
