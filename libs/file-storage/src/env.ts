import { blobStoreEnv, type BlobStoreConfig } from '@weft/blob-store';
import { parseProjectId } from '@weft/model';
import { envInt } from '@weft/runtime';
import { z } from 'zod';

const INTERNAL_ID = /^[\w=-]{1,512}$/;

/** `*`, or projects as `entity/project` or by their internal ids. */
function envProjects(): z.ZodType<readonly string[]> {
  return z.string().transform((text, context) => {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    if (entries.every(isProject)) return entries;
    context.addIssue({
      code: 'custom',
      message: 'must be "*" or projects as entity/project, with commas between them',
    });
    return z.NEVER;
  });
}

function isProject(entry: string): boolean {
  if (entry === '*' || INTERNAL_ID.test(entry)) return true;
  try {
    parseProjectId(entry);
    return true;
  } catch {
    return false;
  }
}

/** Which projects' files and large payloads are blobs, and where. W&B's names where W&B has one. */
export const fileStorageEnv = {
  ...blobStoreEnv,
  /** Projects whose new files are blobs: `*` or a list with commas. */
  WF_FILE_STORAGE_PROJECT_ALLOW_LIST: envProjects().optional(),
  /** The same for this share of projects, always the same ones, beside those of the list. Neither set: every project. */
  WF_FILE_STORAGE_PROJECT_RAMP_PCT: envInt({ max: 100 }).optional(),
  /** Payloads above this are blobs. */
  WEFT_FILE_STORAGE_CLAIM_BYTES: envInt({ default: 256 * 1024, min: 4096, max: 32 * 1024 * 1024 }),
  /** For one operation with all its attempts; 1 s more for each MiB that is written. */
  WEFT_FILE_STORAGE_TIMEOUT_MS: envInt({ default: 10_000, min: 100, max: 600_000 }),
};

export interface FileStorageConfig extends BlobStoreConfig {
  readonly WF_FILE_STORAGE_PROJECT_ALLOW_LIST?: readonly string[] | undefined;
  readonly WF_FILE_STORAGE_PROJECT_RAMP_PCT?: number | undefined;
  readonly WEFT_FILE_STORAGE_CLAIM_BYTES: number;
  readonly WEFT_FILE_STORAGE_TIMEOUT_MS: number;
}
