import type { JobQueue } from '@weft/job-queue';
import type { AnswerCache } from '@weft/scoring';

const HOUR_MS = 3_600_000;

/**
 * Answers of models that all workers share: what was asked word for word before is not asked again.
 * @param hours how long; 0 = none are kept.
 */
export function createAnswerCache(
  queue: Pick<JobQueue, 'get' | 'put'>,
  hours: number,
): AnswerCache | undefined {
  if (hours === 0) return undefined;
  return {
    get: (key) => queue.get(`answer:${key}`).catch(() => undefined),
    // Too large, or the queue is away: then it is asked again.
    put: (key, answer) => queue.put(`answer:${key}`, answer, hours * HOUR_MS).catch(() => undefined),
  };
}
