import type { JobHandler, JobQueue, RunningJob } from '@weft/job-queue';
import { formatInstant } from '@weft/model';
import type { AlertJob } from '../jobs.ts';
import type { AlertList } from './alert-list.ts';
import type { Alert } from './alert.ts';
import { isCrossed, observe, type AlertReader, type Observed } from './evaluate.ts';
import { LATE_MS } from './schedule.ts';
import type { Webhooks } from './settings.ts';
import { deliver } from './webhook.ts';

/** That it was told is remembered for longer than jobs are. */
const TOLD_MS = 7 * 86_400_000;

export type AlertOutcome = 'fired' | 'quiet' | 'skipped:disabled' | 'skipped:late' | 'skipped:empty';

export interface LookDeps {
  readonly list: AlertList;
  readonly reader: AlertReader;
  readonly queue: Pick<JobQueue, 'get' | 'put'>;
  readonly webhooks: Webhooks;
  readonly count: (outcome: AlertOutcome) => void;
  /** Milliseconds. */
  readonly clock: () => number;
}

/**
 * Looks at one window of one alert, and tells its webhook where the threshold is crossed. What is told is kept before it is
 * sent, so that every attempt says the same under the same key; that it was sent is kept after it.
 */
export function createAlertHandler(deps: LookDeps): JobHandler {
  const { queue, webhooks, count } = deps;
  return async (job) => {
    const toldKey = `alert-told:${job.id}`;
    const done = (outcome: AlertOutcome) => {
      count(outcome);
      return { done: outcome };
    };
    const found = await decide(deps, job);
    if (typeof found === 'string') return done(found);
    if ((await queue.get(toldKey)) !== undefined) return done('fired');
    const { alert, body } = found;
    await deliver(webhooks, { url: alert.webhookUrl, body, idempotencyKey: job.id, signal: job.signal });
    await queue.put(toldKey, '1', TOLD_MS);
    return done('fired');
  };
}

async function decide(
  { list, reader, clock }: LookDeps,
  job: RunningJob,
): Promise<AlertOutcome | { readonly alert: Alert; readonly body: string }> {
  const { projectId, alertRef, fromUs, toUs } = JSON.parse(job.data) as AlertJob;
  // A version that was replaced is silent: the window is its successor's.
  const alert = (await list(projectId)).find(({ ref, isActive }) => isActive && ref === alertRef);
  if (alert === undefined) return 'skipped:disabled';
  if (job.saved !== undefined) return { alert, body: job.saved };
  if (clock() - toUs / 1000 > LATE_MS) return 'skipped:late';
  const observed = await observe(reader, alert, { fromUs, toUs });
  if (observed === undefined) return 'skipped:empty';
  if (!isCrossed(alert, observed.value)) return 'quiet';
  const body = JSON.stringify(toBody(alert, observed, { id: job.id, fromUs, toUs, nowMs: clock() }));
  await job.save(body);
  return { alert, body };
}

/** What a webhook is sent: no payloads of calls, no address of its own. */
function toBody(
  alert: Alert,
  { value, count }: Observed,
  { id, fromUs, toUs, nowMs }: { id: string; fromUs: number; toUs: number; nowMs: number },
) {
  const { monitor_ref, scorer_ref, metric_path, source_type } = alert.about;
  return {
    type: 'alert.fired',
    version: 1,
    id,
    fired_at: formatInstant(nowMs * 1000),
    project_id: alert.projectId,
    alert: { name: alert.name, ref: alert.ref },
    window: { start: formatInstant(fromUs), end: formatInstant(toUs) },
    source_type,
    metric_path,
    aggregation_function: alert.aggregation,
    comparison_operator: alert.comparison,
    threshold: alert.threshold,
    value,
    count,
    op_names: alert.opNames,
    monitor_ref: monitor_ref ?? null,
    scorer_ref: scorer_ref ?? null,
  };
}
