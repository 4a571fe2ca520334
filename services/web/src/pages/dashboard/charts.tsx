import { useMemo } from 'react';
import type { Breakdown, FiguresOverTime, GroupFigures } from '../../api/dashboard.ts';
import { Chart, type ChartSeries } from '../../ui/chart.tsx';
import { axisDuration, compact, dollars, nameOfGroup, percent } from './names.ts';
import type { TracesOf } from './traces-link.ts';

export type ShowTraces = (of: TracesOf) => void;

interface Props {
  /** Not split: of everything. */
  readonly total: Breakdown;
  /** By what it is split. */
  readonly split: Breakdown | undefined;
  readonly timeZone: string;
  readonly all: boolean;
  readonly onTraces: ShowTraces;
}

interface Line {
  readonly label: string;
  readonly series: FiguresOverTime;
  readonly key?: TracesOf['key'];
}

/** Figures over time: a line for each group, or for each figure where nothing is split. */
export function Charts({ total, split, timeZone, all, onTraces }: Props) {
  const times = useMemo(() => total.timestamps.map((text) => Date.parse(text) / 1000), [total]);
  const whole = total.total.series!;
  const lines = useMemo(() => (split === undefined ? [] : linesOf(split)), [split]);
  const show = (errors: boolean) => ({
    onPick: (index: number, place: number | null) => {
      const [start, end] = [times[index], times[index + 1] ?? Date.parse(total.end) / 1000];
      if (start === undefined) return;
      const fromMs = Math.max(start * 1000, Date.parse(total.start));
      const key = place === null ? undefined : lines[place]?.key;
      onTraces({ fromMs, toMs: end * 1000, all, errors, ...(key && { key }) });
    },
    onRange: (from: number, to: number) => onTraces({ fromMs: from * 1000, toMs: to * 1000, all, errors }),
  });
  const chart = (
    title: string,
    apart: readonly ChartSeries[],
    of: (series: FiguresOverTime) => readonly (number | null)[],
    format: (value: number) => string,
    errors = false,
  ) => (
    <Chart
      title={title}
      times={times}
      timeZone={timeZone}
      format={format}
      series={lines.length === 0 ? apart : lines.map(({ label, series }) => ({ label, values: of(series) }))}
      {...show(errors)}
    />
  );
  const isSplit = lines.length > 0;
  return (
    <div className="dash-charts">
      {chart('Requests', [{ label: 'requests', values: whole.calls }], ({ calls }) => calls, compact)}
      {chart('Error rate', [{ label: 'errors', values: rates(whole) }], rates, percent, true)}
      {chart(
        isSplit ? 'Latency, p95' : 'Latency',
        [
          { label: 'p50', values: whole.p50_latency_ms },
          { label: 'p95', values: whole.p95_latency_ms },
          { label: 'p99', values: whole.p99_latency_ms },
        ],
        ({ p95_latency_ms: p95 }) => p95,
        axisDuration,
      )}
      {chart(
        'Tokens',
        [
          { label: 'in', values: whole.input_tokens },
          { label: 'out', values: whole.output_tokens },
        ],
        ({ total_tokens: tokens }) => tokens,
        compact,
      )}
      {chart('Cost', [{ label: 'US$', values: whole.cost_usd }], ({ cost_usd: cost }) => cost, dollars)}
    </div>
  );
}

function linesOf({ groups, other }: Breakdown): Line[] {
  const line = (label: string, { series }: GroupFigures, key?: TracesOf['key']): Line[] =>
    series === undefined ? [] : [{ label, series, ...(key && { key }) }];
  return [
    ...groups.flatMap((group) => line(nameOfGroup(group).slice(0, 60), group, group.key)),
    ...(other === null ? [] : line('all others', other)),
  ];
}

/** Null where nothing was asked: no rate is known. */
function rates({ calls, errors }: FiguresOverTime): (number | null)[] {
  return calls.map((all, i) => (all === 0 ? null : errors[i]! / all));
}
