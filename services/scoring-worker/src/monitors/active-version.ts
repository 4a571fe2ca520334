import { AppError, parseRef } from '@weft/model';
import type { Monitor } from '@weft/scoring';
import type { Monitors } from '../parts.ts';

/** That version of a rule, as long as it is there and the monitor of its name is active: in this version or a later one. */
export async function activeVersion(
  monitors: Monitors,
  projectId: string,
  monitorRef: string,
): Promise<Monitor | undefined> {
  const ref = parseRef(monitorRef);
  const latest = ref.kind === 'object' ? await monitors.latest(projectId, ref.name) : undefined;
  if (latest?.active !== true) return undefined;
  if (latest.ref === monitorRef) return latest;
  try {
    return await monitors.version(monitorRef);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return undefined;
    throw error;
  }
}
