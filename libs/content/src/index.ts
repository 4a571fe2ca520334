/** Media in payloads, told as base64: found, and made the objects and files that the SDKs open. */
export { candidates, MIN_CHARS } from './candidates.ts';
export type { Content, ContentFile } from './content-object.ts';
export { contentEnv } from './env.ts';
export {
  findContent,
  MAX_CONTENTS,
  withRefs,
  type FindContentOptions,
  type FoundContent,
} from './find-content.ts';
export { createKnownContents, type KnownContents } from './known-contents.ts';
export { createContentLift, type ContentLift, type LiftedEvents } from './lift-content.ts';
export {
  createMediaLift,
  type ContentResult,
  type Lifted,
  type MadeContent,
  type MediaBatch,
  type MediaLift,
  type MediaLiftDeps,
} from './lift-media.ts';
export {
  createContentStore,
  type ContentStore,
  type FileStore,
  type StoredContentFile,
} from './store-content.ts';
