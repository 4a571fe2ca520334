import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { breakdownQuery } from '../../api/dashboard.ts';
import { duration } from '../../ui/format.ts';
import { Freshness } from '../../ui/freshness.tsx';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { Charts, type ShowTraces } from './charts.tsx';
import { CostTable } from './cost-table.tsx';
import { spanOf, timeZoneOf, type DashboardSearch } from './dashboard-search.ts';
import './dashboard.css';
import { RangeTools } from './range-tools.tsx';
import { ScoresChart } from './scores-chart.tsx';
import { Tiles } from './tiles.tsx';
import { granularityOf } from './time-range.ts';
import { dollars } from './names.ts';
import { TopList } from './top-list.tsx';
import { tracesSearch } from './traces-link.ts';

const FROM = '/$entity/$project/weave/dashboard';
const plain = (value: number) => value.toLocaleString();

export function DashboardPage() {
  const { entity, project } = useParams({ from: FROM });
  const search = useSearch({ from: FROM });
  const navigate = useNavigate();
  const projectId = `${entity}/${project}`;
  const params = { entity, project };
  const span = spanOf(search);
  const timeZone = timeZoneOf(search);
  const granularity = granularityOf(span);
  const { by, all = false } = search;
  const asked = { projectId, span, all, granularity, timeZone };
  const total = useQuery(breakdownQuery(asked));
  const split = useQuery({
    ...breakdownQuery({ ...asked, by: by === undefined ? [] : [by], orderBy: by === 'model' ? 'tokens' : 'calls', limit: 5 }), // prettier-ignore
    enabled: by !== undefined,
  });
  const setSearch = (next: DashboardSearch) =>
    void navigate({ to: FROM, params, search: next, replace: true });
  const showTraces: ShowTraces = (of) =>
    void navigate({ to: '/$entity/$project/weave/traces', params, search: tracesSearch(of) });
  return (
    <div className="page dash">
      <h1>Dashboard</h1>
      <RangeTools search={search} onChange={setSearch} />
      <Freshness of={[total]} />
      {total.isPending && <Loading what="figures" />}
      {total.isError && total.data === undefined && (
        <ErrorNote error={total.error} retry={() => void total.refetch()} />
      )}
      {split.isError && <ErrorNote error={split.error} retry={() => void split.refetch()} />}
      {total.data !== undefined && (
        <>
          <Tiles total={total.data.total} />
          <p className="soft">
            {all
              ? 'Every call counts. What a call used includes the calls below it, so tokens and costs count once at each level.'
              : 'A request is a trace. Tokens and costs are those of whole traces.'}{' '}
            Click a point or draw over a chart to see the traces.
          </p>
          <Charts
            total={total.data}
            split={by === undefined ? undefined : split.data}
            {...{ timeZone, all, onTraces: showTraces }}
          />
          <div className="dash-scores">
            <ScoresChart {...{ span, granularity, timeZone, onTraces: showTraces }} />
          </div>
          <div className="dash-tops">
            <TopList
              {...{ span, all }}
              title="Slowest ops, p95"
              by="op"
              orderBy="latency"
              value={({ p95_latency_ms: p95 }) => (p95 === null ? '–' : duration(p95))}
              more={({ calls }) => `${plain(calls)}×`}
              nothing="No call has ended."
            />
            <TopList
              {...{ span, all: false }}
              title="Most expensive models"
              by="model"
              orderBy="cost"
              value={({ cost_usd: cost }) => dollars(cost)}
              more={({ total_tokens: tokens }) => `${plain(tokens)} tokens`}
              nothing="No call says which model it used."
            />
            <TopList
              {...{ span, all: false }}
              title="Most expensive users"
              by="user"
              orderBy="cost"
              value={({ cost_usd: cost }) => dollars(cost)}
              more={({ total_tokens: tokens }) => `${plain(tokens)} tokens`}
              nothing="No call says which model it used."
            />
            <TopList
              {...{ span, all }}
              title="Most errors"
              by="op"
              orderBy="errors"
              value={({ errors }) => plain(errors)}
              more={({ calls }) => `of ${plain(calls)}`}
              nothing="No errors."
            />
          </div>
          <CostTable span={span} />
        </>
      )}
    </div>
  );
}
