import { ApiError } from '../../api/request.ts';
import { ErrorNote } from '../../ui/notes.tsx';

/** Why something is not shown: most often because the key is no admin's. */
export function AdminNote({
  error,
  retry,
  what,
}: {
  readonly error: unknown;
  readonly retry: () => void;
  readonly what: string;
}) {
  if (!(error instanceof ApiError)) return <ErrorNote error={error} retry={retry} />;
  if (error.status === 404 || error.status === 502)
    return (
      <div className="note error" role="alert">
        No writer answers behind this address. Ask one itself:{' '}
        <code>WEFT_URL=http://&lt;writer&gt;:6347 weft dlq list</code>
      </div>
    );
  if (error.status !== 403) return <ErrorNote error={error} retry={retry} />;
  return (
    <div className="note" role="alert">
      <p style={{ margin: 0 }}>
        {what} needs a key with the role admin. Whoever runs the server makes one, and you sign in with it:
      </p>
      <pre className="json" tabIndex={0}>
        weft keys create --user you --role admin
      </pre>
    </div>
  );
}
