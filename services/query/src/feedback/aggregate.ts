import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import type { FeedbackAggregateRequest } from '@weft/weave-api';

const DAY_MS = 86_400_000;
const MAX_RANGE_DAYS = 31;
const MAX_BUCKETS = 256;
/** Groups of an answer; there are no more where values have a few forms. */
const MAX_GROUPS = 10_000;

/** Tags and ratings added up (weave-api §4.8). @throws AppError `invalid_request` */
export async function feedbackAggregate(
  reader: TraceReader,
  request: FeedbackAggregateRequest,
): Promise<object> {
  checkRange(request);
  const {
    after_ms: afterMs,
    before_ms: beforeMs,
    time_bucket_seconds: bucketSeconds,
    group_by: groupBy = [],
  } = request;
  const found = await reader.aggregateFeedback(
    {
      projectId: request.project_id,
      startUs: afterMs * 1000,
      endUs: beforeMs * 1000,
      bucketSeconds,
      groupBy,
      typePrefixes: request.feedback_types,
      tags: request.tags,
      ratingMin: request.rating_min,
      ratingMax: request.rating_max,
      monitorIds: request.monitor_ids,
      scorerIds: request.scorer_ids,
      agentNames: request.span_agent_names,
      targetKinds: request.span_types ?? [],
    },
    MAX_GROUPS,
  );
  const isTotal = bucketSeconds === undefined && groupBy.length === 0;
  return {
    time_bucket_seconds: bucketSeconds ?? null,
    after_ms: afterMs,
    before_ms: beforeMs,
    buckets: (found.length === 0 && isTotal ? [NOTHING] : found).map((row) => ({
      time_bucket_start_ms: row.bucketStartMs,
      group: Object.fromEntries(groupBy.map((name, i) => [name, row.group[i]!])),
      total_count: row.count,
      scored_count: row.scoredCount,
      tag_counts: Object.fromEntries(row.tagCounts),
      rating_counts: Object.fromEntries(row.ratingCounts),
      rating_sums: Object.fromEntries(row.ratingSums),
    })),
  };
}

const NOTHING = {
  bucketStartMs: null,
  group: [],
  count: 0,
  scoredCount: 0,
  tagCounts: new Map<string, number>(),
  ratingCounts: new Map<string, number>(),
  ratingSums: new Map<string, number>(),
} as const;

/** Only the bare total may go over all time. */
function checkRange(request: FeedbackAggregateRequest): void {
  const rangeMs = request.before_ms - request.after_ms;
  const { time_bucket_seconds: bucketSeconds } = request;
  if (rangeMs <= 0) throw invalid('before_ms must be greater than after_ms');
  if (rangeMs > MAX_RANGE_DAYS * DAY_MS && !isBareTotal(request))
    throw invalid(
      `requests over ${MAX_RANGE_DAYS} days must be a project-wide total: no time_bucket_seconds, no group_by, and no filters`,
    );
  if (bucketSeconds !== undefined && rangeMs / 1000 / bucketSeconds > MAX_BUCKETS)
    throw invalid(`time_bucket_seconds: there are more than ${MAX_BUCKETS} buckets`);
}

function isBareTotal(request: FeedbackAggregateRequest): boolean {
  const { project_id, after_ms, before_ms, ...rest } = request;
  return Object.values(rest).every(
    (value) => value === undefined || (Array.isArray(value) && value.length === 0),
  );
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', message);
}
