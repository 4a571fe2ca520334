import { envInt } from '@weft/runtime';
import { z } from 'zod';

/** Most that scoring may take in a day (UTC) for each project, whatever its own budgets say; unset = no such limit. */
export const budgetEnv = {
  /** Questions to models and remote scorers. */
  WEFT_SCORING_CALLS_PER_DAY: envInt().optional(),
  /** Of questions and answers together. */
  WEFT_SCORING_TOKENS_PER_DAY: envInt().optional(),
  /** US dollars, as 12.50; models without a known price count as free. */
  WEFT_SCORING_USD_PER_DAY: dollars().optional(),
};

export interface BudgetConfig {
  readonly WEFT_SCORING_CALLS_PER_DAY?: number | undefined;
  readonly WEFT_SCORING_TOKENS_PER_DAY?: number | undefined;
  readonly WEFT_SCORING_USD_PER_DAY?: number | undefined;
}

function dollars(): z.ZodType<number> {
  return z.string().transform((text, context) => {
    const value = /^\s*\d{1,9}(?:\.\d{1,6})?\s*$/.test(text) ? Number(text) : NaN;
    if (value >= 0) return value;
    context.addIssue({ code: 'custom', message: 'must be an amount of US dollars such as 12.50' });
    return z.NEVER;
  });
}
