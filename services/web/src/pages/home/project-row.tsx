import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { breakdownQuery, type FiguresOverTime } from '../../api/dashboard.ts';
import type { Project } from '../../api/projects.ts';
import { count, money } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';

const DAY = { lastMs: 86_400_000 } as const;
const HOUR_S = 3600;

/** A project with what happened in it in 24 hours. */
export function ProjectRow({
  project: { project_id: id, latest_call_at: latest, calls_24h: calls },
}: {
  readonly project: Project;
}) {
  const [entity, project] = id.split('/') as [string, string];
  const activity = useQuery({
    ...breakdownQuery({ projectId: id, span: DAY, granularity: HOUR_S }),
    refetchInterval: 60_000,
    // Where nothing happened there is nothing to ask.
    enabled: calls > 0,
  });
  const total = calls === 0 ? { errors: 0, cost_usd: 0 } : activity.data?.total;
  return (
    <tr>
      <td>
        <Link to="/$entity/$project/weave/traces" params={{ entity, project }} search={{}}>
          {id}
        </Link>
      </td>
      <td className="home-spark">
        {activity.data?.total.series !== undefined && <Sparkline series={activity.data.total.series} />}
      </td>
      <td className="number">{count.format(calls)}</td>
      <td className={`number${(total?.errors ?? 0) > 0 ? ' error-text' : ''}`}>
        {total === undefined ? '' : count.format(total.errors)}
      </td>
      <td className="number">
        <Link
          to="/$entity/$project/weave/dashboard"
          params={{ entity, project }}
          search={{ range: '24h' }}
          aria-label={`Dashboard, ${total === undefined ? 'cost not known yet' : money(total.cost_usd)} in 24 hours`}
        >
          {total === undefined ? '' : money(total.cost_usd)}
        </Link>
      </td>
      <td className="soft">
        <Time at={latest} />
      </td>
    </tr>
  );
}

const WIDTH = 96;
const HEIGHT = 22;

/** A bar for each hour; what failed of it is red. The figures stand beside it. */
function Sparkline({ series: { calls, errors } }: { readonly series: FiguresOverTime }) {
  const most = Math.max(1, ...calls);
  const step = WIDTH / calls.length;
  return (
    <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
      {calls.map((value, i) => {
        const height = value === 0 ? 1 : Math.max(2, (value / most) * HEIGHT);
        const failed = value === 0 ? 0 : (errors[i]! / value) * height;
        return (
          <g key={i} transform={`translate(${i * step} 0)`}>
            <rect
              y={HEIGHT - height}
              width={step - 1}
              height={height}
              fill={value === 0 ? 'var(--line)' : 'var(--series-1)'}
            />
            <rect y={HEIGHT - failed} width={step - 1} height={failed} fill="var(--error)" />
          </g>
        );
      })}
    </svg>
  );
}
