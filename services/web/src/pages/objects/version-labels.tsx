import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { addTag, removeAlias, removeTag, setAlias, type ObjectVersion } from '../../api/objects.ts';
import { messageOf } from '../../ui/notes.tsx';
import { useMayWrite } from './may-write.ts';

/** Tags of a version and aliases that lead to it. */
export function VersionLabels({ version }: { readonly version: ObjectVersion }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite();
  const [failure, setFailure] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const change = async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
      await queries.invalidateQueries({ queryKey: ['objects', version.project_id] });
      return true;
    } catch (error) {
      setFailure(messageOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  const aliases = (version.aliases ?? []).filter((alias) => alias !== 'latest');
  return (
    <div className="object-labels">
      {aliases.map((alias) => (
        <Label key={`a ${alias}`} kind="alias" name={alias} disabled={isBusy}
          {...(mayWrite && { onRemove: () => void change(() => removeAlias(version, alias)) })} />
      ))}
      {(version.tags ?? []).map((tag) => (
        <Label key={`t ${tag}`} kind="tag" name={tag} disabled={isBusy}
          {...(mayWrite && { onRemove: () => void change(() => removeTag(version, tag)) })} />
      ))}
      {mayWrite && (
        <AddLabel
          disabled={isBusy}
          onAdd={(kind, name) => change(() => (kind === 'tag' ? addTag : setAlias)(version, name))}
        />
      )}
      {failure !== undefined && (
        <span className="error-text" role="alert">
          {failure}
        </span>
      )}
    </div>
  );
} // prettier-ignore

type LabelKind = 'tag' | 'alias';

function Label({
  kind,
  name,
  disabled,
  onRemove,
}: {
  readonly kind: LabelKind;
  readonly name: string;
  readonly disabled: boolean;
  readonly onRemove?: () => void;
}) {
  return (
    <span className={`tag ${kind}`} title={kind === 'tag' ? 'Tag' : 'Alias: a name for this version'}>
      <bdi>{name}</bdi>
      {onRemove !== undefined && (
        <button className="object-label-remove" aria-label={`Remove the ${kind} ${name}`} disabled={disabled} onClick={onRemove}>
          ✕
        </button>
      )}
    </span>
  );
} // prettier-ignore

function AddLabel({
  disabled,
  onAdd,
}: {
  readonly disabled: boolean;
  readonly onAdd: (kind: LabelKind, name: string) => Promise<boolean>;
}) {
  const [kind, setKind] = useState<LabelKind>();
  const [name, setName] = useState('');
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (kind === undefined || name.trim() === '' || !(await onAdd(kind, name.trim()))) return;
    setName('');
    setKind(undefined);
  };
  if (kind === undefined)
    return (
      <>
        <button className="button quiet object-add" onClick={() => setKind('tag')}>
          + tag
        </button>
        <button className="button quiet object-add" onClick={() => setKind('alias')}>
          + alias
        </button>
      </>
    );
  return (
    <form className="object-labels" onSubmit={(event) => void add(event)}>
      <input
        className="field"
        aria-label={kind === 'tag' ? 'New tag' : 'New alias'}
        placeholder={kind === 'tag' ? 'reviewed' : 'production'}
        value={name}
        autoFocus
        maxLength={256}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && setKind(undefined)}
      />
      <button className="button" disabled={disabled}>
        Add {kind}
      </button>
      <button type="button" className="button quiet" onClick={() => setKind(undefined)}>
        Cancel
      </button>
    </form>
  );
}
