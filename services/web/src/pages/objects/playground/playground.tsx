import { Link } from '@tanstack/react-router';
import { useState, type KeyboardEvent } from 'react';
import { ErrorNote } from '../../../ui/notes.tsx';
import { RefLink } from '../../../ui/ref-link.tsx';
import { JsonText } from '../../../ui/json-text.tsx';
import { useMayWrite } from '../may-write.ts';
import { MessagesEditor } from '../prompt/messages-editor.tsx';
import { draft } from '../prompt/messages.ts';
import { NewPrompt } from '../prompt/new-prompt.tsx';
import { AnswerView } from './answer-view.tsx';
import { keepModel, lastModel } from './model-names.ts';
import type { Start } from './start.ts';
import { useAnswers } from './use-answers.ts';
import { inputsOf, MOST_VARIANTS, newVariant, variablesOf, type Variant } from './variant.ts';
import { VariantSettings } from './variant-settings.tsx';

/** Messages on one side, the models that answer on the other. */
export function Playground({ projectId, start }: { readonly projectId: string; readonly start: Start }) {
  const [drafts, setDrafts] = useState(start.drafts);
  const [variables, setVariables] = useState(start.variables);
  const [variants, setVariants] = useState<readonly Variant[]>(() => [
    newVariant({ model: lastModel(), ...start.variant }),
  ]);
  const [extra, setExtra] = useState(start.extra);
  const [isSaving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>();
  const { answers, ask, stop, isRunning } = useAnswers(projectId);
  const mayWrite = useMayWrite();
  const canRun = mayWrite && drafts.length > 0 && variants.every(({ model }) => model.trim() !== '');
  const run = () => {
    if (!canRun) return;
    try {
      const asked = variants.map(
        (variant) => [variant.key, inputsOf(drafts, variables, variant, extra)] as const,
      );
      setError(undefined);
      keepModel(variants[0]!.model.trim());
      for (const [key, inputs] of asked) void ask(key, inputs);
    } catch (failure) {
      setError(failure);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
  };
  const names = variablesOf(drafts);
  return (
    <div className="playground" onKeyDown={onKeyDown}>
      <section className="playground-messages" aria-label="Messages">
        <div className="heading">
          <h1>Playground</h1>
          <From projectId={projectId} start={start} />
        </div>
        <MessagesEditor drafts={drafts} onChange={setDrafts} />
        {names.length > 0 && <Variables names={names} values={variables} onChange={setVariables} />}
        {Object.keys(extra).length > 0 && (
          <div>
            <JsonText title="Sent besides, as the call had it" value={extra} isFolded />
            <button className="button quiet" onClick={() => setExtra({})}>
              Leave it out
            </button>
          </div>
        )}
      </section>
      <section className="playground-answers" aria-label="Models">
        <div className="playground-tools">
          {isRunning ? (
            <button className="button danger" onClick={stop}>
              Stop
            </button>
          ) : (
            <button className="button primary" disabled={!canRun} title="Ctrl+Enter" onClick={run}>
              {variants.length === 1 ? 'Run' : `Run all ${variants.length}`}
            </button>
          )}
          <button
            className="button"
            disabled={variants.length >= MOST_VARIANTS}
            title={`The same messages, asked once more beside it: up to ${MOST_VARIANTS}`}
            onClick={() => setVariants([...variants, newVariant(variants.at(-1))])}
          >
            + Variant
          </button>
          {mayWrite && (
            <button className="button push" disabled={drafts.length === 0} onClick={() => setSaving(true)}>
              Save as prompt…
            </button>
          )}
        </div>
        {!mayWrite && <p className="note">Your key may only read: asking a model writes a call.</p>}
        {error !== undefined && <ErrorNote error={error} />}
        <div className="variants">
          {variants.map((variant, index) => {
            const answer = answers.get(variant.key);
            return (
              <div key={variant.key} className="variant">
                <VariantSettings
                  projectId={projectId}
                  variant={variant}
                  number={index + 1}
                  onChange={(changed) => setVariants(variants.with(index, changed))}
                  {...(variants.length > 1 && { onRemove: () => setVariants(variants.toSpliced(index, 1)) })}
                />
                {answer !== undefined && (
                  <AnswerView
                    projectId={projectId}
                    answer={answer}
                    number={index + 1}
                    onContinue={() =>
                      setDrafts([...drafts, draft('assistant', answer.text), draft('user', '')])
                    }
                  />
                )}
              </div>
            );
          })}
        </div>
        {answers.size === 0 && <Lesson />}
      </section>
      {isSaving && (
        <NewPrompt
          projectId={projectId}
          drafts={drafts}
          {...(start.name !== undefined && { name: start.name })}
          onClose={() => setSaving(false)}
        />
      )}
    </div>
  );
}

function Lesson() {
  return (
    <p className="soft">
      The server asks the model with its own key and keeps every answer as a call. Braces make a variable:{' '}
      <code>{'{question}'}</code> is asked for below the messages. Add a variant to compare models or settings
      side by side.
    </p>
  );
}

function From({ projectId, start }: { readonly projectId: string; readonly start: Start }) {
  if (start.from === undefined) return null;
  const [entity, project] = projectId.split('/') as [string, string];
  return (
    <span className="soft">
      begun with{' '}
      {start.from.startsWith('weave:') ? (
        <RefLink value={start.from} />
      ) : (
        <Link to="/$entity/$project/weave/calls/$id" params={{ entity, project, id: start.from }} search={{}}>
          a call
        </Link>
      )}
    </span>
  );
}

function Variables({
  names,
  values,
  onChange,
}: {
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  readonly onChange: (values: ReadonlyMap<string, string>) => void;
}) {
  return (
    <fieldset className="playground-variables">
      <legend>Variables</legend>
      {names.map((name) => (
        <label key={name}>
          <span className="mono">{name}</span>
          <textarea
            className="field"
            dir="auto"
            rows={Math.min(8, Math.max(1, (values.get(name) ?? '').split('\n').length))}
            value={values.get(name) ?? ''}
            onChange={(event) => onChange(new Map(values).set(name, event.target.value))}
          />
        </label>
      ))}
    </fieldset>
  );
}
