import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { ErrorNote, Loading } from '../../../ui/notes.tsx';
import '../object.css';
import '../prompt/prompt.css';
import { Playground } from './playground.tsx';
import './playground.css';
import { startQuery } from './start.ts';

/** Trying messages on models. */
export function PlaygroundPage() {
  const params = useParams({ from: '/$entity/$project/weave/playground' });
  const search = useSearch({ from: '/$entity/$project/weave/playground' });
  const projectId = `${params.entity}/${params.project}`;
  const start = useQuery({ ...startQuery(projectId, search), retry: false, refetchOnWindowFocus: false });
  if (start.isPending) return <Loading what="the playground" />;
  if (start.isError)
    return (
      <div className="page">
        <ErrorNote error={start.error} />
        <p>
          <Link to="/$entity/$project/weave/playground" params={params} search={{}}>
            Begin with nothing
          </Link>
        </p>
      </div>
    );
  return (
    <Playground
      key={`${projectId} ${search.call} ${search.prompt}`}
      projectId={projectId}
      start={start.data}
    />
  );
}
