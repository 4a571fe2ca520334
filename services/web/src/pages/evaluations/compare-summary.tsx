import { useMemo } from 'react';
import type { Call } from '../../api/calls.ts';
import type { Compared } from './compared.ts';
import { compareRuns, formatValue, inWords, isLowerBetter, labelOf, sumOf, type Metric } from './metrics.ts';
import { modelOf, nameOf, titleOf } from './run-facts.ts';
import type { CompareSearch } from './search.ts';

interface CompareSummaryProps {
  readonly compared: Compared;
  readonly onChange: (changed: CompareSearch) => void;
}

/** Every metric of every run, and how it differs from the baseline. */
export function CompareSummary({ compared, onChange }: CompareSummaryProps) {
  const { runs, base, metrics } = compared;
  const shown = metrics.filter(({ kind }) => kind !== 'text');
  const ordered = [base, ...runs.filter((run) => run !== base)];
  return (
    <section>
      <h2>Summary</h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Metrics of the runs">
        <table className="plain evaluations-deltas">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {ordered.map((run) => (
                <th scope="col" key={run.id}>
                  <bdi>{nameOf(modelOf(run)) || titleOf(run)}</bdi>
                  {run === base && ' (baseline)'}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((metric) => (
              <tr key={metric.key}>
                <th scope="row">
                  <MetricName {...{ metric, compared, onChange }} />
                </th>
                {ordered.map((run) => (
                  <td key={run.id}>
                    <Delta {...{ compared, metric, run, onChange }} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <details className="evaluations-how">
        <summary>How sure is this?</summary>
        <p className="soft">
          Differences are taken example by example, over those that both runs have; trials of an example are averaged,
          and an example that failed counts as a no. Yes and no are tested with McNemar’s exact test, numbers with
          Wilcoxon’s signed-rank test; intervals are Newcombe’s for yes and no, resampled for numbers. A difference is
          called better or worse only if test and interval agree, at 95 %, and at least ten examples are shared. Of
          twenty comparisons of equal models about one looks like a difference by chance.
        </p>
      </details>
    </section>
  );
} // prettier-ignore

function MetricName({ metric, compared, onChange }: CompareSummaryProps & { readonly metric: Metric }) {
  const toggle = () => {
    const next = new Set(compared.lower);
    if (!next.delete(metric.key)) next.add(metric.key);
    onChange({ lower: [...next].join(',') || undefined });
  };
  const isLower = isLowerBetter(metric, compared.lower);
  return (
    <>
      <bdi>{labelOf(metric)}</bdi>
      {metric.path === undefined ? (
        <div className="soft">less is better</div>
      ) : (
        <div>
          <button
            className="button quiet evaluations-direction"
            aria-label={`${labelOf(metric)}: ${isLower ? 'less' : 'more'} is better. Turn around`}
            onClick={toggle}
          >
            {isLower ? '↓ less is better' : '↑ more is better'}
          </button>
        </div>
      )}
    </>
  );
}

interface DeltaProps extends CompareSummaryProps {
  readonly metric: Metric;
  readonly run: Call;
}

function Delta({ compared, metric, run, onChange }: DeltaProps) {
  const { examples, base, lower } = compared;
  const sum = useMemo(() => sumOf(examples, run.id, metric), [examples, run.id, metric]);
  const comparison = useMemo(
    () => (run === base ? undefined : compareRuns(examples, base.id, run.id, metric)),
    [examples, base, run, metric],
  );
  const value = sum === undefined ? '–' : formatValue(sum.mean, metric);
  if (comparison === undefined)
    return (
      <>
        <b>{value}</b>
        {sum !== undefined && metric.kind === 'yes-no' && <div className="soft">{`${sum.yes} of ${sum.n}`}</div>}
      </>
    );
  const isLower = isLowerBetter(metric, lower);
  const { word, text } = inWords(comparison, metric, isLower);
  const [worse, better] = isLower ? [comparison.higher, comparison.lower] : [comparison.lower, comparison.higher];
  const see = (show: 'regressions' | 'improvements', count: number) =>
    count > 0 && (
      <button className="button quiet" onClick={() => onChange({ metric: metric.key, run: run.id, show })}>
        {show === 'regressions' ? `See ${count} that got worse` : `${count} better`}
      </button>
    );
  return (
    <>
      <b>{value}</b>
      <div className={word === 'worse' ? 'evaluations-no' : word === 'better' ? 'evaluations-yes' : 'soft'}>{text}</div>
      <div className="evaluations-see">
        {see('regressions', worse)}
        {see('improvements', better)}
      </div>
    </>
  );
} // prettier-ignore
