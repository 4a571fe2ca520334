import { AppError, formatInstant, nowUs, parseInstant } from '@weft/model';
import type { FeedbackMetric, FeedbackRange, TraceReader } from '@weft/trace-store';
import type { FeedbackMetricSpec, FeedbackStatsRequest } from '@weft/weave-api';

const DAY_S = 86_400;
const MAX_RANGE_DAYS = 31;
const MAX_BUCKETS = 10_000;

/** [start, end) of a request; the end is now unless it is given. @throws AppError `invalid_request` */
export function toRange(
  request: Pick<FeedbackStatsRequest, 'project_id' | 'start' | 'end' | 'feedback_type' | 'trigger_ref'>,
): FeedbackRange {
  const startUs = instant('start', request.start);
  const endUs = request.end === undefined ? nowUs() : instant('end', request.end);
  if (endUs < startUs) throw invalid('end: must be after start');
  if (endUs - startUs > MAX_RANGE_DAYS * DAY_S * 1e6)
    throw invalid(`end: the range cannot exceed ${MAX_RANGE_DAYS} days`);
  const { project_id: projectId, feedback_type: feedbackType, trigger_ref: triggerRef } = request;
  return { projectId, startUs, endUs, feedbackType, triggerRef };
}

type Value = number | null;

/** Values of payloads by time and over the whole range (weave-api §4.8). @throws AppError `invalid_request` */
export async function feedbackStatistics(
  reader: TraceReader,
  request: FeedbackStatsRequest,
): Promise<object> {
  const range = toRange(request);
  const { timezone = 'UTC', metrics: specs = [] } = request;
  const timestamp = timestampsIn(timezone);
  const metrics = specs.map(toMetric);
  const granularity = specs.length === 0 ? 3600 : granularityOf(range, request.granularity);
  const answer = {
    start: formatInstant(range.startUs),
    end: formatInstant(range.endUs),
    granularity,
    timezone,
  };
  if (specs.length === 0) return { ...answer, buckets: [], window_stats: null };
  const names = metrics.map(({ aggregations, percentiles }) => [
    ...aggregations,
    ...percentiles.map((percentile) => `p${percentile}`),
  ]);
  const slugs = metrics.map(({ path }) => path.join('_').replaceAll(' ', '_'));
  const [rows, [whole]] = await Promise.all([
    reader.feedbackStats(range, metrics, granularity),
    reader.feedbackStats(range, metrics),
  ]);
  const found = new Map(rows.map((row) => [row.startS, row]));
  const starts = bucketStarts(range, granularity);
  const buckets = starts.map((startS) => {
    const row = found.get(startS);
    const values = names.flatMap((list, m) =>
      list.map((name, i) => [`${name}_${slugs[m]!}`, orZero(name, row?.values[m]?.[i] ?? null)] as const),
    );
    return { timestamp: timestamp(startS), ...Object.fromEntries(values), count: row?.count ?? 0 };
  });
  const window = names.map(
    (list, m) =>
      [
        slugs[m]!,
        Object.fromEntries(list.map((name, i) => [name, overall(name, whole?.values[m]?.[i] ?? null)])),
      ] as const,
  );
  return { ...answer, buckets, window_stats: Object.fromEntries(window) };
}

/** In a bucket nothing adds up to 0, W&B's average of nothing too. */
function orZero(name: string, value: Value): Value {
  return value ?? (/^(sum|avg|count)/.test(name) ? 0 : null);
}

function overall(name: string, value: Value): Value {
  return value ?? (name.startsWith('count') ? 0 : null);
}

const DEFAULTS = {
  numeric: ['avg', 'min', 'max'],
  boolean: ['count_true', 'count_false'],
  categorical: ['count'],
} as const;
const PATH = /^[a-zA-Z0-9_. ]+$/;

function toMetric(spec: FeedbackMetricSpec, index: number): FeedbackMetric {
  const at = `metrics[${index}]`;
  const valueType = spec.value_type ?? 'numeric';
  const { aggregations = [], percentiles = [] } = spec;
  if (!PATH.test(spec.json_path) || spec.json_path.trim() === '')
    throw invalid(`${at}.json_path: json_path may only contain [a-zA-Z0-9_. ]`);
  if (percentiles.some((p) => p < 0 || p > 100))
    throw invalid(`${at}.percentiles: Percentile must be between 0 and 100`);
  return {
    path: spec.json_path.trim().split('.'),
    valueType,
    aggregations: aggregations.length > 0 ? aggregations : DEFAULTS[valueType],
    percentiles: valueType === 'numeric' ? percentiles : [],
  };
}

/** Seconds: as asked, else by the length of the range; never so few that there are more than 10,000 buckets. */
function granularityOf({ startUs, endUs }: FeedbackRange, asked: number | undefined): number {
  const seconds = (endUs - startUs) / 1e6;
  const wanted = asked !== undefined && asked > 0 ? asked : defaultGranularity(seconds);
  return seconds / wanted <= MAX_BUCKETS ? wanted : Math.max(wanted, Math.floor(seconds / MAX_BUCKETS) + 1);
}

function defaultGranularity(seconds: number): number {
  if (seconds <= 2 * 3600) return 300;
  if (seconds <= 12 * 3600) return 3600;
  if (seconds <= 3 * DAY_S) return 6 * 3600;
  return seconds <= 14 * DAY_S ? 12 * 3600 : DAY_S;
}

function bucketStarts({ startUs, endUs }: FeedbackRange, granularity: number): number[] {
  const first = Math.floor(startUs / 1e6 / granularity) * granularity;
  const starts: number[] = [];
  for (let startS = first; startS * 1e6 < endUs; startS += granularity) starts.push(startS);
  return starts;
}

/** Unix seconds → `2026-01-02T03:04:05-05:00`. */
function timestampsIn(timeZone: string): (seconds: number) => string {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    throw invalid('timezone: is no IANA time zone');
  }
  return (seconds) => {
    const name = format.formatToParts(seconds * 1000).find(({ type }) => type === 'timeZoneName')!.value;
    const [, sign = '+', hours = '00', minutes = '00'] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    const offsetS = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60);
    return `${new Date((seconds + offsetS) * 1000).toISOString().slice(0, 19)}${sign}${hours}:${minutes}`;
  };
}

function instant(name: string, text: string): number {
  const us = parseInstant(text);
  if (us === undefined) throw invalid(`${name}: must be an ISO 8601 time`);
  return us;
}

function invalid(message: string): AppError {
  return new AppError('invalid_request', message);
}
