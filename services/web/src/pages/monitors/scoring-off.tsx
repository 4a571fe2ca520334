import { ApiError } from '../../api/request.ts';
import { ErrorNote } from '../../ui/notes.tsx';

/** Whether the server does not score at all. */
export const isOff = (error: unknown): boolean => error instanceof ApiError && error.status === 501;

/** Why nothing of a ledger can be shown, and what to do. */
export function LedgerProblem({ error, retry }: { readonly error: unknown; readonly retry: () => void }) {
  if (!isOff(error)) return <ErrorNote error={error} retry={retry} />;
  return (
    <div className="note error" role="alert">
      <p style={{ margin: 0 }}>
        <strong>Online evaluation is off on this server.</strong> Monitors can be written and changed; nothing
        is scored, and nothing is counted, until its operator starts it with
      </p>
      <pre className="json" tabIndex={0}>{`WEAVE_ENABLE_ONLINE_EVAL=true OPENAI_API_KEY=… ./scripts/up`}</pre>
      <p className="soft" style={{ margin: 0 }}>
        In a cluster every service gets the setting, and a scoring worker has to run. Calls that come before
        that can be scored afterwards.
      </p>
    </div>
  );
}
