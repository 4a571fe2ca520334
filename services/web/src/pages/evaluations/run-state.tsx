import { statusOf, type Call } from '../../api/calls.ts';

/** How a run went: single examples may fail without the run. */
export function RunState({ run }: { readonly run: Call }) {
  const status = statusOf(run);
  if (status === 'running') return <span className="status running">running</span>;
  if (status === 'error') return <span className="status error">failed</span>;
  const failed = (run.summary['status_counts'] as { error?: unknown } | undefined)?.error;
  if (status !== 'descendant_error') return <span className="status">finished</span>;
  const title = typeof failed === 'number' ? `${failed} calls within failed` : 'Calls within failed';
  return (
    <span className="status error" title={title}>
      with errors
    </span>
  );
}
