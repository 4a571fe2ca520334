import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { latencyMs, statusOf, type Call } from '../../api/calls.ts';
import { trialCountQuery } from '../../api/evaluations.ts';
import { count, duration, money } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';
import { formatValue } from './metrics.ts';
import { costOf, evaluationOf, modelOf, nameOf, scoresOf, titleOf, versionOf } from './run-facts.ts';
import { RunState } from './run-state.tsx';
import { MAX_RUNS } from './search.ts';

interface RunsTableProps {
  readonly runs: readonly Call[];
  readonly picked: readonly string[];
  readonly onPick: (picked: readonly string[]) => void;
}

/** Runs, the newest first. */
export function RunsTable({ runs, picked, onPick }: RunsTableProps) {
  const toggle = (id: string) =>
    onPick(picked.includes(id) ? picked.filter((each) => each !== id) : [...picked, id]);
  return (
    <div className="scroll-x evaluations-runs" tabIndex={0} role="region" aria-label="Runs, the newest first">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">
              <span className="skip">Compare</span>
            </th>
            <th scope="col">Run</th>
            <th scope="col">Model</th>
            <th scope="col">Status</th>
            <th scope="col">Scores</th>
            <th scope="col" className="number">
              Trials
            </th>
            <th scope="col" className="number">
              Duration
            </th>
            <th scope="col" className="number">
              Cost
            </th>
            <th scope="col">Started</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <RunRow
              key={run.id}
              run={run}
              isPicked={picked.includes(run.id)}
              isFull={picked.length >= MAX_RUNS}
              onToggle={() => toggle(run.id)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RunRowProps {
  readonly run: Call;
  readonly isPicked: boolean;
  /** No more can be chosen. */
  readonly isFull: boolean;
  readonly onToggle: () => void;
}

function RunRow({ run, isPicked, isFull, onToggle }: RunRowProps) {
  const [entity, project] = run.project_id.split('/') as [string, string];
  const [latency, cost] = [latencyMs(run), costOf(run)];
  const evaluation = nameOf(evaluationOf(run));
  const title = titleOf(run);
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          aria-label={`Compare ${title}`}
          checked={isPicked}
          disabled={isFull && !isPicked}
          onChange={onToggle}
        />
      </td>
      <td className="evaluations-name">
        <Link
          to="/$entity/$project/weave/evaluations/$id"
          params={{ entity, project, id: run.id }}
          search={{}}
        >
          <bdi>{title}</bdi>
        </Link>
        {evaluation !== title && (
          <div className="soft">
            <bdi>{evaluation}</bdi>
          </div>
        )}
      </td>
      <td className="evaluations-name">
        <bdi>{nameOf(modelOf(run))}</bdi>
        <div className="soft mono">{versionOf(modelOf(run))}</div>
      </td>
      <td>
        <RunState run={run} />
      </td>
      <td>
        <Scores run={run} />
      </td>
      <td className="number">
        <Trials run={run} />
      </td>
      <td className="number">{latency === undefined ? '' : duration(latency)}</td>
      <td className="number">{cost === undefined ? '' : money(cost)}</td>
      <td className="soft evaluations-time">
        <Time at={run.started_at} />
      </td>
    </tr>
  );
}

const SHOWN_SCORES = 4;

function Scores({ run }: { readonly run: Call }) {
  const scores = scoresOf(run);
  return (
    <div className="evaluations-scores">
      {scores.slice(0, SHOWN_SCORES).map(({ label, value, kind }) => (
        <span className="tag" key={label}>
          <bdi>{label}</bdi> <b>{formatValue(value, { kind })}</b>
        </span>
      ))}
      {scores.length > SHOWN_SCORES && <span className="soft">+{scores.length - SHOWN_SCORES}</span>}
    </div>
  );
}

const REFRESH_MS = 5000;

function Trials({ run }: { readonly run: Call }) {
  const isRunning = statusOf(run) === 'running';
  const trials = useQuery({
    ...trialCountQuery(run.project_id, run.id),
    staleTime: isRunning ? 0 : Infinity,
    refetchInterval: isRunning ? REFRESH_MS : false,
  });
  return trials.data === undefined ? null : count.format(trials.data);
}
