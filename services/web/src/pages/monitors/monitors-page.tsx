import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import {
  BY_ROUTE,
  lastDayQuery,
  ledgerQuery,
  monitorsQuery,
  type Ledger,
  type LedgerEntry,
  type MonitorObject,
} from '../../api/monitors.ts';
import { Freshness } from '../../ui/freshness.tsx';
import { count, money } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { FirstMonitor } from './first-monitor.tsx';
import './monitors.css';
import { LedgerProblem } from './scoring-off.tsx';
import { scorerNames } from './value.ts';

/** Which monitors there are, and what they do. */
export function MonitorsPage() {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/monitors' });
  const projectId = `${entity}/${project}`;
  const monitors = useQuery(monitorsQuery(projectId));
  const ledger = useQuery(ledgerQuery(projectId));
  return (
    <div className="page">
      <div className="heading">
        <h1>Monitors</h1>
        <Link
          className="button primary push"
          to="/$entity/$project/weave/monitors/new"
          params={{ entity, project }}
        >
          New monitor
        </Link>
      </div>
      <p className="soft">A monitor picks calls as they are stored and has scorers look at them.</p>
      <Freshness of={[ledger]} />
      {ledger.isError && ledger.data === undefined && (
        <LedgerProblem error={ledger.error} retry={() => void ledger.refetch()} />
      )}
      {monitors.isPending && <Loading what="monitors" />}
      {monitors.isError && <ErrorNote error={monitors.error} retry={() => void monitors.refetch()} />}
      {monitors.data?.length === 0 && <FirstMonitor projectId={projectId} />}
      {monitors.data !== undefined && monitors.data.length > 0 && (
        <Table monitors={monitors.data} ledger={ledger.data} projectId={projectId} />
      )}
      {ledger.data !== undefined && <ProjectSpend ledger={ledger.data} />}
    </div>
  );
}

function Table({
  monitors,
  ledger,
  projectId,
}: {
  readonly monitors: readonly MonitorObject[];
  readonly ledger: Ledger | undefined;
  readonly projectId: string;
}) {
  const entries = new Map(ledger?.monitors.map((entry) => [entry.monitor, entry]));
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="plain" aria-label="Monitors">
        <thead>
          <tr>
            <th>Monitor</th>
            <th>State</th>
            <th>Scorers</th>
            <th className="number">Sample</th>
            <th className="number">Scored, 24 h</th>
            <th className="number">Failed, 24 h</th>
            <th className="number">Matched</th>
            <th className="number">Skipped</th>
            <th className="number">Waiting</th>
            <th className="number">Spent today</th>
          </tr>
        </thead>
        <tbody>
          {monitors.map((monitor) => (
            <Row key={monitor.object_id} {...{ monitor, projectId }} entry={entries.get(monitor.object_id)} />
          ))}
        </tbody>
      </table>
      <p className="soft mon-small">
        Matched, skipped and waiting are of all time; what is spent is of today, UTC. Matched = scored +
        failed + skipped + waiting.
      </p>
    </div>
  );
}

function Row({
  monitor,
  entry,
  projectId,
}: {
  readonly monitor: MonitorObject;
  readonly entry: LedgerEntry | undefined;
  readonly projectId: string;
}) {
  const [entity, project] = projectId.split('/') as [string, string];
  const { object_id: name, val } = monitor;
  const day = useQuery(lastDayQuery(projectId, name));
  const rate = typeof val['sampling_rate'] === 'number' ? val['sampling_rate'] : 1;
  const n = (value: number | undefined) => (value === undefined ? '–' : count.format(value));
  return (
    <tr>
      <td>
        <Link to="/$entity/$project/weave/monitors/$name" params={{ entity, project, name }} search={{}}>
          <bdi>{name}</bdi>
        </Link>
      </td>
      <td>
        <State isActive={val['active'] === true} />
      </td>
      <td className="mon-scorers">
        <bdi>{scorerNames(val).join(', ')}</bdi>
      </td>
      <td className="number">{Number((rate * 100).toFixed(4))} %</td>
      <td className="number">{n(day.data?.scores)}</td>
      <td className={`number${(day.data?.failed ?? 0) > 0 ? ' error-text' : ''}`}>{n(day.data?.failed)}</td>
      <td className="number">{n(entry?.matched)}</td>
      <td className="number">{n(entry?.skipped_total)}</td>
      <td className="number">{n(entry?.pending)}</td>
      <td className="number">{entry === undefined ? '–' : money(entry.spend.usd)}</td>
    </tr>
  );
}

export function State({ isActive }: { readonly isActive: boolean }) {
  return <span className={`tag ${isActive ? 'mon-on' : ''}`}>{isActive ? 'active' : 'paused'}</span>;
}

function ProjectSpend({ ledger }: { readonly ledger: Ledger }) {
  const { limits, spent, error } = ledger.project;
  const byRoute = ledger.monitors.find(({ monitor }) => monitor === BY_ROUTE);
  return (
    <p className="soft">
      The whole project spent {money(spent.usd)}
      {limits.usd_per_day !== null && ` of ${money(limits.usd_per_day)}`} and {count.format(spent.tokens)}
      {limits.tokens_per_day !== null && ` of ${count.format(limits.tokens_per_day)}`} tokens today.
      {byRoute !== undefined && ` ${count.format(byRoute.scored)} scores were asked for one by one.`}
      {error !== null && <span className="error-text"> Nothing is spent now: {error}</span>}
    </p>
  );
}
