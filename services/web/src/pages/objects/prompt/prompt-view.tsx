import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { createObject, membersOf, refOf, type ObjectVersion } from '../../../api/objects.ts';
import { ErrorNote } from '../../../ui/notes.tsx';
import { useMayWrite } from '../may-write.ts';
import { ObjectFields } from '../object-fields.tsx';
import { useToVersion } from '../version-header.tsx';
import { MessageView } from './message-view.tsx';
import { MessagesEditor } from './messages-editor.tsx';
import { promptDrafts, variablesIn, withDrafts, type Draft, type PromptForm } from './messages.ts';
import './prompt.css';

/** A prompt as it is said, with its variables, and a way to change it. */
export function PromptView({ version }: { readonly version: ObjectVersion }) {
  const prompt = promptDrafts(version.val);
  const [isEditing, setEditing] = useState(false);
  const mayWrite = useMayWrite();
  if (prompt === undefined) return <ObjectFields version={version} />;
  if (isEditing) return <Edit version={version} {...prompt} onEnd={() => setEditing(false)} />;
  return (
    <section>
      <div className="assets-tools">
        <Variables drafts={prompt.drafts} />
        <span className="push object-actions">
          <ToPlayground version={version} />
          {mayWrite && (
            <button className="button" onClick={() => setEditing(true)}>
              Edit
            </button>
          )}
        </span>
      </div>
      <Description val={version.val} />
      <div className="messages">
        {prompt.drafts.length === 0 && <p className="soft">This prompt says nothing yet.</p>}
        {prompt.drafts.map((message) => (
          <MessageView
            key={message.key}
            message={message}
            {...(prompt.form === 'content' && { label: 'text' })}
          />
        ))}
      </div>
    </section>
  );
}

function Variables({ drafts }: { readonly drafts: readonly Draft[] }) {
  const names = variablesIn(drafts.map(({ content }) => content)).slice(0, 50);
  if (names.length === 0) return <span className="soft">No variables.</span>;
  return (
    <span className="prompt-variables">
      <span className="soft">Variables</span>
      {names.map((name) => (
        <mark key={name}>{`{${name}}`}</mark>
      ))}
    </span>
  );
}

function Description({ val }: { readonly val: unknown }) {
  const description = membersOf(val).get('description');
  if (typeof description !== 'string' || description === '') return null;
  return (
    <p className="soft" dir="auto">
      {description.slice(0, 2000)}
    </p>
  );
}

function ToPlayground({ version }: { readonly version: ObjectVersion }) {
  const [entity, project] = version.project_id.split('/') as [string, string];
  return (
    <Link
      className="button"
      to="/$entity/$project/weave/playground"
      params={{ entity, project }}
      search={{ prompt: refOf(version) }}
    >
      Open in the playground
    </Link>
  );
}

interface EditProps {
  readonly version: ObjectVersion;
  readonly form: PromptForm;
  readonly drafts: readonly Draft[];
  readonly onEnd: () => void;
}

function Edit({ version, form, drafts: first, onEnd }: EditProps) {
  const queries = useQueryClient();
  const toVersion = useToVersion(version);
  const [drafts, setDrafts] = useState(first);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    try {
      const val = withDrafts(version.val, form, drafts);
      const digest = await createObject(version.project_id, version.object_id, val);
      await queries.invalidateQueries({ queryKey: ['objects', version.project_id] });
      onEnd();
      toVersion(digest);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <section className="form">
      {form === 'content' ? (
        <textarea
          className="field message-text"
          aria-label="Text of the prompt"
          dir="auto"
          rows={12}
          value={drafts[0]?.content ?? ''}
          onChange={(event) => setDrafts([{ ...drafts[0]!, content: event.target.value }])}
        />
      ) : (
        <MessagesEditor drafts={drafts} onChange={setDrafts} />
      )}
      {error !== undefined && <ErrorNote error={error} />}
      <div className="heading">
        <button className="button primary" disabled={isBusy || drafts === first} onClick={() => void save()}>
          {isBusy ? 'Saving…' : 'Save as a new version'}
        </button>
        <button className="button" disabled={isBusy} onClick={onEnd}>
          Discard
        </button>
      </div>
    </section>
  );
}
