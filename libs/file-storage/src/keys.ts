import { AppError, internalProjectId, parseProjectId } from '@weft/model';

/** `files`: bytes of files. `payloads`: members of calls. `events`: payloads of events that are too large for the log. */
export const BLOB_KINDS = ['files', 'payloads', 'events'] as const;
export type BlobKind = (typeof BLOB_KINDS)[number];

/** Names a blob in every store. */
export interface BlobName {
  readonly projectId: string;
  readonly kind: BlobKind;
  /** Of the bytes: 43 characters. */
  readonly digest: string;
}

export const PROJECTS_PREFIX = 'weave/projects/';
/** What was found to be garbage, each blob at its whole key below. */
export const TRASH_PREFIX = 'weave/trash/';
/** Blobs of checks whether a store works; what is left of them may go. */
export const PROBES_PREFIX = 'weave/probes/';

export function blobKey({ projectId, kind, digest }: BlobName): string {
  return `${projectPrefix(projectId)}${kind}/${digest}`;
}

/** What the keys of all blobs of a project begin with, and of no other. */
export function projectPrefix(projectId: string): string {
  const parts = internalProjectId(projectId).match(SEGMENTS) ?? [];
  return `${PROJECTS_PREFIX}${parts.join(CONTINUED)}/`;
}

/** Longer ones are not names of folders everywhere: an id that is longer goes on in the next segment. */
const SEGMENTS = /.{1,200}/g;
const CONTINUED = '~/';

const DIGEST = /^[0-9A-Za-z]{43}$/;

/** Whether it can be part of a key. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Whether the project's blobs can have keys: no store takes all ids of 256 letters outside Latin. */
export function hasKeys(projectId: string): boolean {
  return projectPrefix(projectId).length <= 800;
}

/** Where the blob of that key waits until it is deleted. Readers look there when it is not at its key. */
export function trashKey(key: string): string {
  return TRASH_PREFIX + key;
}

const KEY = new RegExp(
  `^${PROJECTS_PREFIX}([\\w-]+(?:~/[\\w-]+)*)/(${BLOB_KINDS.join('|')})/([0-9A-Za-z]{43})$`,
);

/** Undefined for keys that `blobKey` does not make: somebody else's. */
export function parseBlobKey(key: string): BlobName | undefined {
  const match = KEY.exec(key);
  if (match === null) return undefined;
  const [, parts, kind, digest] = match as unknown as [string, string, BlobKind, string];
  const internal = parts.replaceAll(CONTINUED, '');
  const projectId = Buffer.from(internal, 'base64url').toString();
  // Other spellings of the same bytes are other keys.
  return isProjectId(projectId) && projectPrefix(projectId) === `${PROJECTS_PREFIX}${parts}/`
    ? { projectId, kind, digest }
    : undefined;
}

function isProjectId(text: string): boolean {
  try {
    parseProjectId(text);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
