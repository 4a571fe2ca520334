import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Call } from '../../api/calls.ts';
import { count } from '../../ui/format.ts';
import { errorOf, holdsText, sortExamples } from './examples.ts';
import { labelOf, meanOf, type Example, type Metric } from './metrics.ts';
import { ResultsTable } from './results-table.tsx';
import type { RunSearch } from './search.ts';

interface ResultsPartProps {
  readonly run: Call;
  readonly examples: readonly Example[];
  readonly metrics: readonly Metric[];
  /** Examples that the run has, loaded or not. */
  readonly total: number;
}

const HERE = '/$entity/$project/weave/evaluations/$id';

/** Every example of a run: which ones, in which order. */
export function ResultsPart({ run, examples, metrics, total }: ResultsPartProps) {
  const params = useParams({ from: HERE });
  const search = useSearch({ from: HERE });
  const navigate = useNavigate();
  const change = (changed: RunSearch) =>
    void navigate({ to: HERE, params, search: withoutEmpty({ ...search, ...changed }), replace: true });
  const shown = useMemo(
    () => selectExamples(examples, run.id, metrics, search),
    [examples, run.id, metrics, search],
  );
  return (
    <section>
      <h2>Examples</h2>
      <Tools {...{ search, metrics, change }} />
      <p className="soft" role="status">
        {shown.length === total
          ? `${count.format(total)} examples`
          : `${count.format(shown.length)} of ${count.format(total)} examples`}
        {examples.length < total && `; the first ${count.format(examples.length)} are loaded`}
      </p>
      {shown.length > 0 && (
        <ResultsTable
          run={run}
          examples={shown}
          metrics={metrics}
          sort={search.sort}
          onSort={(sort) => change({ sort })}
        />
      )}
    </section>
  );
}

function withoutEmpty(search: RunSearch): RunSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''));
} // prettier-ignore

function selectExamples(
  examples: readonly Example[],
  run: string,
  metrics: readonly Metric[],
  { only, metric: key, sort = '', text }: RunSearch,
): readonly Example[] {
  const scorer = metrics.find((metric) => metric.key === key);
  const isFailing = (example: Example, metric: Metric) => (meanOf(example, run, metric) ?? 1) < 1;
  const judges = scorer === undefined ? metrics.filter(({ kind }) => kind === 'yes-no') : [scorer];
  const shown = examples.filter(
    (example) =>
      (text === undefined || holdsText(example, text)) &&
      (only !== 'errors' || errorOf(example.trials.get(run)) !== undefined) &&
      (only !== 'failing' || judges.some((metric) => isFailing(example, metric))),
  );
  const by = metrics.find((metric) => metric.key === sort.replace(/^-/, ''));
  return sortExamples(shown, run, by, sort.startsWith('-'));
}

interface ToolsProps {
  readonly search: RunSearch;
  readonly metrics: readonly Metric[];
  readonly change: (changed: RunSearch) => void;
}

function Tools({ search, metrics, change }: ToolsProps) {
  const value = search.only === 'failing' ? `failing ${search.metric ?? ''}` : (search.only ?? '');
  const choose = (chosen: string) => {
    if (chosen.startsWith('failing '))
      return change({ only: 'failing', metric: chosen.slice('failing '.length) || undefined });
    return change({ only: chosen === 'errors' ? 'errors' : undefined, metric: undefined });
  };
  return (
    <div className="tools evaluations-tools">
      <input
        className="field grow"
        type="search"
        aria-label="Search in examples and outputs"
        placeholder="Search in examples and outputs"
        value={search.text ?? ''}
        onChange={(event) => change({ text: event.target.value })}
      />
      <select
        className="field"
        aria-label="Which examples"
        value={value}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">All examples</option>
        <option value="errors">Only errors</option>
        <option value="failing ">Only what a scorer says no to</option>
        {metrics
          .filter(({ kind }) => kind === 'yes-no')
          .map((metric) => (
            <option key={metric.key} value={`failing ${metric.key}`}>
              Only failing {labelOf(metric)}
            </option>
          ))}
      </select>
    </div>
  );
}
