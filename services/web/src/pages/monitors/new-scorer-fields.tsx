import { FIRST_PROMPT, FIRST_SCHEMA, JUDGE, SCORER_CLASSES, type NewScorer } from './scorer-kinds.ts';

/** A scorer that begins as its kind suggests. */
export function newScorer(kind: string): NewScorer {
  const config = SCORER_CLASSES.find(({ name }) => name === kind)?.config ?? {};
  return {
    kind,
    name: '',
    model: 'openai/gpt-4o-mini',
    prompt: FIRST_PROMPT,
    schema: FIRST_SCHEMA,
    config: JSON.stringify(config, null, 2),
  };
}

/** What a scorer is made of. */
export function NewScorerFields({
  scorer,
  onChange,
  onRemove,
}: {
  readonly scorer: NewScorer;
  readonly onChange: (scorer: NewScorer) => void;
  readonly onRemove: () => void;
}) {
  const label = SCORER_CLASSES.find(({ name }) => name === scorer.kind)?.label;
  return (
    <div className="card mon-scorer">
      <div className="heading">
        <strong>{scorer.kind === JUDGE ? 'A model judges' : label}</strong>
        <button type="button" className="button quiet push" onClick={onRemove}>
          Remove
        </button>
      </div>
      <label>
        Scorer name
        <input
          className="field"
          value={scorer.name}
          placeholder="helpful"
          onChange={(event) => onChange({ ...scorer, name: event.target.value })}
        />
      </label>
      {scorer.kind === JUDGE ? (
        <JudgeFields {...{ scorer, onChange }} />
      ) : (
        <label>
          Settings, as JSON
          <textarea
            className="field"
            rows={Math.max(3, scorer.config.split('\n').length)}
            spellCheck={false}
            value={scorer.config}
            onChange={(event) => onChange({ ...scorer, config: event.target.value })}
          />
        </label>
      )}
    </div>
  );
}

function JudgeFields({
  scorer,
  onChange,
}: {
  readonly scorer: NewScorer;
  readonly onChange: (scorer: NewScorer) => void;
}) {
  return (
    <>
      <label>
        Model
        <input
          className="field"
          value={scorer.model}
          placeholder="openai/gpt-4o-mini"
          onChange={(event) => onChange({ ...scorer, model: event.target.value })}
        />
        <span className="soft mon-small">
          openai/…, anthropic/…, gemini/…, bedrock/…, azure/…, or a server of the operator’s
        </span>
      </label>
      <label>
        Prompt
        <textarea
          className="field"
          rows={7}
          value={scorer.prompt}
          onChange={(event) => onChange({ ...scorer, prompt: event.target.value })}
        />
        <span className="soft mon-small">
          {'{output}'} is the call’s output, {'{question}'} its input of that name. A brace is written twice.
        </span>
      </label>
      <label>
        What it answers, as JSON (empty: text)
        <textarea
          className="field"
          rows={5}
          spellCheck={false}
          value={scorer.schema}
          onChange={(event) => onChange({ ...scorer, schema: event.target.value })}
        />
      </label>
    </>
  );
}
