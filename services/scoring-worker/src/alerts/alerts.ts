import type { JobHandler, JobQueue } from '@weft/job-queue';
import { readStoredCallEvent, type TraceEvent } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';
import type { GuardedHttpOptions } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import { createAlertList } from './alert-list.ts';
import type { AlertReader } from './evaluate.ts';
import { createAlertHandler } from './look.ts';
import { createSchedule } from './schedule.ts';
import { openWebhooks, type AlertsConfig } from './settings.ts';

export interface AlertsDeps {
  readonly reader: AlertReader & Pick<TraceReader, 'streamObjects'>;
  readonly queue: Pick<JobQueue, 'add' | 'get' | 'put'>;
  readonly config: AlertsConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How webhooks are asked, besides the policy. */
  readonly http?: Omit<GuardedHttpOptions, 'policy'>;
  /** A window is looked at so long after its end: calls and scores of its last moments are stored by then. */
  readonly settleMs?: number;
  /** Milliseconds. */
  readonly clock?: () => number;
}

export interface Alerts {
  /** Of jobs of the kind `alert`. */
  readonly handler: JobHandler;
  /**
   * Calls of this project have ended: adds the jobs that look at its alerts' windows, each once whoever asks. From then on
   * the project is looked at for an hour, also where it is not named again. Costs nothing where nothing is new.
   * @param endedAtUs ends of the calls: windows of up to a day ago are looked at for those that come late.
   * @throws AppError `store_unavailable`, `queue_unavailable`
   */
  schedule(projectId: string, endedAtUs?: readonly number[]): Promise<void>;
  /** Schedules for the projects of these `call.stored` events, scores among them; others are ignored. Throws as `schedule`. */
  heard(events: readonly TraceEvent[]): Promise<void>;
  /** Looks at no more projects. Jobs that were added stay. */
  close(): Promise<void>;
}

const SETTLE_MS = 30_000;
/** Shorter than the shortest window. */
const TICK_MS = 5000;

/**
 * Webhooks for scores and metrics that cross a threshold over a window, once for each alert and window over all workers.
 * Without WEFT_ALERTS_ALLOWED_HOSTS there are none. @throws ConfigError
 */
export function createAlerts(deps: AlertsDeps): Alerts {
  const { reader, queue, logger, clock = Date.now, settleMs = SETTLE_MS } = deps;
  const webhooks = openWebhooks(deps.config, deps.http);
  if (webhooks === undefined) return NONE;
  const counter = deps.metrics.counter({
    name: 'scoring_alerts_total',
    help: 'Windows of alerts that were looked at, by what came of it',
    labels: ['outcome'],
  });
  const list = createAlertList({ reader, logger, clock });
  const count = (outcome: string) => counter.inc({ outcome });
  const { schedule, tick } = createSchedule({ list, queue, logger, settleMs, clock });
  let ticking: Promise<void> | undefined;
  const timer = setInterval(() => {
    ticking ??= tick().finally(() => (ticking = undefined));
  }, TICK_MS);
  timer.unref();
  return {
    handler: createAlertHandler({ list, reader, queue, webhooks, count, clock }),
    schedule,
    async heard(events) {
      for (const [projectId, endedAtUs] of endsByProject(events)) await schedule(projectId, endedAtUs);
    },
    async close() {
      clearInterval(timer);
      await ticking;
    },
  };
}

/** Jobs that were added while there were webhooks end without a word. */
const NONE: Alerts = {
  handler: async () => ({ done: 'skipped:disabled' }),
  schedule: async () => undefined,
  heard: async () => undefined,
  close: async () => undefined,
};

/** What cannot be read is the intake's to tell of. */
function endsByProject(events: readonly TraceEvent[]): ReadonlyMap<string, readonly number[]> {
  const ends = new Map<string, number[]>();
  for (const event of events) {
    if (event.kind !== 'call.stored') continue;
    const known = ends.get(event.projectId);
    const endedAtUs = endOf(event);
    if (known === undefined) ends.set(event.projectId, [endedAtUs]);
    else known.push(endedAtUs);
  }
  return ends;
}

function endOf(event: TraceEvent): number {
  try {
    return readStoredCallEvent(event).endedAtUs;
  } catch {
    return 0;
  }
}
