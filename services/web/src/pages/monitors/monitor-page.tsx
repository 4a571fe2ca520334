import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import {
  ledgerQuery,
  monitorQuery,
  publish,
  type LedgerEntry,
  type MonitorObject,
} from '../../api/monitors.ts';
import { Freshness } from '../../ui/freshness.tsx';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { DeadScores } from './dead-scores.tsx';
import { draftOf, NO_LIMITS } from './draft.ts';
import { LedgerView } from './ledger-view.tsx';
import { MonitorForm } from './monitor-form.tsx';
import './monitors.css';
import { State } from './monitors-page.tsx';
import { PastRun } from './past-run.tsx';
import type { MonitorTab } from './routes.ts';
import { ScoresTable } from './scores-table.tsx';
import { LedgerProblem } from './scoring-off.tsx';
import { opNameOf, scorerNames, texts } from './value.ts';

const FROM = '/$entity/$project/weave/monitors/$name';
const TABS: readonly (readonly [MonitorTab, string])[] = [
  ['ledger', 'Ledger'],
  ['scores', 'Scores'],
  ['failures', 'Failures'],
  ['past', 'The past'],
  ['edit', 'Edit'],
];

/** One monitor: what it is, what it did, and what may be changed. */
export function MonitorPage() {
  const { entity, project, name } = useParams({ from: FROM });
  const projectId = `${entity}/${project}`;
  const monitor = useQuery(monitorQuery(projectId, name));
  const ledger = useQuery(ledgerQuery(projectId, name));
  if (monitor.isPending) return <Loading what="the monitor" />;
  if (monitor.isError)
    return (
      <div className="page">
        <ErrorNote error={monitor.error} retry={() => void monitor.refetch()} />
      </div>
    );
  const entry = ledger.data?.monitors.find((each) => each.monitor === name);
  return (
    <div className="page">
      <Heading monitor={monitor.data} projectId={projectId} />
      <Freshness of={[ledger]} />
      {ledger.isError && ledger.data === undefined && (
        <LedgerProblem error={ledger.error} retry={() => void ledger.refetch()} />
      )}
      <Tabs {...{ entity, project, name }} />
      <TabContent
        monitor={monitor.data}
        projectId={projectId}
        entry={entry}
        isLedgerRead={!ledger.isPending}
      />
    </div>
  );
}

function Heading({ monitor, projectId }: { readonly monitor: MonitorObject; readonly projectId: string }) {
  const queries = useQueryClient();
  const { object_id: name, val } = monitor;
  const isActive = val['active'] === true;
  const flip = useMutation({
    mutationFn: () => publish(projectId, name, { ...val, active: !isActive }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['monitors', projectId] }),
  });
  const ops = texts(val['op_names']).map(opNameOf);
  const rate = typeof val['sampling_rate'] === 'number' ? val['sampling_rate'] : 1;
  return (
    <>
      <div className="heading">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <State isActive={isActive} />
        <button className="button push" disabled={flip.isPending} onClick={() => flip.mutate()}>
          {isActive ? 'Pause' : 'Resume'}
        </button>
      </div>
      {flip.isError && <ErrorNote error={flip.error} />}
      <dl className="facts">
        <div>
          <dt>Calls</dt>
          <dd>
            <bdi>{ops.length === 0 ? 'every call' : ops.join(', ')}</bdi>
          </dd>
        </div>
        <div>
          <dt>Sample</dt>
          <dd>{Number((rate * 100).toFixed(4))} %</dd>
        </div>
        <div>
          <dt>Scorers</dt>
          <dd>
            <bdi>{scorerNames(val).join(', ')}</bdi>
          </dd>
        </div>
      </dl>
      {!isActive && <p className="soft">It is paused: calls that come now are not scored.</p>}
    </>
  );
}

function Tabs(params: { readonly entity: string; readonly project: string; readonly name: string }) {
  const { tab = 'ledger' } = useSearch({ from: FROM });
  return (
    <nav className="tabs" aria-label="Of the monitor">
      {TABS.map(([each, label]) => (
        <Link
          key={each}
          to={FROM}
          params={params}
          search={each === 'ledger' ? {} : { tab: each }}
          aria-current={each === tab ? 'page' : undefined}
          activeProps={{}}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}

function TabContent({
  monitor,
  projectId,
  entry,
  isLedgerRead,
}: {
  readonly monitor: MonitorObject;
  readonly projectId: string;
  readonly entry: LedgerEntry | undefined;
  readonly isLedgerRead: boolean;
}) {
  const { entity, project, name } = useParams({ from: FROM });
  const { tab = 'ledger' } = useSearch({ from: FROM });
  const navigate = useNavigate();
  const toLedger = () => void navigate({ to: FROM, params: { entity, project, name }, search: {} });
  switch (tab) {
    case 'ledger':
      return entry === undefined ? null : <LedgerView entry={entry} />;
    case 'scores':
      return <ScoresTable projectId={projectId} monitor={name} />;
    case 'failures':
      return (
        <>
          <h2>Given up</h2>
          <DeadScores projectId={projectId} monitor={name} />
          <h2>Answered with an error</h2>
          <ScoresTable projectId={projectId} monitor={name} failuresOnly />
        </>
      );
    case 'past':
      return <PastRun projectId={projectId} monitor={name} isActive={monitor.val['active'] === true} />;
    case 'edit':
      // Its budget is in the ledger.
      return isLedgerRead ? (
        <MonitorForm
          key={monitor.digest}
          projectId={projectId}
          first={draftOf(projectId, monitor, entry?.budget ?? NO_LIMITS)}
          known={monitor}
          onSaved={toLedger}
        />
      ) : (
        <Loading what="its budget" />
      );
  }
}
