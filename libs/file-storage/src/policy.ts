import { createHash } from 'node:crypto';
import { internalProjectId } from '@weft/model';
import type { FileStorageConfig } from './env.ts';

type PolicyConfig = Pick<
  FileStorageConfig,
  'WF_FILE_STORAGE_PROJECT_ALLOW_LIST' | 'WF_FILE_STORAGE_PROJECT_RAMP_PCT'
>;

/** Whether a project's new files are blobs. W&B takes none where neither is set; whoever names a bucket here means it. */
export function createPolicy(config: PolicyConfig): (projectId: string) => boolean {
  const { WF_FILE_STORAGE_PROJECT_ALLOW_LIST: list, WF_FILE_STORAGE_PROJECT_RAMP_PCT: rampPct } = config;
  if (list === undefined && rampPct === undefined) return () => true;
  const listed = new Set(list);
  if (listed.has('*')) return () => true;
  return (projectId) =>
    rampOf(projectId) < (rampPct ?? 0) || listed.has(projectId) || listed.has(internalProjectId(projectId));
}

/** 0 to 99, as W&B's: the MD5 of the id as one large number, modulo 100. */
export function rampOf(projectId: string): number {
  let rest = 0;
  for (const byte of createHash('md5').update(projectId).digest()) rest = (rest * 256 + byte) % 100;
  return rest;
}
