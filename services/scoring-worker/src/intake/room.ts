import type { JobQueue } from '@weft/job-queue';
import type { Monitor } from '@weft/scoring';
import { BoundedMap } from '../bounded-map.ts';

/** Whether a monitor has room for more jobs: one whose provider is slower than its calls come must not fill the queue. */
export interface Room {
  has(projectId: string, monitor: Monitor): Promise<boolean>;
}

const FRESH_MS = 1000;
const MAX_MONITORS = 10_000;

export function createRoom(queue: Pick<JobQueue, 'counts'>, maxPending: number, clock: () => number): Room {
  const known = new BoundedMap<{ readonly untilMs: number; readonly hasRoom: boolean }>(MAX_MONITORS);
  return {
    async has(projectId, { name }) {
      const key = `${projectId} ${name}`;
      const last = known.get(key);
      if (last !== undefined && last.untilMs > clock()) return last.hasRoom;
      const hasRoom = (await queue.counts(projectId, name)).pending < maxPending;
      known.set(key, { untilMs: clock() + FRESH_MS, hasRoom });
      return hasRoom;
    },
  };
}
