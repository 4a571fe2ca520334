import type { JobQueue } from '@weft/job-queue';
import type { Logger } from '@weft/runtime';
import { queueKey } from '../queue-key.ts';

/** Monitors whose provider refuses them for want of credit: nothing is asked for them until their owner may have acted. */
export interface Rests {
  isResting(projectId: string, group: string): Promise<boolean>;
  begin(projectId: string, group: string, why: string): Promise<void>;
}

const REST_MS = 10 * 60_000;

/** Shared by all workers; told once in the log for each rest. */
export function createRests(queue: Pick<JobQueue, 'get' | 'put'>, logger: Logger): Rests {
  const keyOf = (projectId: string, group: string) => queueKey('rest', projectId, group);
  const isResting = async (projectId: string, group: string) =>
    (await queue.get(keyOf(projectId, group))) !== undefined;
  return {
    isResting,
    async begin(projectId, group, why) {
      if (await isResting(projectId, group)) return;
      await queue.put(keyOf(projectId, group), why.slice(0, 1000), REST_MS);
      logger.warn(
        { project: projectId, monitor: group, why, minutes: REST_MS / 60_000 },
        'a monitor rests: the provider of its judge says that credit or a limit is used up',
      );
    },
  };
}
