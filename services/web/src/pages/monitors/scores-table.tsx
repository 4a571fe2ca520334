import { useQuery } from '@tanstack/react-query';
import { monitorScoresQuery, type Score } from '../../api/monitors.ts';
import { oneLine } from '../../ui/format.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { RefLink } from '../../ui/ref-link.tsx';
import { Time } from '../../ui/time.tsx';

/** The newest scores of a monitor, or those that failed. */
export function ScoresTable({
  projectId,
  monitor,
  failuresOnly = false,
}: {
  readonly projectId: string;
  readonly monitor: string;
  readonly failuresOnly?: boolean;
}) {
  const scores = useQuery(monitorScoresQuery(projectId, monitor, failuresOnly));
  if (scores.isPending) return <Loading what="scores" />;
  if (scores.isError) return <ErrorNote error={scores.error} retry={() => void scores.refetch()} />;
  if (scores.data.length === 0)
    return (
      <p className="soft">
        {failuresOnly
          ? 'No score failed.'
          : 'No scores yet. They come within seconds after a call of its ops is stored, or from “The past”.'}
      </p>
    );
  return (
    <div className="scroll-x" tabIndex={0}>
      <table className="plain" aria-label={failuresOnly ? 'Failed scores' : 'Scores'}>
        <thead>
          <tr>
            <th>Scored</th>
            <th>Call</th>
            <th>Scorer</th>
            <th>{failuresOnly ? 'Why' : 'Score'}</th>
          </tr>
        </thead>
        <tbody>
          {scores.data.map((score) => (
            <tr key={score.id}>
              <td className="soft">
                <Time at={score.created_at} />
              </td>
              <td>
                <RefLink value={score.weave_ref} />
              </td>
              <td>
                <bdi>{score.feedback_type.replace(/^wandb\.runnable\./, '')}</bdi>
              </td>
              <td>
                <Said score={score} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Said({ score: { payload } }: { readonly score: Score }) {
  const error = payload['error'];
  if (payload['status'] !== 'error') return <bdi className="mono">{oneLine(payload['output'])}</bdi>;
  const { message, kind } = (error ?? {}) as { readonly message?: unknown; readonly kind?: unknown };
  return (
    <bdi className="error-text">
      {typeof kind === 'string' && `${kind}: `}
      {oneLine(message)}
    </bdi>
  );
}
