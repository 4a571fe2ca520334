import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { statusOf, type Call } from '../../api/calls.ts';
import { resultsQuery, runsByIdQuery } from '../../api/evaluations.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { CompareExamples } from './compare-examples.tsx';
import { CompareRuns } from './compare-runs.tsx';
import { CompareSummary } from './compare-summary.tsx';
import type { Compared } from './compared.ts';
import { examplesOf } from './examples.ts';
import { metricsOf } from './metrics.ts';
import { idsOf, type CompareSearch } from './search.ts';
import './evaluations.css';

const HERE = '/$entity/$project/weave/compare-evaluations';
const REFRESH_MS = 5000;

/** Up to six runs side by side: what changed, whether it may be luck, and which examples did it. */
export function ComparePage() {
  const params = useParams({ from: HERE });
  const search = useSearch({ from: HERE });
  const projectId = `${params.entity}/${params.project}`;
  const ids = idsOf(search);
  const runs = useQuery({
    ...runsByIdQuery(projectId, ids),
    refetchInterval: ({ state }) => (isLive(state.data) ? REFRESH_MS : false),
  });
  if (ids.length === 0) return <NothingChosen />;
  if (runs.isPending) return <Loading what="the runs" />;
  if (runs.isError)
    return (
      <div className="page">
        <ErrorNote error={runs.error} retry={() => void runs.refetch()} />
      </div>
    );
  if (runs.data.length === 0) return <NothingChosen />;
  return <Found runs={runs.data} projectId={projectId} missing={ids.length - runs.data.length} />;
}

function isLive(runs: readonly Call[] | undefined): boolean {
  return runs?.some((run) => statusOf(run) === 'running') ?? false;
}

function NothingChosen() {
  const { entity, project } = useParams({ from: HERE });
  return (
    <Empty title="Choose runs to compare">
      <p className="soft">Tick two to six runs in the list, then press Compare.</p>
      <Link to="/$entity/$project/weave/evaluations" params={{ entity, project }} search={{}}>
        See all runs
      </Link>
    </Empty>
  );
}

interface FoundProps {
  readonly runs: readonly Call[];
  readonly projectId: string;
  /** Of those asked for, how many are not there. */
  readonly missing: number;
}

function Found({ runs, projectId, missing }: FoundProps) {
  const params = useParams({ from: HERE });
  const search = useSearch({ from: HERE });
  const navigate = useNavigate();
  const ids = runs.map(({ id }) => id);
  const results = useQuery({
    ...resultsQuery(projectId, ids),
    refetchInterval: isLive(runs) ? REFRESH_MS : false,
  });
  const examples = useMemo(() => (results.data === undefined ? [] : examplesOf(results.data)), [results.data]);
  const metrics = useMemo(() => metricsOf(examples), [examples]);
  const change = (changed: CompareSearch) =>
    void navigate({ to: HERE, params, search: withoutUndefined({ ...search, ...changed }), replace: true });
  const base = runs.find(({ id }) => id === search.base) ?? runs[0]!;
  const lower = useMemo(() => new Set((search.lower ?? '').split(',').filter(Boolean)), [search.lower]);
  const compared: Compared = { projectId, runs, base, examples, metrics, lower };
  const loaded = results.data?.rows.length ?? 0;
  return (
    <div className="page full evaluations-wide">
      <h1>Compare {runs.length === 1 ? 'a run with others' : `${runs.length} runs`}</h1>
      {missing > 0 && <p className="note">{missing} of the runs in the address are not there any more.</p>}
      <CompareRuns compared={compared} onChange={change} />
      {results.isPending && <Loading what="examples" />}
      {results.isError && <ErrorNote error={results.error} retry={() => void results.refetch()} />}
      {results.isSuccess && loaded === 0 && <p className="note">These runs have no examples yet.</p>}
      {results.isSuccess && loaded < results.data.total && (
        <p className="note">Only the first {loaded} of {results.data.total} examples are compared.</p>
      )}
      {loaded > 0 && (
        <>
          <CompareSummary compared={compared} onChange={change} />
          <CompareExamples compared={compared} search={search} onChange={change} />
        </>
      )}
    </div>
  );
} // prettier-ignore

function withoutUndefined(search: CompareSearch): CompareSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''));
} // prettier-ignore
