import type { Forecast } from '@weft/scoring';
import type { BudgetConfig } from './settings.ts';

/** What is counted: questions to models and remote scorers, tokens of both directions, millionths of a US dollar. */
export const UNITS = ['calls', 'tokens', 'microUsd'] as const;
export type Unit = (typeof UNITS)[number];
export type Amounts = Readonly<Record<Unit, number>>;
/** Most in a day; null = no limit. */
export type Limits = Readonly<Record<Unit, number | null>>;

export const NO_LIMITS: Limits = { calls: null, tokens: null, microUsd: null };

/** Money is summed in whole millionths: sums of fractions would drift. Rounded up, so that nothing that costs counts as free. */
export function toAmounts({ requests, promptTokens, completionTokens, costUsd }: Forecast): Amounts {
  return { calls: requests, tokens: promptTokens + completionTokens, microUsd: toMicroUsd(costUsd) };
}

export function toMicroUsd(usd: number): number {
  // 0.1 + 0.2 is no reason for another millionth.
  return Math.ceil(Number((usd * 1e6).toFixed(3)));
}

export function ceilingsOf(config: BudgetConfig): Limits {
  const usd = config.WEFT_SCORING_USD_PER_DAY;
  return {
    calls: config.WEFT_SCORING_CALLS_PER_DAY ?? null,
    tokens: config.WEFT_SCORING_TOKENS_PER_DAY ?? null,
    microUsd: usd === undefined ? null : toMicroUsd(usd),
  };
}

/** The lower of each. */
export function lower(a: Limits, b: Limits): Limits {
  const least = (unit: Unit): number | null => {
    const [x, y] = [a[unit], b[unit]];
    return x === null ? y : y === null ? x : Math.min(x, y);
  };
  return { calls: least('calls'), tokens: least('tokens'), microUsd: least('microUsd') };
}
