import { route, type Route } from '@weft/http';
import { AppError, formatInstant, nowUs } from '@weft/model';
import { callsBreakdown } from '@weft/weave-api';
import { breakDown, type BreakdownReader } from '../breakdown/breakdown.ts';
import { toCallsFilter } from '../calls-requests.ts';
import { sendJson } from '../send.ts';
import { cutIntoBuckets } from '../stats-buckets.ts';

const MAX_RANGE_US = 31 * 86_400_000_000;
/** Of one answer: buckets × groups. */
const MAX_POINTS = 20_000;

/** Figures of calls by model, op, user or thread. */
export function breakdownRoute(reader: BreakdownReader): Route {
  return route(callsBreakdown, async (request, { req, res, signal }) => {
    const { start: fromUs, end: toUs = nowUs(), timezone = 'UTC', by, series, limit } = request;
    if (toUs <= fromUs) throw new AppError('invalid_request', 'end: must be after start');
    if (toUs - fromUs > MAX_RANGE_US)
      throw new AppError('invalid_request', 'start: at most 31 days can be looked at');
    const buckets = cutIntoBuckets(fromUs, toUs, request.granularity, timezone);
    if (series && buckets.startsUs.length * (limit + 2) > MAX_POINTS)
      throw new AppError('invalid_request', `granularity: more than ${MAX_POINTS} points`);
    const range = {
      projectId: request.project_id,
      filter: toCallsFilter(request.filter),
      fromUs,
      toUs,
      bucketStartsUs: series ? buckets.startsUs : [fromUs],
    };
    const found = await breakDown(reader, {
      query: { range, by },
      order: request.order_by,
      limit,
      withSeries: series,
      signal,
    });
    const answer = {
      start: formatInstant(fromUs),
      end: formatInstant(toUs),
      granularity: series ? buckets.granularityS : null,
      timezone,
      timestamps: series ? buckets.startsUs.map((us) => buckets.format(us)) : [],
      total: found.total,
      groups: found.groups.map(({ group, figures }) => ({
        key: Object.fromEntries(by.map((dimension, i) => [dimension, group.key[i]!])),
        ...figures,
      })),
      other: found.other,
      unpriced_models: found.unpricedModels,
    };
    await sendJson(req, res, JSON.stringify(answer));
  });
}
