import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { statusOf, type Call } from '../../api/calls.ts';
import { resultsQuery, runsByIdQuery, runsOfQuery } from '../../api/evaluations.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { examplesOf } from './examples.ts';
import { metricsOf } from './metrics.ts';
import { ResultsPart } from './results-part.tsx';
import { RunHeading } from './run-heading.tsx';
import { RunSummary } from './run-summary.tsx';
import { evaluationOf } from './run-facts.ts';
import './evaluations.css';

/** While a run goes on. */
const REFRESH_MS = 4000;

/** One run: its sums, and every example. */
export function EvaluationPage() {
  const { entity, project, id } = useParams({ from: '/$entity/$project/weave/evaluations/$id' });
  const projectId = `${entity}/${project}`;
  const found = useQuery({
    ...runsByIdQuery(projectId, [id]),
    refetchInterval: ({ state }) =>
      state.data?.[0] !== undefined && statusOf(state.data[0]) === 'running' ? REFRESH_MS : false,
  });
  if (found.isPending) return <Loading what="the run" />;
  if (found.isError)
    return (
      <div className="page">
        <ErrorNote error={found.error} retry={() => void found.refetch()} />
      </div>
    );
  const run = found.data[0];
  if (run === undefined)
    return (
      <Empty title="There is no such run">
        <p className="soft">It is deleted, or not stored yet: {id}</p>
        <Link to="/$entity/$project/weave/evaluations" params={{ entity, project }} search={{}}>
          See all runs
        </Link>
      </Empty>
    );
  return <Found run={run} projectId={projectId} />;
}

function Found({ run, projectId }: { readonly run: Call; readonly projectId: string }) {
  const isRunning = statusOf(run) === 'running';
  const results = useQuery({
    ...resultsQuery(projectId, [run.id]),
    refetchInterval: isRunning ? REFRESH_MS : false,
  });
  const examples = useMemo(() => (results.data === undefined ? [] : examplesOf(results.data)), [results.data]);
  const metrics = useMemo(() => metricsOf(examples), [examples]);
  return (
    <div className="page full evaluations-wide">
      <RunHeading run={run} examples={examples} previous={<ComparePrevious run={run} projectId={projectId} />} />
      {results.isPending && <Loading what="examples" />}
      {results.isError && <ErrorNote error={results.error} retry={() => void results.refetch()} />}
      {results.isSuccess && examples.length === 0 && (
        <p className="note">
          {isRunning ? 'No example is done yet: they appear here as they come.' : 'This run has no examples: it ended before the first one.'}
        </p>
      )}
      {examples.length > 0 && (
        <>
          <RunSummary {...{ examples, metrics, run: run.id }} />
          <ResultsPart {...{ examples, metrics, run }} total={results.data!.total} />
        </>
      )}
    </div>
  );
} // prettier-ignore

/** The run of the same evaluation before this one, to compare with. */
function ComparePrevious({ run, projectId }: { readonly run: Call; readonly projectId: string }) {
  const [entity, project] = projectId.split('/') as [string, string];
  const evaluation = evaluationOf(run);
  const refs = typeof evaluation === 'string' && evaluation.startsWith('weave:///') ? [evaluation] : [];
  const others = useQuery(runsOfQuery(projectId, refs));
  const previous = others.data?.find(({ id, started_at: at }) => id !== run.id && at <= run.started_at);
  if (previous === undefined) return null;
  return (
    <Link
      className="button"
      to="/$entity/$project/weave/compare-evaluations"
      params={{ entity, project }}
      search={{ ids: `${previous.id},${run.id}` }}
    >
      Compare with the run before
    </Link>
  );
}
