import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { createObject } from '../../../api/objects.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { ErrorNote } from '../../../ui/notes.tsx';
import { MessagesEditor } from './messages-editor.tsx';
import { draft, messagesPrompt, type Draft } from './messages.ts';

interface Props {
  readonly projectId: string;
  readonly onClose: () => void;
  /** What it says at first. */
  readonly drafts?: readonly Draft[];
  readonly name?: string;
}

/** Messages under a name. A name that is there gets another version. */
export function NewPrompt({ projectId, onClose, drafts: first, name: named = '' }: Props) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(named);
  const [drafts, setDrafts] = useState<readonly Draft[]>(
    () => first ?? [draft('system', ''), draft('user', '')],
  );
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const version = await createObject(projectId, name.trim(), messagesPrompt(drafts));
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
    <Dialog title={first === undefined ? 'New prompt' : 'Save as a prompt'} onClose={onClose} isWide>
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
        <MessagesEditor drafts={drafts} onChange={setDrafts} />
        {error !== undefined && <ErrorNote error={error} />}
        <div className="heading">
          <button className="button primary" disabled={isBusy || drafts.length === 0}>
            {isBusy ? 'Publishing…' : 'Publish'}
          </button>
          <span className="soft">A name that is taken gets another version.</span>
        </div>
      </form>
    </Dialog>
  );
}
