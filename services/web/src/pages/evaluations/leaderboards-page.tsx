import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { boardsQuery, type Board } from '../../api/leaderboards.ts';
import { Empty, ErrorNote, Loading } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';
import { BoardForm } from './board-form.tsx';
import './evaluations.css';

const HERE = '/$entity/$project/weave/leaderboards';

export function LeaderboardsPage() {
  const params = useParams({ from: HERE });
  const { edit } = useSearch({ from: HERE });
  const navigate = useNavigate();
  const projectId = `${params.entity}/${params.project}`;
  const boards = useQuery(boardsQuery(projectId));
  if (edit === true)
    return (
      <div className="page">
        <h1>New leaderboard</h1>
        <BoardForm
          projectId={projectId}
          onCancel={() => void navigate({ to: HERE, params, search: {} })}
          onSaved={(name) =>
            void navigate({ to: '/$entity/$project/weave/leaderboards/$name', params: { ...params, name }, search: {} })
          }
        />
      </div>
    );
  if (boards.isPending) return <Loading what="leaderboards" />;
  if (boards.isError)
    return (
      <div className="page">
        <ErrorNote error={boards.error} retry={() => void boards.refetch()} />
      </div>
    );
  if (boards.data.length === 0) return <FirstBoard projectId={projectId} />;
  return (
    <div className="page">
      <div className="heading">
        <h1>Leaderboards</h1>
        <span className="push" />
        <NewBoard />
      </div>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Leaderboards">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Description</th>
              <th scope="col" className="number">
                Columns
              </th>
              <th scope="col">Changed</th>
            </tr>
          </thead>
          <tbody>
            {boards.data.map((board) => (
              <BoardLine key={board.id} board={board} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
} // prettier-ignore

function NewBoard() {
  const { entity, project } = useParams({ from: HERE });
  return (
    <Link className="button primary" to={HERE} params={{ entity, project }} search={{ edit: true }}>
      New leaderboard
    </Link>
  );
}

function BoardLine({ board }: { readonly board: Board }) {
  const { entity, project } = useParams({ from: HERE });
  return (
    <tr>
      <td className="evaluations-name">
        <Link
          to="/$entity/$project/weave/leaderboards/$name"
          params={{ entity, project, name: board.id }}
          search={{}}
        >
          <bdi>{board.name}</bdi>
        </Link>
      </td>
      <td className="soft evaluations-name" dir="auto">
        {board.description.slice(0, 300)}
      </td>
      <td className="number">{board.columns.length}</td>
      <td className="soft evaluations-time">
        <Time at={board.createdAt} />
      </td>
    </tr>
  );
}

function FirstBoard({ projectId }: { readonly projectId: string }) {
  return (
    <Empty title={`There is no leaderboard in ${projectId} yet`}>
      <p className="soft">
        A leaderboard lines up models by the figures of their newest runs: choose evaluations and what their scorers
        measure, and every model that runs them takes its place.
      </p>
      <p>
        <NewBoard />
      </p>
      <h2>Python</h2>
      <pre className="json" tabIndex={0}>{`import weave
from weave.flow import leaderboard

weave.init('${projectId}')
weave.publish(leaderboard.Leaderboard(
    name='Capitals', description='Who knows the capitals?',
    columns=[leaderboard.LeaderboardColumn(
        evaluation_object_ref=weave.publish(evaluation).uri(),
        scorer_name='exact', summary_metric_path='true_fraction')]))`}</pre>
    </Empty>
  );
} // prettier-ignore
