import { AppError } from '@weft/model';
import type { NewJob } from './job-queue.ts';

const KIB = 1024;
const MAX_DATA_BYTES = 64 * KIB;
const MAX_SAVED_BYTES = 256 * KIB;
const MAX_NAME = 256;
/** `entity/project`, 128 each. */
const MAX_PROJECT = 257;
const DEFAULT_PRIORITY = 50;
const MAX_REASON = 2000;

/** How long an ended job is known by its id. */
export const ENDED_MS = 24 * 3_600_000;
/** How long and how many dead jobs of a project are kept. */
export const DEAD_MS = 30 * ENDED_MS;
export const MAX_DEAD = 10_000;
/** As often may the process of a job vanish before the job is held to be the reason. */
export const MAX_LOST = 25;
export const VANISHED = `its process ended or stood still ${MAX_LOST} times while it ran`;

/** A job with its defaults. @throws AppError `invalid_request` where the caller has not kept to the seam. */
export function checkedJob(job: NewJob, nowMs: number): Required<NewJob> {
  check(/^[A-Za-z0-9_-]{1,128}$/.test(job.id), 'id of a job: 1 to 128 of A-Z, a-z, 0-9, _ and -');
  check(
    job.projectId !== '' && job.projectId.length <= MAX_PROJECT && !job.projectId.includes('\n'),
    'project of a job',
  );
  check(job.kind !== '' && job.kind.length <= MAX_NAME, 'kind of a job');
  checkName(job.group, 'group of a job');
  check(Buffer.byteLength(job.data) <= MAX_DATA_BYTES, `data of a job: at most ${MAX_DATA_BYTES} bytes`);
  const { priority = DEFAULT_PRIORITY, runAtMs = nowMs, ifKnown = 'keep' } = job;
  check(Number.isInteger(priority) && priority >= 0 && priority <= 100, 'priority of a job: 0 to 100');
  check(Number.isFinite(runAtMs), 'runAtMs of a job');
  return { ...job, priority, runAtMs: Math.max(0, Math.floor(runAtMs)), ifKnown };
}

export function checkName(name: string, what: string): void {
  check(
    name.length <= MAX_NAME && !name.includes('\n'),
    `${what}: at most ${MAX_NAME} characters in one line`,
  );
}

export function checkSaved(text: string): void {
  check(Buffer.byteLength(text) <= MAX_SAVED_BYTES, `a job keeps at most ${MAX_SAVED_BYTES} bytes`);
}

export function checkText(key: string, text: string): void {
  checkName(key, 'key');
  check(Buffer.byteLength(text) <= MAX_DATA_BYTES, `a kept text has at most ${MAX_DATA_BYTES} bytes`);
}

/** What is kept of an error's or handler's words. */
export function shortReason(reason: string): string {
  return reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON)}…`;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new AppError('invalid_request', what);
}
