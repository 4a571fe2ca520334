import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { Call } from '../../../api/calls.ts';
import { MOST_CHOSEN } from '../../../api/bulk.ts';
import { count } from '../../../ui/format.ts';
import { messageOf } from '../../../ui/notes.tsx';
import type { Selection } from '../use-selection.ts';
import { AnnotateDialog } from './annotate-dialog.tsx';
import { DatasetDialog } from './dataset-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { ScoreDialog } from './score-dialog.tsx';

export interface BulkProps {
  readonly projectId: string;
  readonly ids: readonly string[];
  /** Those that are loaded, as the list has them: with previews of their payloads. */
  readonly calls: readonly Call[];
  readonly onClose: () => void;
  readonly onDone: (failed: readonly string[]) => void;
}

const ACTIONS = [
  ['dataset', 'Add to dataset'],
  ['annotate', 'Annotate'],
  ['score', 'Score'],
  ['delete', 'Delete'],
] as const;
type Action = (typeof ACTIONS)[number][0];

const DIALOGS = {
  dataset: DatasetDialog,
  annotate: AnnotateDialog,
  score: ScoreDialog,
  delete: DeleteDialog,
};

/** What can be done with the chosen calls. */
export function BulkBar({
  projectId,
  calls,
  selection,
  readMore,
  onChanged,
}: {
  readonly projectId: string;
  /** Those that are loaded. */
  readonly calls: readonly Call[];
  readonly selection: Selection;
  /** Reads the ids of all that match; undefined where all are loaded. */
  readonly readMore: ((signal: AbortSignal) => Promise<string[]>) | undefined;
  /** Something was done: the list is to be read anew. */
  readonly onChanged: () => void;
}) {
  const [open, setOpen] = useState<{ readonly action: Action; readonly ids: readonly string[] }>();
  const chosen = selection.ids.size;
  const Opened = open && DIALOGS[open.action];
  return (
    <>
      {chosen > 0 && (
        <div className="bulk" role="toolbar" aria-label="Chosen calls">
          <span aria-live="polite">
            {count.format(chosen)} chosen
            {chosen === MOST_CHOSEN && ', which is as many as can be at once'}
          </span>
          {ACTIONS.map(([action, label]) => (
            <button
              key={action}
              className={`button${action === 'delete' ? ' danger' : ''}`}
              onClick={() => setOpen({ action, ids: [...selection.ids] })}
            >
              {label}
            </button>
          ))}
          {readMore !== undefined && chosen === calls.length && (
            <ChooseMore readMore={readMore} onRead={selection.keep} />
          )}
          <button className="button quiet push" onClick={selection.clear}>
            Choose none
          </button>
        </div>
      )}
      {open !== undefined && Opened !== undefined && (
        <Opened
          projectId={projectId}
          ids={open.ids}
          calls={calls.filter(({ id }) => open.ids.includes(id))}
          onClose={() => setOpen(undefined)}
          onDone={(failed) => {
            selection.keep(failed);
            onChanged();
          }}
        />
      )}
    </>
  );
}

/** From those that are loaded to all that match. */
function ChooseMore({
  readMore,
  onRead,
}: {
  readonly readMore: (signal: AbortSignal) => Promise<string[]>;
  readonly onRead: (ids: readonly string[]) => void;
}) {
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const read = useMutation({
    mutationFn: () => {
      stop.current = new AbortController();
      return readMore(stop.current.signal);
    },
    onSuccess: onRead,
  });
  return (
    <>
      <button className="button quiet" disabled={read.isPending} onClick={() => read.mutate()}>
        {read.isPending ? 'Choosing…' : 'Choose all that match'}
      </button>
      {read.isError && <span className="error-text">{messageOf(read.error)}</span>}
    </>
  );
}
