/** Is a difference between two runs more than luck? Pure functions over values of the same examples. */

/** Fewer shared examples than these say nothing, whatever the figures. */
export const LEAST_EXAMPLES = 10;
const Z = 1.959963984540054;

export interface Comparison {
  /** Examples that both runs have a value for. */
  readonly n: number;
  /** Mean of the second run minus that of the first. */
  readonly difference: number;
  /** 95 % interval of the difference; undefined where n is too small for one. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** Two-sided; undefined where n is too small. */
  readonly p: number | undefined;
  /** `few`: n is too small to tell. `unclear`: may be luck. */
  readonly verdict: 'few' | 'unclear' | 'same' | 'higher' | 'lower';
  /** Examples whose value is higher in the second run, and lower. */
  readonly higher: number;
  readonly lower: number;
}

/** @param pairs values of the same example in the first and the second run. */
export function comparePairs(pairs: readonly (readonly [number, number])[]): Comparison {
  const n = pairs.length;
  const differences = pairs.map(([before, after]) => after - before);
  const higher = differences.filter((each) => each > 0).length;
  const lower = differences.filter((each) => each < 0).length;
  const difference = n === 0 ? 0 : mean(differences);
  const base = { n, difference, higher, lower };
  if (n < LEAST_EXAMPLES) return { ...base, interval: undefined, p: undefined, verdict: 'few' };
  const isYesNo = pairs.every((pair) => pair.every((value) => value === 0 || value === 1));
  const interval = isYesNo ? pairedProportions(countsOf(pairs)) : meanInterval(differences);
  if (higher + lower === 0) return { ...base, interval, p: 1, verdict: 'same' };
  const p = isYesNo ? signTest(higher, lower) : wilcoxonSignedRank(differences);
  // Both have to agree: a test alone says nothing of the size, an interval of resamples is too narrow for few examples.
  const isClear = p < 0.05 && (interval[0] > 0 || interval[1] < 0);
  return { ...base, interval, p, verdict: !isClear ? 'unclear' : difference > 0 ? 'higher' : 'lower' };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of pairs: how many are yes in both, in the second only, in the first only, in none. */
interface PairCounts {
  readonly both: number;
  readonly gained: number;
  readonly lost: number;
  readonly none: number;
}

function countsOf(pairs: readonly (readonly [number, number])[]): PairCounts {
  const count = (before: number, after: number) =>
    pairs.filter((pair) => pair[0] === before && pair[1] === after).length;
  return { both: count(1, 1), gained: count(0, 1), lost: count(1, 0), none: count(0, 0) };
}

/** Exact two-sided sign test; of yes and no this is McNemar's exact test. */
export function signTest(higher: number, lower: number): number {
  const n = higher + lower;
  if (n === 0) return 1;
  const logs = logFactorials(n);
  let tail = 0;
  for (let k = 0; k <= Math.min(higher, lower); k++)
    tail += Math.exp(logs[n]! - logs[k]! - logs[n - k]! - n * Math.LN2);
  return Math.min(1, 2 * tail);
}

function logFactorials(n: number): number[] {
  const logs = [0];
  for (let i = 1; i <= n; i++) logs.push(logs[i - 1]! + Math.log(i));
  return logs;
}

/** Wilson's 95 % interval of a proportion. */
export function wilson(yes: number, n: number): readonly [number, number] {
  const p = yes / n;
  const middle = (p + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n))) / (1 + (Z * Z) / n);
  return [middle - half, middle + half];
}

/** 95 % interval of the difference of paired proportions, second minus first (Newcombe 1998, method 10). */
export function pairedProportions({ both, gained, lost, none }: PairCounts): readonly [number, number] {
  const n = both + gained + lost + none;
  const [after, before] = [(both + gained) / n, (both + lost) / n];
  const [afterLow, afterHigh] = wilson(both + gained, n);
  const [beforeLow, beforeHigh] = wilson(both + lost, n);
  const margins = (both + gained) * (lost + none) * (both + lost) * (gained + none);
  const cross = both * none - gained * lost;
  const phi = margins === 0 ? 0 : (cross > 0 ? Math.max(0, cross - n / 2) : cross) / Math.sqrt(margins);
  const reach = (one: number, other: number) =>
    Math.sqrt(Math.max(0, one * one - 2 * phi * one * other + other * other));
  const difference = after - before;
  return [
    difference - reach(after - afterLow, beforeHigh - before),
    difference + reach(afterHigh - after, before - beforeLow),
  ];
}

/** Beyond these the exact distribution is not worth its time. */
const EXACT_RANKS = 60;

/** Two-sided Wilcoxon signed-rank test of differences around zero; zeros are left out. Exact up to 60 of them, ties too. */
export function wilcoxonSignedRank(differences: readonly number[]): number {
  const sorted = differences.filter((each) => each !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const n = sorted.length;
  if (n === 0) return 1;
  const ranks = midRanks(sorted.map(Math.abs));
  const total = (n * (n + 1)) / 2;
  const positive = ranks.reduce((sum, rank, i) => (sorted[i]! > 0 ? sum + rank : sum), 0);
  const least = Math.min(positive, total - positive);
  if (n <= EXACT_RANKS) return Math.min(1, 2 * chanceOfAtMost(least, ranks));
  const variance = ranks.reduce((sum, rank) => sum + rank * rank, 0) / 4;
  const z = (total / 2 - least - 0.5) / Math.sqrt(variance);
  return Math.min(1, 2 * upperTail(Math.max(0, z)));
}

/** Ranks of ascending values; equal ones share the middle of theirs. */
function midRanks(values: readonly number[]): number[] {
  const ranks: number[] = [];
  for (let from = 0; from < values.length;) {
    let to = from;
    while (to < values.length && values[to] === values[from]) to++;
    for (let i = from; i < to; i++) ranks.push((from + 1 + to) / 2);
    from = to;
  }
  return ranks;
}

/** Of the sum of those ranks that a coin picks. */
function chanceOfAtMost(least: number, ranks: readonly number[]): number {
  // Middles of ranks are halves: twice of everything is whole.
  const chances = new Float64Array(ranks.reduce((sum, rank) => sum + rank * 2, 0) + 1);
  chances[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    const step = rank * 2;
    reached += step;
    for (let sum = reached; sum >= 0; sum--)
      chances[sum] = (chances[sum]! + (sum >= step ? chances[sum - step]! : 0)) / 2;
  }
  return chances.subarray(0, Math.floor(least * 2) + 1).reduce((sum, chance) => sum + chance, 0);
}

/** Of the normal distribution (Abramowitz and Stegun 7.1.26, within 1.5e-7). */
function upperTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return 0.5 * poly * Math.exp(-x * x);
}

const RESAMPLES = 4000;
/** From here on the mean is normal enough, and resampling slow. */
const MANY = 400;

/** 95 % interval of the mean: paired bootstrap with fixed seed, so that the same values give the same answer. */
export function meanInterval(values: readonly number[]): readonly [number, number] {
  const n = values.length;
  const middle = mean(values);
  if (n >= MANY) {
    const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (n - 1);
    const half = Z * Math.sqrt(variance / n);
    return [middle - half, middle + half];
  }
  const random = seeded(n);
  const means = new Float64Array(RESAMPLES);
  for (let i = 0; i < RESAMPLES; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += values[Math.floor(random() * n)]!;
    means[i] = sum / n;
  }
  means.sort();
  return [means[Math.floor(RESAMPLES * 0.025)]!, means[Math.ceil(RESAMPLES * 0.975) - 1]!];
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
