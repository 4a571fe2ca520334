import type { Amount, JobQueue } from '@weft/job-queue';
import type { Forecast, Spend } from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import type { Budgets, Reservation } from '../parts.ts';
import { createDrift, type Drift } from './drift.ts';
import { hashOf } from './hash-of.ts';
import { ceilingsOf, toAmounts, UNITS, type Amounts, type Limits, type Unit } from './limits.ts';
import { createProjectBudgets, type ProjectBudgets } from './project-budgets.ts';
import type { BudgetConfig } from './settings.ts';

export interface BudgetsDeps {
  readonly queue: Pick<JobQueue, 'reserve' | 'sums'>;
  readonly reader: Pick<TraceReader, 'streamObjects'>;
  readonly config: BudgetConfig;
  /** Milliseconds. */
  readonly clock?: () => number;
}

/** Budgets as those see them who explain them. */
export interface BudgetBook extends Budgets {
  /** What may be spent, and by whom. @param mayBeOld by 4 s: default. */
  limits(projectId: string, mayBeOld?: boolean): Promise<ProjectBudgets>;
  /** Spent today with what is set aside; a monitor's, or null = the whole project's. */
  spentToday(projectId: string, monitors: readonly (string | null)[]): Promise<readonly Amounts[]>;
  /** How real spends compare with their forecasts. */
  readonly drift: Pick<Drift, 'of'>;
}

/** What scores without a monitor are counted as. */
export const BY_ROUTE = 'calls/score';

const DAY_MS = 86_400_000;
/** Days that sums are kept after their own: a score may be settled after midnight. */
const KEPT_DAYS = 2;

/**
 * Sets aside what a score is expected to take before it is paid for, in sums that all workers share: a budget is exceeded by
 * no more than what the scores in flight take beyond their forecasts. What a crash leaves set aside stays so until the day
 * (UTC) ends.
 */
export function createBudgets({ queue, reader, config, clock = Date.now }: BudgetsDeps): BudgetBook {
  const limits = createProjectBudgets(reader, ceilingsOf(config), clock);
  const drift = createDrift(queue, clock);

  async function refusal(given: Given, key: string): Promise<string> {
    const [spent = 0] = await queue.sums([key]);
    const amount = given.amounts.find((each) => each.key === key)!;
    return explain(amount, spent);
  }

  function reservation(
    projectId: string,
    monitor: string,
    day: number,
    forecast: Forecast,
    given: Given,
  ): Reservation {
    let isSettled = false;
    return {
      async settle(spend: Spend) {
        if (isSettled) return;
        isSettled = true;
        const real = toAmounts(spend);
        const amounts = sumsOf(projectId, monitor, day, given.asked, real);
        await queue.reserve([...amounts, ...drift.amounts(projectId, monitor, forecast, spend)]);
      },
    };
  }

  return {
    limits,
    drift,
    async spentToday(projectId, monitors) {
      const day = dayOf(clock());
      const keys = monitors.flatMap((monitor) => UNITS.map((unit) => keyOf(projectId, monitor, day, unit)));
      const sums = await queue.sums(keys);
      return monitors.map((_, i) => {
        const [calls = 0, tokens = 0, microUsd = 0] = sums.slice(i * UNITS.length, (i + 1) * UNITS.length);
        return { calls, tokens, microUsd };
      });
    },
    async reserve(projectId, monitorName, forecast) {
      const budgets = await limits(projectId);
      const monitor = monitorName ?? BY_ROUTE;
      const asked = toAmounts(forecast);
      const asks = UNITS.some((unit) => asked[unit] > 0);
      const scopes = [null, monitor].map((scope) => ({ scope, ...budgets.of(scope) }));
      const broken = scopes.find(({ error }) => error !== null);
      if (asks && broken !== undefined) return { exceeded: broken.error! };
      const day = dayOf(clock());
      const amounts = scopes.flatMap(({ scope, limits: most }) =>
        UNITS.flatMap((unit) => wanted(projectId, scope, day, unit, asked[unit], most)),
      );
      const given: Given = { asked, amounts };
      const key = amounts.length === 0 ? undefined : await queue.reserve(amounts);
      if (key !== undefined) return { exceeded: await refusal(given, key) };
      return { reservation: reservation(projectId, monitor, day, forecast, given) };
    },
  };
}

interface Asked extends Amount {
  readonly scope: string | null;
  readonly unit: Unit;
}

interface Given {
  readonly asked: Amounts;
  readonly amounts: readonly Asked[];
}

/** What takes nothing is not refused, even where others have taken too much. */
function wanted(
  projectId: string,
  scope: string | null,
  day: number,
  unit: Unit,
  amount: number,
  most: Limits,
): Asked[] {
  if (amount <= 0) return [];
  const limit = most[unit];
  const sum = { key: keyOf(projectId, scope, day, unit), amount, expiresAtMs: expiryOf(day), scope, unit };
  return [limit === null ? sum : { ...sum, limit }];
}

/** What turns the amounts set aside into those that were spent. */
function sumsOf(projectId: string, monitor: string, day: number, asked: Amounts, real: Amounts): Amount[] {
  return [null, monitor].flatMap((scope) =>
    UNITS.flatMap((unit) => {
      const amount = real[unit] - asked[unit];
      const key = keyOf(projectId, scope, day, unit);
      return amount === 0 ? [] : [{ key, amount, expiresAtMs: expiryOf(day) }];
    }),
  );
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function expiryOf(day: number): number {
  return (day + 1 + KEPT_DAYS) * DAY_MS;
}

function keyOf(projectId: string, monitor: string | null, day: number, unit: Unit): string {
  return `spend:${day}:${hashOf(projectId, monitor ?? '')}:${unit}`;
}

const NAMES: Readonly<Record<Unit, { readonly member: string; readonly say: (amount: number) => string }>> = {
  calls: { member: 'calls_per_day', say: (amount) => `${amount} calls` },
  tokens: { member: 'tokens_per_day', say: (amount) => `${amount} tokens` },
  microUsd: { member: 'usd_per_day', say: (amount) => `US$ ${Number((amount / 1e6).toFixed(6))}` },
};

function explain({ scope, unit, amount, limit = 0 }: Asked, spent: number): string {
  const { member, say } = NAMES[unit];
  const whose = scope === null ? 'the project' : scope === BY_ROUTE ? BY_ROUTE : `monitor ${scope}`;
  return (
    `the budget of ${whose} for today (UTC) does not allow it: ${member} is ${say(limit)}, ` +
    `${say(spent)} are spent or set aside, and this score may take ${say(amount)}`
  );
}
