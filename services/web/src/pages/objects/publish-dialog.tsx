import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent, type ReactNode } from 'react';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorNote } from '../../ui/notes.tsx';

/** Asks for an object's name, publishes a version and opens it. A name that is there gets another version. */
export function PublishDialog({
  projectId,
  title,
  name: named = '',
  canPublish,
  publish,
  onClose,
  children,
}: {
  readonly projectId: string;
  readonly title: string;
  /** What it is called at first. */
  readonly name?: string;
  readonly canPublish: boolean;
  /** @returns the digest of the version. */
  readonly publish: (name: string) => Promise<string>;
  readonly onClose: () => void;
  /** What is published. */
  readonly children: ReactNode;
}) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(named);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const version = await publish(name.trim());
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
    <Dialog title={title} onClose={onClose} isWide>
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
        {children}
        {error !== undefined && <ErrorNote error={error} />}
        <div className="heading">
          <button className="button primary" disabled={isBusy || !canPublish}>
            {isBusy ? 'Publishing…' : 'Publish'}
          </button>
          <span className="soft">A name that is taken gets another version.</span>
        </div>
      </form>
    </Dialog>
  );
}
