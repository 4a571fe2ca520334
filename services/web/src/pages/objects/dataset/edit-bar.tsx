import { useQueryClient } from '@tanstack/react-query';
import { useBlocker } from '@tanstack/react-router';
import { useState } from 'react';
import type { ObjectVersion } from '../../../api/objects.ts';
import { count } from '../../../ui/format.ts';
import { ErrorNote } from '../../../ui/notes.tsx';
import { useToVersion } from '../version-header.tsx';
import { editCount, type Edits } from './edits.ts';
import { saveEdits } from './save-rows.ts';
import type { RowsPlace } from './use-rows.ts';

interface Props {
  readonly version: ObjectVersion;
  readonly place: RowsPlace;
  readonly edits: Edits;
  readonly onEdit: (edits: Edits) => void;
  readonly onEnd: () => void;
}

/** What was changed so far, and what becomes of it. */
export function EditBar({ version, place, edits, onEnd }: Props) {
  const queries = useQueryClient();
  const toVersion = useToVersion(version);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isSaved, setSaved] = useState<string>();
  const changes = editCount(edits);
  useBlocker({
    // The address of a filter or an order is the same page.
    shouldBlockFn: ({ current, next }) =>
      changes > 0 &&
      isSaved === undefined &&
      !isBusy &&
      current.pathname !== next.pathname &&
      !window.confirm('Leave, and lose what you have changed?'),
    enableBeforeUnload: () => changes > 0,
  });
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const digest = await saveEdits(version, place, edits);
      await queries.invalidateQueries({ queryKey: ['objects', version.project_id] });
      setSaved(digest);
      onEnd();
      toVersion(digest);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <div className="edit-bar note">
      <div className="heading">
        <span aria-live="polite">
          {changes === 0
            ? 'Choose a cell to change it. Nothing is stored before you save.'
            : `${count.format(changes)} ${changes === 1 ? 'row differs' : 'rows differ'} from v${version.version_index}.`}
        </span>
        <span className="push object-actions">
          <button className="button" disabled={isBusy} onClick={onEnd}>
            {changes === 0 ? 'Done' : 'Discard'}
          </button>
          <button className="button primary" disabled={isBusy || changes === 0} onClick={() => void save()}>
            {isBusy ? 'Saving…' : 'Save as a new version'}
          </button>
        </span>
      </div>
      {error !== undefined && <ErrorNote error={error} />}
    </div>
  );
}
