import type { Call } from '../../api/calls.ts';
import { errorOf } from './examples.ts';
import { isLowerBetter, meanOf, type Example, type Metric } from './metrics.ts';
import type { CompareSearch } from './search.ts';

/** Runs side by side. */
export interface Compared {
  readonly projectId: string;
  readonly runs: readonly Call[];
  /** What the others are measured against: one of them. */
  readonly base: Call;
  readonly examples: readonly Example[];
  readonly metrics: readonly Metric[];
  /** Keys of metrics of which less is better. */
  readonly lower: ReadonlySet<string>;
}

/** How an example went in a run against the baseline: above 0 is better. Undefined: one of them has no value. */
export function changeOf(compared: Compared, example: Example, run: string, metric: Metric): number | undefined {
  const [before, after] = [meanOf(example, compared.base.id, metric), meanOf(example, run, metric)];
  if (before === undefined || after === undefined) return undefined;
  return isLowerBetter(metric, compared.lower) ? before - after : after - before;
} // prettier-ignore

/** The metric that examples are looked at by, and the run against the baseline. */
export function focusOf({ runs, base, metrics }: Compared, { metric: key, run: id }: CompareSearch) {
  const metric = metrics.find((each) => each.key === key) ?? metrics.find(({ kind }) => kind === 'yes-no') ?? metrics[0]; // prettier-ignore
  const others = runs.filter((run) => run.id !== base.id);
  return { metric, run: others.find((run) => run.id === id) ?? others[0] };
}

/** Those that the address asks for; what changed most comes first. */
export function selectCompared(compared: Compared, search: CompareSearch): readonly Example[] {
  const { metric, run } = focusOf(compared, search);
  const { examples, base } = compared;
  const { show } = search;
  if (show === undefined || run === undefined) return examples;
  if (show === 'errors')
    return examples.filter(({ trials }) =>
      [base, run].some(({ id }) => errorOf(trials.get(id)) !== undefined),
    );
  if (metric === undefined) return [];
  const changed = examples.flatMap((example) => {
    const change = changeOf(compared, example, run.id, metric);
    return change === undefined ? [] : [{ example, change }];
  });
  const wanted = changed.filter(({ change }) =>
    show === 'regressions' ? change < 0 : show === 'improvements' ? change > 0 : change !== 0,
  );
  return wanted.sort((a, b) => Math.abs(b.change) - Math.abs(a.change)).map(({ example }) => example);
}
