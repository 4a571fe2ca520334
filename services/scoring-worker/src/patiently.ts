import type { JobHandler } from '@weft/job-queue';
import { AppError } from '@weft/model';

const AWAY_MS = 5000;

/** A backend that is away is no fault of a job: it comes again, as often as it takes, and no attempt is lost. */
export function patiently(handler: JobHandler): JobHandler {
  return async (job) => {
    try {
      return await handler(job);
    } catch (error) {
      if (job.signal.aborted || !(error instanceof AppError) || !error.retryable) throw error;
      const againInMs = Math.ceil(AWAY_MS * (0.5 + Math.random()));
      return { againInMs, reason: `${error.code}: ${error.message}` };
    }
  };
}
