import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { runsQuery, type RunsFilter } from '../../api/evaluations.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { FirstRun } from './first-run.tsx';
import { RunsTable } from './runs-table.tsx';
import { RunsTools } from './runs-tools.tsx';
import './evaluations.css';

/** New runs are looked for so often. */
const REFRESH_MS = 5000;
const HERE = '/$entity/$project/weave/evaluations';

export function EvaluationsPage() {
  const params = useParams({ from: HERE });
  const filter = useSearch({ from: HERE });
  const navigate = useNavigate();
  const projectId = `${params.entity}/${params.project}`;
  const [picked, setPicked] = useState<readonly string[]>([]);
  const runs = useInfiniteQuery({
    ...runsQuery(projectId, filter),
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
  });
  const calls = runs.data?.pages.flatMap((page) => page.calls) ?? [];
  const setFilter = (search: RunsFilter) => void navigate({ to: HERE, params, search, replace: true });
  const isFiltered = Object.keys(filter).length > 0;
  if (runs.isSuccess && calls.length === 0 && !isFiltered) return <FirstRun projectId={projectId} />;
  return (
    <div className="evaluations">
      <h1 className="skip">Evaluations of {projectId}</h1>
      <RunsTools {...{ filter, runs: calls, picked }} onChange={setFilter} onClear={() => setPicked([])} />
      {runs.isPending && <Loading what="evaluations" />}
      {runs.isError && (
        <div className="page">
          <ErrorNote error={runs.error} retry={() => void runs.refetch()} />
        </div>
      )}
      {runs.isSuccess && calls.length === 0 && (
        <Empty title="No run matches">
          <button className="button" onClick={() => setFilter({})}>
            Show all runs
          </button>
        </Empty>
      )}
      {calls.length > 0 && <RunsTable runs={calls} picked={picked} onPick={setPicked} />}
      {runs.hasNextPage && (
        <p className="evaluations-more">
          <button className="button" disabled={runs.isFetching} onClick={() => void runs.fetchNextPage()}>
            Show older runs
          </button>
        </p>
      )}
    </div>
  );
}
