import { ScoreError, type CallToScore, type Forecast, type Monitor, type Scorer } from '@weft/scoring';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import type { BudgetBook } from '../budgets/budgets.ts';
import { gatherCalls } from '../debounce/gathered.ts';
import { keyOf, readCalls } from '../read-calls.ts';
import type { Chosen } from './pass.ts';
import type { Sample } from './sample.ts';
import type { Group } from './work.ts';

/** What scores of the past are expected to take. */
export interface Estimate {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
  /** `none`: nobody is asked; `history`: forecasts put right by what earlier scores took; `forecast`: without that. */
  readonly basis: 'none' | 'history' | 'forecast';
  /** The same in words. */
  readonly how: string;
  readonly unpricedModels: readonly string[];
}

export interface EstimateDeps {
  readonly reader: Pick<TraceReader, 'streamCalls'>;
  readonly drift: BudgetBook['drift'];
  /** Most calls of what is gathered that are scored together. */
  readonly maxTogether: number;
}

/** Calls of each scorer that are looked into; of gathered ones fewer, because each takes a query of its own. */
export const SAMPLE_CALLS = 200;
export const SAMPLE_GATHERED = 40;
/** Fewer scores say too little of what the next ones take. */
const ENOUGH_SCORES = 20;
const PAYLOADS = ['attributes', 'inputs', 'output', 'summary'] as const;

/** One scorer's share. */
interface Share extends Forecast {
  readonly basis: Estimate['basis'];
  readonly how: string;
}

/** @param samples of the calls to score, by scorer. */
export async function estimate(
  deps: EstimateDeps,
  monitor: Monitor,
  groups: readonly Group[],
  samples: readonly Sample[],
): Promise<Estimate> {
  const shares: Share[] = [];
  for (const [i, { scorer, refs, problem }] of groups.entries()) {
    const sample = samples[i]!;
    if (sample.count === 0) continue;
    if (scorer === undefined) shares.push(nothing(`${refs.join(', ')} cannot be run: ${problem}`));
    else shares.push(await share(deps, monitor, scorer, sample));
  }
  const sum = (part: 'requests' | 'promptTokens' | 'completionTokens' | 'costUsd') =>
    shares.reduce((total, each) => total + each[part], 0);
  const asking = shares.filter(({ requests }) => requests > 0);
  return {
    requests: Math.round(sum('requests')),
    promptTokens: Math.round(sum('promptTokens')),
    completionTokens: Math.round(sum('completionTokens')),
    costUsd: Number(sum('costUsd').toFixed(6)),
    basis:
      asking.length === 0
        ? 'none'
        : asking.every(({ basis }) => basis === 'history')
          ? 'history'
          : 'forecast',
    how: shares.length === 0 ? 'there is nothing to score' : shares.map(({ how }) => how).join('; '),
    unpricedModels: [
      ...new Set(asking.flatMap(({ model, costUsd }) => (model === null || costUsd > 0 ? [] : model))),
    ],
  };
}

function nothing(how: string): Share {
  return { model: null, requests: 0, promptTokens: 0, completionTokens: 0, costUsd: 0, basis: 'none', how };
}

async function share(deps: EstimateDeps, monitor: Monitor, scorer: Scorer, sample: Sample): Promise<Share> {
  const name = scorer.scorers.map((each) => each.name).join(', ');
  const seen = await look(deps, monitor, scorer, sample.chosen);
  const model = seen.find(({ forecast }) => forecast.model !== null)?.forecast.model ?? null;
  const total = totalOf(seen, sample, model);
  if (total.requests === 0) return nothing(`${name} asks nobody`);
  const stands = `${name}: forecast for ${seen.length} of ${sample.count} calls`;
  const drift = model === null ? undefined : await deps.drift.of(monitor.projectId, monitor.name, model);
  if (drift === undefined || drift.scores < ENOUGH_SCORES)
    return {
      ...total,
      basis: 'forecast',
      how: `${stands}, before ${ENOUGH_SCORES} scores have shown how long answers are`,
    };
  const { promptTokens, completionTokens, scores } = drift;
  return {
    ...toForecast(model, (part) => total[part] * drift[part]),
    basis: 'history',
    how:
      `${stands}, put right as the last ${scores} scores with ${model} show: ` +
      `tokens of questions x ${promptTokens.toFixed(2)}, of answers x ${completionTokens.toFixed(2)}`,
  };
}

const PARTS = ['requests', 'promptTokens', 'completionTokens', 'costUsd'] as const;
type Part = (typeof PARTS)[number];

function toForecast(model: string | null, of: (part: Part) => number): Forecast {
  return {
    model,
    requests: of('requests'),
    promptTokens: of('promptTokens'),
    completionTokens: of('completionTokens'),
    costUsd: of('costUsd'),
  };
}

/** A call of the sample. */
interface Seen {
  readonly sizeBytes: number;
  readonly forecast: Forecast;
}

/**
 * Of all calls, from those of the sample: few large calls are most of the cost and a sample may have too many or too few of
 * them, so the size of all, which is known, decides how much of each part there is (regression estimator).
 */
function totalOf(seen: readonly Seen[], sample: Sample, model: string | null): Forecast {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const sizes = seen.map(({ sizeBytes }) => sizeBytes);
  const size = mean(sizes);
  const spread = mean(sizes.map((each) => (each - size) ** 2));
  const offBy = sample.sizeBytes / sample.count - size;
  return toForecast(model, (part) => {
    const values = seen.map(({ forecast }) => forecast[part]);
    const value = mean(values);
    const together = mean(values.map((each, i) => (each - value) * (sizes[i]! - size)));
    const slope = spread === 0 ? 0 : together / spread;
    return Math.max(0, sample.count * (value + slope * offBy));
  });
}

/** Payloads of so many calls are in memory at a time. */
const AT_ONCE = 20;

/** What is forecast for each call of the sample. What cannot be scored takes nothing. */
async function look(
  deps: EstimateDeps,
  monitor: Monitor,
  scorer: Scorer,
  chosen: readonly Chosen[],
): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let from = 0; from < chosen.length; from += AT_ONCE) {
    const some = chosen.slice(from, from + AT_ONCE);
    const calls = await readCalls(deps.reader, monitor.projectId, some, PAYLOADS);
    for (const each of some) {
      const call = calls.get(keyOf(each));
      // Deleted since it was chosen.
      if (call === undefined) continue;
      const together = await togetherWith(deps, monitor, each, call);
      const forecast = forecastOf(scorer, call, together, each.isAgentTurn);
      seen.push({ sizeBytes: each.sizeBytes, forecast: forecast ?? toForecast(null, () => 0) });
    }
  }
  return seen;
}

function forecastOf(
  scorer: Scorer,
  call: CallToScore,
  calls: readonly CallToScore[],
  isAgentTurn: boolean,
): Forecast | undefined {
  try {
    return scorer.forecast({ call, calls, isAgentTurn });
  } catch (error) {
    if (error instanceof ScoreError) return undefined;
    throw error;
  }
}

/** The calls that are scored together, as a score reads them. */
async function togetherWith(
  { reader, maxTogether }: EstimateDeps,
  monitor: Monitor,
  { gathered }: Chosen,
  call: StoredCall,
): Promise<readonly StoredCall[]> {
  if (gathered === null) return [call];
  return gatherCalls(reader, monitor, { projectId: monitor.projectId, ...gathered }, call, maxTogether);
}
