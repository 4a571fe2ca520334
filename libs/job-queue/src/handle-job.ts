import { JobHopeless, type RunJobsOptions, type RunningJob } from './job-queue.ts';
import { checkName, shortReason } from './limits.ts';

/** How a run ended. `left`: it was told to leave and did not finish; that is nobody's failure. */
export type Ending =
  | { readonly kind: 'done'; readonly outcome: string }
  | { readonly kind: 'again'; readonly delayMs: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly isHopeless: boolean }
  | { readonly kind: 'left' };

/** Lets the handler of its kind do the job. Never throws. */
export async function handleJob(job: RunningJob, handlers: RunJobsOptions['handlers']): Promise<Ending> {
  try {
    const handler = Object.hasOwn(handlers, job.kind) ? handlers[job.kind] : undefined;
    if (handler === undefined) throw new Error(`no handler takes jobs of kind ${job.kind}`);
    const result = await handler(job);
    if ('done' in result) {
      checkName(result.done, 'outcome');
      return { kind: 'done', outcome: result.done };
    }
    const delayMs = Math.max(0, Math.ceil(result.againInMs));
    if (!Number.isFinite(delayMs)) throw new Error('againInMs is no number');
    return { kind: 'again', delayMs, reason: shortReason(result.reason) };
  } catch (error) {
    const isHopeless = error instanceof JobHopeless;
    if (job.signal.aborted && !isHopeless) return { kind: 'left' };
    const reason = shortReason(error instanceof Error ? error.message : String(error));
    return { kind: 'failed', reason, isHopeless };
  }
}

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 60_000;

/** Until a job that has failed `fails` times comes back: 1 s, doubling up to 60 s, and up to a quarter more so that many do not come back together. */
export function retryDelayMs(fails: number, random: () => number = Math.random): number {
  const base = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(fails - 1, 10));
  return Math.round(base * (1 + random() / 4));
}
