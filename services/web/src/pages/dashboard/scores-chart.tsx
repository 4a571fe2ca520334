import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { scoresQuery, type Span } from '../../api/dashboard.ts';
import { Chart } from '../../ui/chart.tsx';
import { ErrorNote } from '../../ui/notes.tsx';
import type { ShowTraces } from './charts.tsx';

const score = (value: number) => value.toLocaleString(undefined, { maximumFractionDigits: 3 });

/** What scorers say, over time. */
export function ScoresChart({
  span,
  granularity,
  timeZone,
  onTraces,
}: {
  readonly span: Span;
  readonly granularity: number;
  readonly timeZone: string;
  readonly onTraces: ShowTraces;
}) {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/dashboard' });
  const scores = useQuery(scoresQuery({ projectId: `${entity}/${project}`, span, granularity, timeZone }));
  if (scores.isError && scores.data === undefined)
    return <ErrorNote error={scores.error} retry={() => void scores.refetch()} />;
  if (scores.data === undefined) return <p className="soft">Loading scores…</p>;
  const { series, timestamps, more } = scores.data;
  if (series.length === 0)
    return (
      <section className="card">
        <h2 className="dash-first">Scores</h2>
        <p className="soft">
          No scores in this time. A monitor has calls scored as they come:{' '}
          <Link to="/$entity/$project/weave/monitors" params={{ entity, project }}>
            make one
          </Link>
          .
        </p>
      </section>
    );
  const times = timestamps.map((text) => Date.parse(text) / 1000);
  return (
    <>
      <Chart
        title="Scores, averages"
        times={times}
        timeZone={timeZone}
        format={score}
        series={series}
        onPick={(index) => {
          const start = times[index];
          if (start !== undefined) onTraces({ fromMs: start * 1000, toMs: (start + granularity) * 1000 });
        }}
        onRange={(from, to) => onTraces({ fromMs: from * 1000, toMs: to * 1000 })}
      />
      {more > 0 && <p className="soft">{more} more scorers have fewer scores and are not shown.</p>}
    </>
  );
}
