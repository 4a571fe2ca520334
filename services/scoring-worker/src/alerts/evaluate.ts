import { costOf, priceBook } from '@weft/prices';
import type { SeriesSummary, TraceReader } from '@weft/trace-store';
import type { Alert } from './alert.ts';

export type AlertReader = Pick<TraceReader, 'summariseSeries' | 'tokenSums' | 'priceChanges' | 'pricesOf'>;

export interface Observed {
  readonly value: number;
  /** Calls or scores that it was made of. */
  readonly count: number;
}

const DAY_US = 86_400_000_000;
/** Models and changes of price of one window; what is more is not seen. */
const MAX_SUMS = 10_000;

/** What the window shows; undefined = there is nothing to tell. */
export async function observe(
  reader: AlertReader,
  alert: Alert,
  window: { readonly fromUs: number; readonly toUs: number },
): Promise<Observed | undefined> {
  const { projectId, series, newest, looksBack, match } = alert;
  if (series === null) return cost(reader, alert, window);
  const { fromUs, toUs } = window;
  const query = { projectId, toUs, newest, of: series, ...(match === undefined ? {} : { match }) };
  const summary = await reader.summariseSeries({ ...query, fromUs: looksBack ? toUs - DAY_US : fromUs });
  // Where nothing is new, an earlier window has said it.
  if (looksBack && summary.newestUs < fromUs) return undefined;
  const value = aggregate(alert, summary);
  return value === null ? undefined : { value, count: summary.count };
}

function aggregate({ aggregation, match }: Alert, summary: SeriesSummary): number | null {
  switch (aggregation) {
    case 'count':
      return match === undefined ? summary.count : summary.matched;
    case 'percentage':
      if (summary.count === 0) return null;
      return (100 * (match === undefined ? summary.nonZero : summary.matched)) / summary.count;
    default:
      return summary[aggregation];
  }
}

/** US dollars of calls that began in the window, as far as the prices of their models are known. */
async function cost(
  reader: AlertReader,
  { projectId, opNames }: Alert,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): Promise<Observed | undefined> {
  const filter = opNames.length === 0 ? {} : { opNames };
  const range = { projectId, filter, fromUs, toUs, bucketStartsUs: [fromUs] };
  const midnightUs = Math.ceil(fromUs / DAY_US) * DAY_US;
  const changes = new Set(await reader.priceChanges(projectId, fromUs, toUs));
  if (midnightUs < toUs) changes.add(midnightUs);
  const sums = await reader.tokenSums(
    range,
    [...changes].sort((a, b) => a - b),
    MAX_SUMS,
  );
  const prices = await reader.pricesOf(projectId, [...new Set(sums.map(({ model }) => model))]);
  const book = priceBook(prices.map((price) => ({ ...price, level: 'project' })));
  let [value, count] = [0, 0];
  for (const { model, sinceUs, uncached, completion, cacheRead, cacheCreation, count: calls } of sums) {
    count += calls;
    const price = book.priceOf(model, Math.max(sinceUs, fromUs));
    if (price === undefined) continue;
    const {
      prompt,
      completion: answers,
      ...caches
    } = costOf(
      {
        promptTokens: uncached + cacheRead + cacheCreation,
        completionTokens: completion,
        cacheReadTokens: cacheRead,
        cacheCreationTokens: cacheCreation,
      },
      price,
    );
    value += prompt + answers + caches.cacheRead + caches.cacheCreation;
  }
  return count === 0 ? undefined : { value, count };
}

/** Sums of floating-point numbers are equal where they differ in their last digits only. */
export function isCrossed({ comparison, threshold }: Alert, value: number): boolean {
  if (comparison === 'GREATER_THAN') return value > threshold;
  if (comparison === 'LESS_THAN') return value < threshold;
  return Math.abs(value - threshold) <= 1e-9 * Math.max(1, Math.abs(threshold));
}
