import type { BreakdownCalls, BreakdownTokens } from '@weft/trace-store';

/** Figures of one group, of all buckets or of one. */
export interface Figures {
  calls: number;
  errors: number;
  p50_latency_ms: number | null;
  p95_latency_ms: number | null;
  p99_latency_ms: number | null;
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  cost_usd: number;
  model_calls: number;
}

export type FiguresOverTime = { readonly [Name in keyof Figures]: Figures[Name][] };

export interface GroupFigures extends Figures {
  readonly series?: FiguresOverTime;
}

function noFigures(): Figures {
  return {
    ...{ calls: 0, errors: 0, p50_latency_ms: null, p95_latency_ms: null, p99_latency_ms: null },
    ...{ input_tokens: 0, output_tokens: 0, total_tokens: 0, cost_usd: 0, model_calls: 0 },
  };
}

const NAMES = Object.keys(noFigures()) as readonly (keyof Figures)[];

/** Of one group: gathers what the reads say of it. */
export class FiguresOf {
  private readonly all = noFigures();
  private readonly byBucket = new Map<number, Figures>();
  private hasAny = false;

  get isEmpty(): boolean {
    return !this.hasAny;
  }

  addCalls({ bucketStartUs, calls, errors, p50Ms, p95Ms, p99Ms }: BreakdownCalls): void {
    this.hasAny = true;
    const to = bucketStartUs === null ? this.all : this.bucket(bucketStartUs);
    Object.assign(to, { calls, errors, p50_latency_ms: p50Ms, p95_latency_ms: p95Ms, p99_latency_ms: p99Ms });
  }

  addTokens({ bucketStartUs, count, input, output, total }: BreakdownTokens, cost: number): void {
    this.hasAny = true;
    for (const to of [this.all, this.bucket(bucketStartUs)]) {
      to.model_calls += count;
      to.input_tokens += input;
      to.output_tokens += output;
      to.total_tokens += total;
      to.cost_usd += cost;
    }
  }

  /** @param startsUs undefined: not over time. */
  render(startsUs: readonly number[] | undefined): GroupFigures {
    if (startsUs === undefined) return this.all;
    const none = noFigures();
    const series = Object.fromEntries(
      NAMES.map((name) => [name, startsUs.map((start) => (this.byBucket.get(start) ?? none)[name])]),
    );
    return { ...this.all, series: series as unknown as FiguresOverTime };
  }

  private bucket(startUs: number): Figures {
    const known = this.byBucket.get(startUs) ?? noFigures();
    this.byBucket.set(startUs, known);
    return known;
  }
}
