import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { feedbackQuery, isScore, type Feedback } from '../../api/call.ts';
import { callQuery, type Call } from '../../api/calls.ts';
import { opName } from '../../ui/format.ts';
import { JsonText } from '../../ui/json-text.tsx';
import { isFields, member } from '../../ui/json-tree/json-value.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { readRef, RefLink } from '../../ui/ref-link.tsx';
import { Time } from '../../ui/time.tsx';
import { Remove } from './feedback-item.tsx';
import { ScoreValue } from './score-value.tsx';
import { headOf } from './tabs.ts';

/** What scorers, judges and evaluations made of the call. */
export function ScoresTab({ call }: { readonly call: Call }) {
  const feedback = useQuery(feedbackQuery(call));
  if (feedback.isPending) return <Loading what="the scores" />;
  if (feedback.isError) return <ErrorNote error={feedback.error} retry={() => void feedback.refetch()} />;
  const scores = feedback.data.filter(isScore);
  return (
    <>
      {scores.map((each) => (
        <Score key={each.id} call={call} feedback={each} />
      ))}
      <OfEvaluation call={call} isAlone={scores.length === 0} />
    </>
  );
}

function Score({ call, feedback }: { readonly call: Call; readonly feedback: Feedback }) {
  const isOtel = feedback.feedback_type === 'otel.evaluation';
  const name = isOtel
    ? String(member(feedback.payload, 'name') ?? 'evaluation')
    : feedback.feedback_type.replace('wandb.runnable.', '');
  return (
    <section className="call-score">
      <header>
        <h2>
          <bdi>{name.slice(0, 200)}</bdi>
        </h2>
        <span className="soft">
          <Time at={feedback.created_at} />
        </span>
        <Remove call={call} feedback={feedback} />
      </header>
      <ScoreValue value={isOtel ? feedback.payload : member(feedback.payload, 'output')} label={name} />
      <Ratings feedback={feedback} />
      <p className="call-by">
        {feedback.runnable_ref !== null && (
          <span>
            <span className="soft">scorer</span> <RefLink value={feedback.runnable_ref} />
          </span>
        )}
        {feedback.call_ref !== null && (
          <span>
            <span className="soft">its own</span> <RefLink value={feedback.call_ref} />
          </span>
        )}
        {feedback.trigger_ref !== null && (
          <span>
            <span className="soft">monitor</span> <MonitorLink value={feedback.trigger_ref} />
          </span>
        )}
      </p>
    </section>
  );
}

function MonitorLink({ value }: { readonly value: string }) {
  const found = readRef(value);
  if (found?.kind !== 'object') return <RefLink value={value} />;
  const { entity, project, name } = found;
  return (
    <Link to="/$entity/$project/weave/monitors/$name" params={{ entity, project, name }}>
      <bdi>{name}</bdi>
    </Link>
  );
}

function Ratings({ feedback }: { readonly feedback: Feedback }) {
  const ratings = Object.entries(feedback.scorer_ratings ?? {}).slice(0, 50);
  const tags = (feedback.scorer_tags ?? []).slice(0, 50);
  const reason = (of: Readonly<Record<string, string>> | undefined, name: string) =>
    of !== undefined && Object.hasOwn(of, name) ? of[name] : undefined;
  if (ratings.length === 0 && tags.length === 0) return null;
  return (
    <p className="call-about">
      {ratings.map(([name, value]) => (
        <span key={name} className="tag" title={reason(feedback.scorer_rating_reasons, name)}>
          <bdi>
            {name} {value}
          </bdi>
        </span>
      ))}
      {tags.map((name) => (
        <span key={name} className="tag" title={reason(feedback.scorer_tag_reasons, name)}>
          <bdi>{name}</bdi>
        </span>
      ))}
    </p>
  );
}

const PREDICTION = /^Evaluation\.predict_?and_?score$/i;

/** Scores that an evaluation holds: of a prediction in the call around it, of a run in its output. */
function OfEvaluation({ call, isAlone }: { readonly call: Call; readonly isAlone: boolean }) {
  const isPrediction = PREDICTION.test(opName(call.op_name));
  const parent = useQuery({
    ...callQuery(call.project_id, call.parent_id ?? ''),
    enabled: !isPrediction && call.parent_id !== null,
  }).data;
  const holder = isPrediction ? call : parent != null && PREDICTION.test(opName(parent.op_name)) ? parent : undefined; // prettier-ignore
  const scores = member(headOf(holder?.output), 'scores');
  if (opName(call.op_name) === 'Evaluation.evaluate')
    return <JsonText title="Summary of the evaluation" value={headOf(call.output)} path={['output']} />;
  if (isFields(scores))
    return (
      <>
        {Object.entries(scores).slice(0, 200).map(([name, value]) => (
          <section className="call-score" key={name}>
            <header>
              <h2>
                <bdi>{name.slice(0, 200)}</bdi>
              </h2>
              <span className="soft">in the evaluation</span>
            </header>
            <ScoreValue value={value} label={name} />
          </section>
        ))}
      </>
    ); // prettier-ignore
  return isAlone ? <NoScores /> : null;
}

function NoScores() {
  return (
    <div className="card">
      <p style={{ margin: 0 }}>
        No scores yet. A monitor scores calls as they come, an evaluation scores predictions, and a program
        scores a call it has:
      </p>
      <pre className="json" style={{ marginTop: 8 }}>
        {'output, call = answer.call(question)\nawait call.apply_scorer(my_scorer)'}
      </pre>
    </div>
  );
}
