import { lazy, Suspense, useState } from 'react';

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
      <ValuesTable {...props} />
    </figure>
  );
}

/** Rows of the table are not more. */
const MAX_ROWS = 500;

function ValuesTable({ title, times, series, format = String, timeZone }: ChartProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="chart-values" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="soft">
        Values<span className="skip"> of {title}</span>
      </summary>
      {isOpen && (
        <div className="scroll-x" tabIndex={0}>
          <table className="plain">
            <thead>
              <tr>
                <th>Time</th>
                {series.map(({ label }, place) => (
                  <th key={place} className="number">
                    <bdi>{label}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.slice(0, MAX_ROWS).map((time, row) => (
                <tr key={time}>
                  <td>{timeText(time, timeZone)}</td>
                  {series.map(({ values }, place) => (
                    <td key={place} className="number">
                      {values[row] == null ? '–' : format(values[row])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function timeText(seconds: number, timeZone: string | undefined): string {
  return new Date(seconds * 1000).toLocaleString(undefined, {
    dateStyle: 'short',
    timeStyle: 'short',
    ...(timeZone !== undefined && { timeZone }),
  });
}
