import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { chunks } from '../../api/request.ts';
import { selectionOf, type TracesFilter } from '../../api/trace-filters.ts';
import { COUNTED, countQuery } from '../../api/traces.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { count } from '../../ui/format.ts';
import { messageOf } from '../../ui/notes.tsx';
import type { Column } from './columns.tsx';

const FORMATS = {
  csv: 'CSV, for spreadsheets',
  jsonl: 'JSON lines, every value as it was sent',
  parquet: 'Parquet, for pandas and DuckDB',
} as const;
type Format = keyof typeof FORMATS;

const WHOLE = ['id', 'trace_id', 'parent_id', 'op_name', 'display_name', 'started_at', 'ended_at', 'exception', 'summary.weave.status', 'summary.weave.latency_ms', 'tokens', 'cost', 'inputs', 'output', 'attributes', 'summary', 'thread_id', 'wb_user_id']; // prettier-ignore

type State =
  | { readonly kind: 'asking' | 'stopped' }
  | { readonly kind: 'running' | 'done'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The calls of the list as a file. */
export function ExportDialog({
  projectId,
  filter,
  columns,
  onClose,
}: {
  readonly projectId: string;
  readonly filter: TracesFilter;
  readonly columns: readonly Column[];
  readonly onClose: () => void;
}) {
  const [format, setFormat] = useState<Format>('csv');
  const [isWhole, setWhole] = useState(false);
  const [state, setState] = useState<State>({ kind: 'asking' });
  const total = useQuery(countQuery(projectId, filter));
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const start = async () => {
    const abort = new AbortController();
    stop.current = abort;
    setState({ kind: 'running', bytes: 0 });
    const names = isWhole ? WHOLE : ['id', ...columns.map(({ exported }) => exported)];
    const body = { project_id: projectId, format, columns: [...new Set(names)], ...selectionOf(filter) };
    try {
      const parts: BlobPart[] = [];
      let bytes = 0;
      for await (const chunk of chunks('/weft/v1/calls/export', body, abort.signal)) {
        parts.push(chunk as BlobPart);
        bytes += chunk.length;
        setState({ kind: 'running', bytes });
      }
      save(new Blob(parts), `${projectId.replace('/', '-')}-calls.${format}`);
      setState({ kind: 'done', bytes });
    } catch (error) {
      setState(abort.signal.aborted ? { kind: 'stopped' } : { kind: 'failed', error });
    }
  };
  return (
    <Dialog title="Export" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <p>
          {total.data === undefined
            ? 'The calls of this list, the newest first.'
            : `${total.data.has_more ? `More than ${count.format(COUNTED)}` : count.format(total.data.count)} calls, the newest first.`}
        </p>
        <label>
          Format
          <select
            className="field"
            value={format}
            onChange={(event) => setFormat(event.target.value as Format)}
          >
            {(Object.keys(FORMATS) as Format[]).map((each) => (
              <option key={each} value={each}>
                {FORMATS[each]}
              </option>
            ))}
          </select>
        </label>
        <label className="choice">
          <input type="checkbox" checked={isWhole} onChange={(event) => setWhole(event.target.checked)} />{' '}
          everything of each call, not only the columns of the list
        </label>
        <p aria-live="polite">
          <Said state={state} />
        </p>
        <div className="heading">
          {state.kind === 'running' ? (
            <button type="button" className="button" onClick={() => stop.current?.abort()}>
              Stop
            </button>
          ) : (
            <button className="button primary">Export</button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

function Said({ state }: { readonly state: State }) {
  if (state.kind === 'running')
    return (
      <>
        <progress aria-label="Progress" /> {size(state.bytes)} so far…
      </>
    );
  if (state.kind === 'done') return <>Saved: {size(state.bytes)}.</>;
  if (state.kind === 'stopped') return <>Stopped; nothing was saved.</>;
  if (state.kind === 'failed') return <span className="error-text">{messageOf(state.error)}</span>;
  return null;
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
