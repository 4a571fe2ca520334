import type { JobState } from '@weft/job-queue';
import { formatInstant } from '@weft/model';
import type { Amounts, Limits } from '../budgets/limits.ts';
import type { Estimate } from '../history/estimate.ts';
import type { HistoryCounts } from '../history/history.ts';
import type { ScoreJob } from '../jobs.ts';
import type { Entry } from '../ledger/ledger.ts';

/** Answers as they are on the wire. */

export function toSpend({ calls, tokens, microUsd }: Amounts) {
  return { calls, tokens, usd: microUsd / 1e6 };
}

export function toLimits({ calls, tokens, microUsd }: Limits) {
  return {
    calls_per_day: calls,
    tokens_per_day: tokens,
    usd_per_day: microUsd === null ? null : microUsd / 1e6,
  };
}

export function toLedger({ name, monitor, skipped, spent, limits, ...counts }: Entry) {
  const { matched, scored, failed, pending, running } = counts;
  return {
    monitor: name,
    display_name: monitor?.displayName ?? null,
    active: monitor?.active ?? null,
    ref: monitor?.ref ?? null,
    sampling_rate: monitor?.samplingRate ?? null,
    matched,
    scored,
    failed,
    skipped_total: [...skipped.values()].reduce((sum, count) => sum + count, 0),
    skipped: Object.fromEntries([...skipped].sort(([a], [b]) => (a < b ? -1 : 1))),
    pending,
    running,
    spend: toSpend(spent),
    budget: toLimits(limits),
  };
}

export function toCounts({ calls, matched, sampled, scored, queued, toScore }: HistoryCounts) {
  return { calls, matched, sampled, scored, queued, to_score: toScore };
}

export function toEstimate(estimate: Estimate) {
  const { requests, promptTokens, completionTokens, costUsd, basis, how, unpricedModels } = estimate;
  return {
    requests,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    cost_usd: costUsd,
    basis,
    how,
    unpriced_models: unpricedModels,
  };
}

export function toJob({ id, kind, state, outcome, attempt, reason, progress, addedAtMs }: JobState) {
  return { id, kind, state, outcome, attempt, reason, progress, added_at: formatInstant(addedAtMs * 1000) };
}

export function toDeadJob({ id, kind, group, data, reason, attempt, addedAtMs }: JobState) {
  const { callId, monitorRef, scorerRefs } = JSON.parse(data) as Partial<ScoreJob>;
  return {
    id,
    kind,
    monitor: group,
    reason,
    attempt,
    added_at: formatInstant(addedAtMs * 1000),
    call_id: callId ?? null,
    monitor_ref: monitorRef ?? null,
    scorer_refs: scorerRefs ?? [],
  };
}
