import type { Trial } from '../../api/evaluations.ts';
import { BigNumber } from '../../api/request.ts';
import { count, duration, money } from '../../ui/format.ts';
import { comparePairs, mean, type Comparison } from './stats.ts';

/** What is measured of each example of a run: every leaf of what scorers returned, and what the model took. */
export interface Metric {
  /** Unique, and good in an address: `exact`, `style.length`, `latency`. */
  readonly key: string;
  /** Below `scores`; undefined of what is measured of the model itself. */
  readonly path: readonly string[] | undefined;
  readonly kind: 'yes-no' | 'number' | 'text' | 'seconds' | 'tokens' | 'money';
}

/** An example with the trials of each run. */
export interface Example {
  readonly digest: string;
  readonly data: unknown;
  readonly trials: ReadonlyMap<string, readonly Trial[]>;
}

const OF_MODELS: readonly Metric[] = [
  { key: ':latency', path: undefined, kind: 'seconds' },
  { key: ':tokens', path: undefined, kind: 'tokens' },
  { key: ':cost', path: undefined, kind: 'money' },
];

const LABELS = new Map([[':latency', 'Latency'], [':tokens', 'Tokens'], [':cost', 'Cost']]); // prettier-ignore

export function labelOf({ key }: Metric): string {
  return LABELS.get(key) ?? key;
}

const MAX_METRICS = 200;
const MAX_DEPTH = 16;

/** Those of scorers in the order in which they come, then those of models that anything is known of. */
export function metricsOf(examples: readonly Example[]): Metric[] {
  const found = new Map<string, Metric>();
  for (const { trials } of examples)
    for (const ofRun of trials.values()) for (const { scores } of ofRun) addLeaves(found, scores, []);
  const all = examples.flatMap(({ trials }) => [...trials.values()].flat());
  return [
    ...found.values(),
    ...OF_MODELS.filter((metric) => all.some((trial) => valueOf(trial, metric) !== undefined)),
  ];
}

function addLeaves(found: Map<string, Metric>, value: unknown, path: readonly string[]): void {
  if (path.length > MAX_DEPTH || found.size >= MAX_METRICS) return;
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof BigNumber)) {
    for (const [name, member] of Object.entries(value)) addLeaves(found, member, [...path, name]);
    return;
  }
  const kind = kindOf(value);
  if (kind === undefined || path.length === 0) return;
  const key = path.join('.');
  const known = found.get(key);
  if (known === undefined || (known.kind === 'text' && kind !== 'text')) found.set(key, { key, path, kind });
  else if (known.kind === 'yes-no' && kind === 'number') found.set(key, { ...known, kind });
}

function kindOf(value: unknown): Metric['kind'] | undefined {
  if (typeof value === 'boolean') return 'yes-no';
  if (typeof value === 'number' || value instanceof BigNumber) return 'number';
  return typeof value === 'string' ? 'text' : undefined;
}

/** What a scorer returned there, as it is. */
export function scoreAt({ scores }: Trial, path: readonly string[]): unknown {
  let value: unknown = scores;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** As a number: yes is 1, no is 0. An example that failed before it was judged is a no. */
export function valueOf(trial: Trial, { key, path, kind }: Metric): number | undefined {
  if (path === undefined) {
    if (key === ':latency') return trial.model_latency_seconds ?? undefined;
    return (key === ':tokens' ? trial.total_tokens : trial.total_cost) ?? undefined;
  }
  const score = scoreAt(trial, path);
  if (typeof score === 'boolean') return score ? 1 : 0;
  if (typeof score === 'number') return Number.isFinite(score) ? score : undefined;
  if (score instanceof BigNumber) return Number(score.digits);
  return kind === 'yes-no' && score === undefined && trial.error !== null && !trial.running ? 0 : undefined;
}

/** Mean of an example's trials in a run. */
export function meanOf(example: Example, run: string, metric: Metric): number | undefined {
  const values = (example.trials.get(run) ?? []).flatMap((trial) => valueOf(trial, metric) ?? []);
  return values.length === 0 ? undefined : mean(values);
}

export interface Sum {
  /** Trials that have a value. */
  readonly n: number;
  readonly mean: number;
  /** Of yes and no: how many are yes. */
  readonly yes: number;
}

export function sumOf(examples: readonly Example[], run: string, metric: Metric): Sum | undefined {
  const values = examples
    .flatMap(({ trials }) => trials.get(run) ?? [])
    .flatMap((trial) => valueOf(trial, metric) ?? []);
  if (values.length === 0) return undefined;
  return { n: values.length, mean: mean(values), yes: values.filter((value) => value === 1).length };
}

/** Run `after` against run `before` over the examples that both have. */
export function compareRuns(
  examples: readonly Example[],
  before: string,
  after: string,
  metric: Metric,
): Comparison {
  return comparePairs(
    examples.flatMap((example) => {
      const pair = [meanOf(example, before, metric), meanOf(example, after, metric)] as const;
      return pair[0] === undefined || pair[1] === undefined ? [] : [[pair[0], pair[1]] as const];
    }),
  );
}

/** What a model takes is better when it is less; of scores only their author knows. */
export function isLowerBetter({ key, path }: Metric, chosen: ReadonlySet<string>): boolean {
  return path === undefined || chosen.has(key);
}

const number = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });

export function formatValue(value: number, { kind }: Pick<Metric, 'kind'>): string {
  if (kind === 'yes-no') return `${number.format(Math.round(value * 1000) / 10)} %`;
  if (kind === 'seconds') return duration(value * 1000);
  if (kind === 'tokens') return count.format(Math.round(value));
  return kind === 'money' ? money(value) : number.format(value);
}

/** With its sign: `−12 points`, `+0.3`. */
export function formatDifference(value: number, metric: Pick<Metric, 'kind'>): string {
  const sign = value > 0 ? '+' : value < 0 ? '−' : '±';
  const size = Number(Math.abs(value).toPrecision(3));
  if (metric.kind === 'yes-no') return `${sign}${number.format(Math.round(size * 1000) / 10)} points`;
  return sign + formatValue(size, metric);
}

/** The verdict in plain words. @param lower the lower the better. */
export function inWords(
  comparison: Comparison,
  metric: Metric,
  lower: boolean,
): { readonly word: 'better' | 'worse' | 'no clear difference' | 'the same' | 'too few examples'; readonly text: string } {
  const { n, difference, interval, verdict } = comparison;
  const shared = `${count.format(n)} shared ${n === 1 ? 'example' : 'examples'}`;
  if (verdict === 'few') {
    const text = n === 0 ? 'no shared examples' : `${formatDifference(difference, metric)}, but only ${shared}: too few to tell`;
    return { word: 'too few examples', text };
  }
  const range =
    interval === undefined
      ? ''
      : `95 % interval ${formatDifference(interval[0], metric).replace(' points', '')}…${formatDifference(interval[1], metric).replace(' points', '')}, `;
  const rest = `${formatDifference(difference, metric)} (${range}${shared})`;
  if (verdict === 'same') return { word: 'the same', text: `the same on all ${shared}` };
  if (verdict === 'unclear') return { word: 'no clear difference', text: `no clear difference: ${rest}` };
  const word = (verdict === 'higher') === lower ? 'worse' : 'better';
  return { word, text: `${word}: ${rest}` };
} // prettier-ignore
