import type { Trial } from '../../api/evaluations.ts';
import { formatValue, scoreAt, valueOf, type Metric } from './metrics.ts';
import { mean } from './stats.ts';

/** What some trials of an example got: `✓`, `✗`, `50 %`, a mean, a text. */
export function ScoreCell({
  trials,
  metric,
}: {
  readonly trials: readonly Trial[];
  readonly metric: Metric;
}) {
  const values = trials.flatMap((trial) => valueOf(trial, metric) ?? []);
  if (values.length === 0) {
    const texts = metric.path === undefined ? [] : trials.map((trial) => scoreAt(trial, metric.path!));
    const text = texts.find((each): each is string => typeof each === 'string') ?? '';
    return (
      <span className="evaluations-clamp" title={text.slice(0, 500)} dir="auto">
        {text.slice(0, 300)}
      </span>
    );
  }
  const value = mean(values);
  if (metric.kind !== 'yes-no' || (value > 0 && value < 1))
    return <span className="evaluations-figure">{formatValue(value, metric)}</span>;
  return value === 1 ? (
    <span className="evaluations-yes">✓ yes</span>
  ) : (
    <span className="evaluations-no">✗ no</span>
  );
}
