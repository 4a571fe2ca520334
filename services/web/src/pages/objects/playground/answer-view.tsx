import { Link } from '@tanstack/react-router';
import { CopyButton } from '../../../ui/copy.tsx';
import { count, duration, money } from '../../../ui/format.ts';
import { LongText } from '../value.tsx';
import type { Answer } from './use-answers.ts';

interface Props {
  readonly projectId: string;
  readonly answer: Answer;
  readonly number: number;
  /** Goes on with this answer. */
  readonly onContinue: () => void;
}

/** What a model said, how long it took and what it cost. */
export function AnswerView({ projectId, answer, number, onContinue }: Props) {
  const { state, text, reasoning, tools, error, missingKey } = answer;
  return (
    <section className="answer" aria-label={`Answer of variant ${number}`} aria-busy={state === 'running'}>
      {reasoning !== '' && (
        <details>
          <summary className="soft">Reasoning</summary>
          <LongText text={reasoning} />
        </details>
      )}
      {text !== '' && (
        <div className="answer-text">
          <LongText text={text} />
        </div>
      )}
      {tools !== '' && <pre className="json">{tools.trim().slice(0, 20_000)}</pre>}
      {state === 'running' && text === '' && <p className="soft">Waiting for the first words…</p>}
      {error !== undefined && <Failure error={error} missingKey={missingKey} />}
      <p className="skip" role="status">
        {state === 'running' ? '' : `Variant ${number}: ${WORDS[state]}`}
      </p>
      <Figures projectId={projectId} answer={answer} />
      {state !== 'running' && text !== '' && (
        <div className="heading">
          <CopyButton text={() => text} label={`Copy the answer of variant ${number}`} />
          <button className="button quiet" onClick={onContinue}>
            Continue from here
          </button>
        </div>
      )}
    </section>
  );
}

const WORDS = { running: 'running', done: 'answered', failed: 'failed', stopped: 'stopped' } as const;

function Failure({ error, missingKey }: { readonly error: string; readonly missingKey: string | undefined }) {
  return (
    <div className="note error" role="alert">
      <p style={{ margin: 0, overflowWrap: 'anywhere' }}>{error.slice(0, 2000)}</p>
      <p className="soft answer-hint">
        {missingKey !== undefined ? (
          <>
            Whoever runs this server sets <code>{missingKey}</code> in its environment and starts it again, or
            puts it into the file of <code>WEFT_LLM_SECRETS_FILE</code>, which is read again by itself.
          </>
        ) : (
          'This is what the provider said. Check the name of the model, its limits and the settings above; the call has the whole request.'
        )}
      </p>
    </div>
  );
}

function Figures({ projectId, answer }: Pick<Props, 'projectId' | 'answer'>) {
  const { state, usage, ms, firstMs, cost, callId, finish } = answer;
  const [entity, project] = projectId.split('/') as [string, string];
  const facts = [
    ...(state === 'stopped' ? ['stopped'] : []),
    ...(finish === 'length' ? ['cut at its limit of tokens'] : []),
    ...(ms === undefined ? [] : [duration(ms)]),
    ...(firstMs === undefined ? [] : [`first words after ${duration(firstMs)}`]),
    ...(usage?.total_tokens === undefined
      ? []
      : [`${count.format(usage.prompt_tokens ?? 0)} + ${count.format(usage.completion_tokens ?? 0)} tokens`]),
    ...(cost === undefined ? [] : [money(cost)]),
  ];
  return (
    <p className="soft answer-figures">
      {facts.join(' · ')}
      {callId !== undefined && state !== 'running' && (
        <>
          {facts.length > 0 && ' · '}
          <Link to="/$entity/$project/weave/calls/$id" params={{ entity, project, id: callId }} search={{}}>
            Open the call
          </Link>
        </>
      )}
    </p>
  );
}
