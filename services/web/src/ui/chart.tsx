import { lazy, Suspense } from 'react';

export interface ChartProps {
  readonly title: string;
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format?: (value: number) => string;
  /** IANA name; absent = the browser's. */
  readonly timeZone?: string | undefined;
  /** A point was clicked: where it is in `times`, and in `series`. */
  readonly onPick?: (index: number, series: number | null) => void;
  /** A range was drawn, in seconds since 1970. */
  readonly onRange?: (from: number, to: number) => void;
  readonly height?: number;
}

export interface ChartSeries {
  readonly label: string;
  /** As long as `times`. Null: nothing is known. */
  readonly values: readonly (number | null)[];
}

const LazyChart = lazy(() => import('./u-plot.tsx').then(({ UPlotChart }) => ({ default: UPlotChart })));

/** Values over time. Those who do not see it get a table of the same values. */
export function Chart(props: ChartProps) {
  return (
    <figure className="chart">
      <figcaption>{props.title}</figcaption>
      <Suspense fallback={<div style={{ height: props.height ?? 180 }} />}>
        <LazyChart {...props} />
      </Suspense>
    </figure>
  );
}
