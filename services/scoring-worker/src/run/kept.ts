import type { RunningJob } from '@weft/job-queue';
import type { Answer } from './results.ts';

/** What a score job remembers between its runs. */
export interface Kept {
  /** It is paid for, and may not have reached the log. */
  readonly answer?: Answer;
  /** Since when the call, or media of it, could not be read, milliseconds. */
  readonly missingSinceMs?: number;
  /** Since when the provider has been sending it away, milliseconds, and how often. */
  readonly limitedSinceMs?: number;
  readonly limitedTimes?: number;
  /** Answers that could not be used. */
  readonly garbage?: number;
}

/** Of each part: together below what a job can keep, 256 KiB. */
const MAX_BYTES = 60 * 1024;

export function readKept({ saved }: RunningJob): Kept {
  return saved === undefined ? {} : (JSON.parse(saved) as Kept);
}

export async function keep(job: RunningJob, kept: Kept): Promise<void> {
  await job.save(JSON.stringify(kept));
}

/** The answer in a size that can be kept: what is only to be looked at goes first. Undefined: the verdicts alone are too large. */
export function keepable(answer: Answer): Answer | undefined {
  const isLarge = (value: unknown) => Buffer.byteLength(JSON.stringify(value ?? null)) > MAX_BYTES;
  const bare = (value: unknown) => (isLarge(value) ? LEFT_OUT : value);
  if (isLarge(answer.verdicts)) return undefined;
  return { ...answer, request: bare(answer.request), reply: bare(answer.reply) };
}

const LEFT_OUT = '(left out: too large)';
