import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { deadQuery, settleDead } from '../../api/monitors.ts';
import { ErrorNote } from '../../ui/notes.tsx';
import { Time } from '../../ui/time.tsx';
import { LedgerProblem } from './scoring-off.tsx';

/** Scores that were given up, and what may become of them. */
export function DeadScores({ projectId, monitor }: { readonly projectId: string; readonly monitor: string }) {
  const [entity, project] = projectId.split('/') as [string, string];
  const queries = useQueryClient();
  const dead = useQuery(deadQuery(projectId, monitor));
  const settle = useMutation({
    mutationFn: ({ verb, ids }: { readonly verb: 'revive' | 'drop'; readonly ids: readonly string[] }) =>
      settleDead(verb, projectId, monitor, ids),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['monitors', projectId] }),
  });
  if (dead.isError) return <LedgerProblem error={dead.error} retry={() => void dead.refetch()} />;
  if (dead.data === undefined || dead.data.length === 0)
    return <p className="soft">No score was given up.</p>;
  const ids = dead.data.map(({ id }) => id);
  return (
    <>
      <p className="soft">
        The provider was away for all tries, or a key is missing. They are kept for 30 days.
      </p>
      <div className="mon-row">
        <button className="button" onClick={() => settle.mutate({ verb: 'revive', ids })}>
          Try all {ids.length} again
        </button>
        <button className="button danger" onClick={() => settle.mutate({ verb: 'drop', ids })}>
          Forget all
        </button>
      </div>
      {settle.isError && <ErrorNote error={settle.error} />}
      <div className="scroll-x" tabIndex={0}>
        <table className="plain" aria-label="Scores that were given up">
          <thead>
            <tr>
              <th>Since</th>
              <th>Call</th>
              <th>Why</th>
              <th className="number">Tries</th>
            </tr>
          </thead>
          <tbody>
            {dead.data.map(({ id, added_at: at, call_id: call, reason, attempt }) => (
              <tr key={id}>
                <td className="soft">
                  <Time at={at} />
                </td>
                <td>
                  {call !== null && (
                    <Link
                      className="mono"
                      to="/$entity/$project/weave/calls/$id"
                      params={{ entity, project, id: call }}
                      search={{}}
                    >
                      {call}
                    </Link>
                  )}
                </td>
                <td>
                  <bdi>{reason?.slice(0, 500)}</bdi>
                </td>
                <td className="number">{attempt}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
