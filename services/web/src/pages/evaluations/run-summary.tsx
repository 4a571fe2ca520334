import { count } from '../../ui/format.ts';
import { formatValue, labelOf, sumOf, type Example, type Metric } from './metrics.ts';
import { wilson } from './stats.ts';

interface RunSummaryProps {
  readonly examples: readonly Example[];
  readonly metrics: readonly Metric[];
  readonly run: string;
}

/** Sums per scorer. */
export function RunSummary({ examples, metrics, run }: RunSummaryProps) {
  const sums = metrics.flatMap((metric) => {
    const sum = sumOf(examples, run, metric);
    return sum === undefined ? [] : [{ metric, sum }];
  });
  return (
    <section>
      <h2>Summary</h2>
      <ul className="evaluations-cards">
        {sums.map(({ metric, sum }) => (
          <li className="card" key={metric.key}>
            <div className="soft">
              <bdi>{labelOf(metric)}</bdi>
            </div>
            <div className="evaluations-big">{formatValue(sum.mean, metric)}</div>
            <div className="soft">{detailOf(metric, sum)}</div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function detailOf(metric: Metric, { n, yes, mean }: { n: number; yes: number; mean: number }): string {
  if (metric.kind === 'yes-no') {
    const [low, high] = wilson(yes, n);
    const range = `${Math.round(low * 100)}–${Math.round(high * 100)} %`;
    return `${count.format(yes)} of ${count.format(n)}, 95 % interval ${range}`;
  }
  if (metric.path !== undefined || metric.kind === 'seconds') return `mean of ${count.format(n)}`;
  return `mean of ${count.format(n)}, ${formatValue(mean * n, metric)} in total`;
}
