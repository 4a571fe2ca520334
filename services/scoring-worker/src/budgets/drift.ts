import type { Amount, JobQueue } from '@weft/job-queue';
import type { Forecast, Spend } from '@weft/scoring';
import { hashOf } from './hash-of.ts';

/**
 * What the scores of a monitor really took beside what was forecast for them, by model and for the last week: the length of
 * answers is known only then. Put on the forecast of other calls it makes that one right, whatever size those calls are, which
 * a mean of what was spent would not.
 */
export interface Drift {
  /** For the sums, once a score is paid for. */
  amounts(projectId: string, monitor: string, forecast: Forecast, spend: Spend): Amount[];
  of(projectId: string, monitor: string, model: string): Promise<Ratios>;
}

/** Real by forecast. */
export interface Ratios {
  /** Scores that they stand on. */
  readonly scores: number;
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
}

type Part = Exclude<keyof Ratios, 'scores'>;
const PARTS: readonly Part[] = ['requests', 'promptTokens', 'completionTokens', 'costUsd'];
const DAY_MS = 86_400_000;
const DAYS = 7;
/** Sums are of whole numbers. */
const SCALE: Readonly<Record<Part, number>> = {
  requests: 1,
  promptTokens: 1,
  completionTokens: 1,
  costUsd: 1e9,
};

export function createDrift(queue: Pick<JobQueue, 'sums'>, clock: () => number): Drift {
  return {
    amounts(projectId, monitor, forecast, spend) {
      // What nobody was asked for (an answer that was known, a provider that is away) says nothing of what asking takes.
      if (forecast.requests === 0 || spend.requests === 0 || forecast.model === null) return [];
      const day = Math.floor(clock() / DAY_MS);
      const expiresAtMs = (day + DAYS + 1) * DAY_MS;
      const prefix = prefixOf(projectId, monitor, forecast.model, day);
      const values: [string, number][] = [
        ['scores', 1],
        ...PARTS.flatMap((part): [string, number][] => [
          [`${part}/forecast`, Math.round(forecast[part] * SCALE[part])],
          [`${part}/real`, Math.round(spend[part] * SCALE[part])],
        ]),
      ];
      return values.flatMap(([name, amount]) =>
        amount === 0 ? [] : [{ key: prefix + name, amount, expiresAtMs }],
      );
    },
    async of(projectId, monitor, model) {
      const today = Math.floor(clock() / DAY_MS);
      const names = ['scores', ...PARTS.flatMap((part) => [`${part}/forecast`, `${part}/real`])];
      const days = Array.from({ length: DAYS }, (_, ago) => today - ago);
      const keys = days.flatMap((day) =>
        names.map((name) => prefixOf(projectId, monitor, model, day) + name),
      );
      const sums = await queue.sums(keys);
      const total = (name: string): number => {
        const at = names.indexOf(name);
        return days.reduce((sum, _, i) => sum + (sums[i * names.length + at] ?? 0), 0);
      };
      const ratio = (part: Part): number => {
        const forecast = total(`${part}/forecast`);
        return forecast === 0 ? 1 : total(`${part}/real`) / forecast;
      };
      return {
        scores: total('scores'),
        requests: ratio('requests'),
        promptTokens: ratio('promptTokens'),
        completionTokens: ratio('completionTokens'),
        costUsd: ratio('costUsd'),
      };
    },
  };
}

function prefixOf(projectId: string, monitor: string, model: string, day: number): string {
  return `drift:${day}:${hashOf(projectId, monitor, model)}:`;
}
