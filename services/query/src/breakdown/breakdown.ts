import { AppError } from '@weft/model';
import type {
  BreakdownGroup,
  BreakdownQuery,
  BreakdownReads,
  BreakdownTokens,
  TraceReader,
} from '@weft/trace-store';
import { priceChangesUs, pricesFor, totalOf } from '../token-costs.ts';
import { FiguresOf, type GroupFigures } from './figures.ts';

export type BreakdownReader = BreakdownReads & Pick<TraceReader, 'pricesOf' | 'priceChanges'>;

export interface BreakdownRequest {
  readonly query: BreakdownQuery;
  readonly order: 'calls' | 'errors' | 'latency' | 'tokens' | 'cost';
  readonly limit: number;
  /** Also over time. */
  readonly withSeries: boolean;
  readonly signal: AbortSignal;
}

export interface Breakdown {
  readonly total: GroupFigures;
  readonly groups: readonly { readonly group: BreakdownGroup; readonly figures: GroupFigures }[];
  readonly other: GroupFigures | null;
  readonly unpricedModels: readonly string[];
}

/** What a group costs is known once its tokens are: as many groups with the most tokens are looked at. */
const MAX_CANDIDATES = 1000;
/** Of an answer of the store: buckets × groups × models × prices. */
const MAX_ROWS = 400_000;
const MAX_UNPRICED = 100;

/** Figures of the first groups, of the others together, and of all. */
export async function breakDown(reader: BreakdownReader, request: BreakdownRequest): Promise<Breakdown> {
  const { query, withSeries, signal } = request;
  const { by, range } = query;
  const changesUs = await priceChangesUs(reader, range);
  const groups = by.length === 0 ? [] : await firstGroups(reader, request, changesUs);
  const [calls, allCalls, tokens] = await Promise.all([
    reader.breakdownCalls(query, groups, withSeries, signal),
    // Quantiles of groups say nothing of those of all, and calls with several models are in several groups.
    by.length === 0 ? undefined : reader.breakdownCalls({ range, by: [] }, [], withSeries, signal),
    readTokens(reader, query, groups, changesUs, signal),
  ]);
  const costOf = await pricesFor(reader, range, modelsOf(tokens));
  const figures = groups.map(() => new FiguresOf());
  const [total, other] = [new FiguresOf(), new FiguresOf()];
  const unpriced = new Set<string>();
  for (const row of calls) (figures[row.group] ?? other).addCalls(row);
  for (const row of allCalls ?? calls) total.addCalls(row);
  for (const row of tokens) {
    const cost = costOf(row);
    if (cost === undefined) unpriced.add(row.model);
    for (const to of [figures[row.group] ?? other, total])
      to.addTokens(row, cost === undefined ? 0 : totalOf(cost));
  }
  const startsUs = withSeries ? range.bucketStartsUs : undefined;
  return {
    total: total.render(startsUs),
    groups: groups.map((group, i) => ({ group, figures: figures[i]!.render(startsUs) })),
    other: by.length === 0 || other.isEmpty ? null : other.render(startsUs),
    unpricedModels: [...unpriced].sort().slice(0, MAX_UNPRICED),
  };
}

async function firstGroups(
  reader: BreakdownReader,
  { query, order, limit, signal }: BreakdownRequest,
  changesUs: readonly number[],
): Promise<readonly BreakdownGroup[]> {
  if (order !== 'cost') return reader.topGroups(query, order, limit, signal);
  const candidates = await reader.topGroups(query, 'tokens', MAX_CANDIDATES, signal);
  const { fromUs } = query.range;
  const whole = { ...query, range: { ...query.range, bucketStartsUs: [fromUs] } };
  const tokens = await readTokens(reader, whole, candidates, changesUs, signal);
  const costOf = await pricesFor(reader, query.range, modelsOf(tokens));
  const costs = candidates.map(() => 0);
  for (const row of tokens) {
    const cost = costOf(row);
    if (row.group >= 0 && cost !== undefined) costs[row.group]! += totalOf(cost);
  }
  // Of equal costs, such as none, those with more tokens come first: the sort is stable.
  return candidates
    .map((group, i) => ({ group, cost: costs[i]! }))
    .sort((a, b) => b.cost - a.cost)
    .slice(0, limit)
    .map(({ group }) => group);
}

async function readTokens(
  reader: BreakdownReader,
  query: BreakdownQuery,
  groups: readonly BreakdownGroup[],
  changesUs: readonly number[],
  signal: AbortSignal,
): Promise<readonly BreakdownTokens[]> {
  const rows = await reader.breakdownTokens(query, groups, changesUs, MAX_ROWS + 1, signal);
  if (rows.length <= MAX_ROWS) return rows;
  throw new AppError(
    'invalid_request',
    'limit: too many groups, models and buckets; ask for fewer groups, a longer granularity or a shorter range',
  );
}

const modelsOf = (tokens: readonly BreakdownTokens[]): string[] => tokens.map(({ model }) => model);
