import { createHash } from 'node:crypto';
import type { JobQueue, NewJob } from '@weft/job-queue';
import type { Logger } from '@weft/runtime';
import { BoundedMap } from '../bounded-map.ts';
import type { AlertJob } from '../jobs.ts';
import type { AlertList } from './alert-list.ts';
import type { Alert } from './alert.ts';
import { windowAt, windowsBetween, type Window } from './windows.ts';

export interface ScheduleDeps {
  readonly list: AlertList;
  readonly queue: Pick<JobQueue, 'add'>;
  readonly logger: Logger;
  readonly settleMs: number;
  /** Milliseconds. */
  readonly clock: () => number;
}

export interface Schedule {
  schedule(projectId: string, endedAtUs?: readonly number[]): Promise<void>;
  /** Looks at projects that were named lately: scores come after the calls, and windows end while nothing happens. */
  tick(): Promise<void>;
}

/** A project that is not named again is looked at for this long. */
const WATCHED_MS = 3_600_000;
const MAX_WATCHED = 10_000;
/** Windows that are made up for after a pause. */
const MAX_CATCH_UP = 60;
const MAX_ADDED = 100_000;
/** Calls that come later than this are no news. */
export const LATE_MS = 86_400_000;
/** Before scores: alerts are few and somebody waits for them. */
const PRIORITY = 20;

interface Watched {
  readonly namedMs: number;
  /** Windows that ended before are added. */
  readonly lookedMs: number;
}

/** Which windows of which alerts are looked at, and when. Ids follow from both, so that all workers ask for the same jobs. */
export function createSchedule({ list, queue, logger, settleMs, clock }: ScheduleDeps): Schedule {
  const added = new BoundedMap<true>(MAX_ADDED);
  const watched = new Map<string, Watched>();

  function watch(projectId: string, state: Watched): void {
    watched.delete(projectId);
    watched.set(projectId, state);
    if (watched.size > MAX_WATCHED) watched.delete(watched.keys().next().value!);
  }

  /** @returns whether there are alerts at all. */
  async function look(projectId: string, sinceMs: number, endedAtUs: readonly number[]): Promise<boolean> {
    const nowMs = clock();
    const alerts = (await list(projectId)).filter(({ isActive }) => isActive);
    const late = endedAtUs.filter((us) => us > (nowMs - LATE_MS) * 1000 && us < nowMs * 1000);
    const jobs = new Map<string, NewJob>();
    for (const alert of alerts) {
      const { windowSeconds } = alert;
      const windows = windowsBetween(sinceMs * 1000, nowMs * 1000, windowSeconds, MAX_CATCH_UP);
      for (const window of [...late.map((us) => windowAt(us, windowSeconds)), ...windows]) {
        const job = toJob(alert, window, settleMs);
        if (added.get(job.id) === undefined) jobs.set(job.id, job);
      }
    }
    if (jobs.size > 0) await queue.add([...jobs.values()]);
    for (const id of jobs.keys()) added.set(id, true);
    return alerts.length > 0;
  }

  return {
    async schedule(projectId, endedAtUs = []) {
      const nowMs = clock();
      const hasAlerts = await look(projectId, watched.get(projectId)?.lookedMs ?? nowMs, endedAtUs);
      if (hasAlerts) watch(projectId, { namedMs: nowMs, lookedMs: nowMs });
      else watched.delete(projectId);
    },
    async tick() {
      for (const [projectId, { namedMs, lookedMs }] of [...watched]) {
        const nowMs = clock();
        try {
          const isWatched = (await look(projectId, lookedMs, [])) && nowMs - namedMs < WATCHED_MS;
          // It may have been named meanwhile.
          if (watched.get(projectId)?.namedMs !== namedMs) continue;
          if (isWatched) watched.set(projectId, { namedMs, lookedMs: nowMs });
          else watched.delete(projectId);
        } catch (err) {
          logger.warn({ err, project: projectId }, 'alerts are looked at later');
        }
      }
    },
  };
}

function toJob(
  { projectId, name, ref: alertRef }: Alert,
  { fromUs, toUs }: Window,
  settleMs: number,
): NewJob {
  const hash = createHash('sha256')
    .update(JSON.stringify([alertRef, fromUs]))
    .digest('hex');
  const data: AlertJob = { projectId, alertRef, fromUs, toUs };
  return {
    id: `alert-${hash.slice(0, 40)}`,
    projectId,
    kind: 'alert',
    group: alertGroup(name),
    data: JSON.stringify(data),
    priority: PRIORITY,
    runAtMs: Math.ceil(toUs / 1000) + settleMs,
  };
}

/** Names of monitors have no slash. */
export function alertGroup(name: string): string {
  return `alerts/${name}`;
}
