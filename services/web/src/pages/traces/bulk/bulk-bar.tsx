import { useState } from 'react';
import type { Call } from '../../../api/calls.ts';
import { count } from '../../../ui/format.ts';
import type { Selection } from '../use-selection.ts';
import { AnnotateDialog } from './annotate-dialog.tsx';
import { DatasetDialog } from './dataset-dialog.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { ScoreDialog } from './score-dialog.tsx';

export interface BulkProps {
  readonly projectId: string;
  readonly ids: readonly string[];
  /** As the list has them: with previews of their payloads. */
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
  onChanged,
}: {
  readonly projectId: string;
  readonly calls: readonly Call[];
  readonly selection: Selection;
  /** Something was done: the list is to be read anew. */
  readonly onChanged: () => void;
}) {
  const [open, setOpen] = useState<{ readonly action: Action; readonly calls: readonly Call[] }>();
  const chosen = calls.filter(({ id }) => selection.ids.has(id));
  const Opened = open && DIALOGS[open.action];
  return (
    <>
      {chosen.length > 0 && (
        <div className="bulk" role="toolbar" aria-label="Chosen calls">
          <span aria-live="polite">{count.format(chosen.length)} chosen</span>
          {ACTIONS.map(([action, label]) => (
            <button
              key={action}
              className={`button${action === 'delete' ? ' danger' : ''}`}
              onClick={() => setOpen({ action, calls: chosen })}
            >
              {label}
            </button>
          ))}
          <button className="button quiet push" onClick={selection.clear}>
            Choose none
          </button>
        </div>
      )}
      {open !== undefined && Opened !== undefined && (
        <Opened
          projectId={projectId}
          ids={open.calls.map(({ id }) => id)}
          calls={open.calls}
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
