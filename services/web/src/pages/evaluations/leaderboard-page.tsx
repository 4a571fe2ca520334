import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { BOARD_RUNS, runsOfQuery } from '../../api/evaluations.ts';
import { boardQuery, type Board } from '../../api/leaderboards.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { BoardForm } from './board-form.tsx';
import { BoardTable } from './board-table.tsx';
import './evaluations.css';

const HERE = '/$entity/$project/weave/leaderboards/$name';
const REFRESH_MS = 10_000;

/** One leaderboard: models by columns. */
export function LeaderboardPage() {
  const params = useParams({ from: HERE });
  const { edit } = useSearch({ from: HERE });
  const navigate = useNavigate();
  const projectId = `${params.entity}/${params.project}`;
  const board = useQuery(boardQuery(projectId, params.name));
  const leaveForm = () => void navigate({ to: HERE, params, search: {} });
  if (board.isPending) return <Loading what="the leaderboard" />;
  if (board.isError)
    return (
      <div className="page">
        <ErrorNote error={board.error} retry={() => void board.refetch()} />
      </div>
    );
  if (board.data === null)
    return (
      <Empty title="There is no such leaderboard">
        <Link to="/$entity/$project/weave/leaderboards" params={params} search={{}}>
          See all leaderboards
        </Link>
      </Empty>
    );
  return (
    <div className="page full evaluations-wide">
      <div className="heading">
        <h1>
          <bdi>{board.data.name}</bdi>
        </h1>
        <span className="tag">version {board.data.version}</span>
        <span className="push" />
        {edit !== true && (
          <Link className="button" to={HERE} params={params} search={{ edit: true }}>
            Edit
          </Link>
        )}
      </div>
      {edit === true ? (
        <BoardForm projectId={projectId} board={board.data} onCancel={leaveForm} onSaved={leaveForm} />
      ) : (
        <>
          <p className="soft" dir="auto">
            {board.data.description.slice(0, 2000)}
          </p>
          <Standing board={board.data} projectId={projectId} />
        </>
      )}
    </div>
  );
}

function Standing({ board, projectId }: { readonly board: Board; readonly projectId: string }) {
  const refs = [...new Set(board.columns.map(({ evaluation_object_ref: ref }) => ref))].filter((ref) => ref !== '');
  const runs = useQuery({ ...runsOfQuery(projectId, refs), refetchInterval: REFRESH_MS });
  if (refs.length === 0)
    return <p className="note">This leaderboard has no columns yet. Press Edit and add one.</p>;
  if (runs.isPending) return <Loading what="runs" />;
  if (runs.isError) return <ErrorNote error={runs.error} retry={() => void runs.refetch()} />;
  return (
    <>
      <BoardTable board={board} runs={runs.data} projectId={projectId} />
      {runs.data.length >= BOARD_RUNS && (
        <p className="soft">Made of the newest {BOARD_RUNS} runs of these evaluations.</p>
      )}
    </>
  );
} // prettier-ignore
