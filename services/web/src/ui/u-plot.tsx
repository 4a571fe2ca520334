import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps } from './chart.tsx';

const COLOURS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'];

/** Fewer values are shown as points too: one without neighbours makes no line. */
const MANY = 40;
/** A click so near to a line means the line. */
const NEAR_PX = 16;

export function UPlotChart({
  times,
  series,
  format = String,
  timeZone,
  onPick,
  onRange,
  height = 180,
}: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  /** The line that the pointer is at, counted as uPlot does. */
  const near = useRef<number | null>(null);
  const handlers = useRef({ onPick, onRange, format });
  handlers.current = { onPick, onRange, format };
  const labels = series.map(({ label }) => label).join('\u0000');
  const latest = useRef({ times, series });
  latest.current = { times, series };
  useEffect(() => {
    const element = host.current!;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--text-soft'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    };
    const plot = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        ...(timeZone !== undefined && {
          tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), timeZone),
        }),
        legend: { live: true },
        cursor: { drag: { x: true, y: false, setScale: false }, focus: { prox: NEAR_PX } },
        axes: [
          axis,
          {
            ...axis,
            size: 64,
            values: (_plot, values) => values.map((value) => handlers.current.format(value)),
          },
        ],
        series: [
          {},
          ...latest.current.series.map(({ label }, index) => ({
            label,
            stroke: colour(COLOURS[index % COLOURS.length]!),
            width: 1.5,
            points: {
              show: (plot: uPlot, place: number) =>
                Array.from<number | null | undefined>(plot.data[place]!).filter((value) => value != null)
                  .length < MANY,
            },
            value: (_plot: uPlot, value: number | null) =>
              value === null ? '–' : handlers.current.format(value),
          })),
        ],
        hooks: {
          setSeries: [(_plot, index) => (near.current = index)],
          setSelect: [
            (drawn) => {
              const { left, width } = drawn.select;
              if (width < 4) return;
              handlers.current.onRange?.(drawn.posToVal(left, 'x'), drawn.posToVal(left + width, 'x'));
              drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
        },
      },
      dataOf(latest.current),
      element,
    );
    plot.over.addEventListener('click', () => {
      const { idx } = plot.cursor;
      if (idx !== null && idx !== undefined)
        handlers.current.onPick?.(idx, near.current === null ? null : near.current - 1);
    });
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    drawn.current = plot;
    return () => {
      resized.disconnect();
      plot.destroy();
      drawn.current = null;
    };
  }, [labels, height, timeZone]);
  const drawn = useRef<uPlot | null>(null);
  useEffect(() => drawn.current?.setData(dataOf({ times, series })), [times, series]);
  return <div ref={host} />;
}

function dataOf({ times, series }: Pick<ChartProps, 'times' | 'series'>): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])] as uPlot.AlignedData;
}
