import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import type { Row } from '../../../api/tables.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { ErrorNote } from '../../../ui/notes.tsx';
import './dataset.css';
import { RowsInput } from './rows-input.tsx';
import { saveDataset } from './save-rows.ts';

/** A dataset out of a file. */
export function NewDataset({
  projectId,
  onClose,
}: {
  readonly projectId: string;
  readonly onClose: () => void;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const version = await saveDataset(projectId, name.trim(), rows);
      await queries.invalidateQueries({ queryKey: ['objects', projectId] });
      const [entity, project] = projectId.split('/') as [string, string];
      await navigate({
        to: '/$entity/$project/weave/objects/$name/versions/$version',
        params: { entity, project, name: name.trim(), version },
      });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title="New dataset" onClose={onClose} isWide>
      <form className="form" onSubmit={(event) => void save(event)}>
        <label>
          Name
          <input
            className="field"
            required
            maxLength={128}
            pattern="[A-Za-z0-9_.\-]+"
            title="Letters, digits, dots, - and _"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <RowsInput onRows={setRows} />
        {error !== undefined && <ErrorNote error={error} />}
        <div className="heading">
          <button className="button primary" disabled={isBusy || rows.length === 0}>
            {isBusy ? 'Publishing…' : 'Publish'}
          </button>
          <span className="soft">A name that is taken gets another version.</span>
        </div>
      </form>
    </Dialog>
  );
}
