import type { Feedback } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { JsonTree } from '../../ui/json-tree/json-tree.tsx';
import { isContainer, jsonText, member } from '../../ui/json-tree/json-value.ts';
import { LongText } from '../../ui/json-tree/long-text.tsx';
import { messageOf } from '../../ui/notes.tsx';
import { RefLink } from '../../ui/ref-link.tsx';
import { Time } from '../../ui/time.tsx';
import { useSession } from './may-write.ts';
import { usePurgeFeedback } from './use-feedback.ts';

/** One thing that was said, by whom and when. */
export function FeedbackItem({ call, feedback }: { readonly call: Call; readonly feedback: Feedback }) {
  return (
    <li>
      <header>
        <b>
          <bdi>{titleOf(feedback.feedback_type).slice(0, 200)}</bdi>
        </b>
        <span className="soft">
          <bdi>{(feedback.creator ?? feedback.wb_user_id ?? '').slice(0, 100)}</bdi>{' '}
          <Time at={feedback.created_at} />
        </span>
        <Remove call={call} feedback={feedback} />
      </header>
      <Said feedback={feedback} />
    </li>
  );
}

function titleOf(type: string): string {
  if (type === 'wandb.note.1') return 'Note';
  if (type === 'wandb.reaction.1') return 'Reaction';
  return type.replace(/^wandb\.(annotation|runnable)\./, '');
}

function Said({ feedback }: { readonly feedback: Feedback }) {
  const { feedback_type: type, payload } = feedback;
  if (type === 'wandb.reaction.1')
    return (
      <p className="call-emoji" title={jsonText(member(payload, 'alias') ?? '')}>
        {jsonText(member(payload, 'emoji')).slice(0, 20)}
      </p>
    );
  const value =
    type === 'wandb.note.1'
      ? member(payload, 'note')
      : type.startsWith('wandb.annotation.')
        ? member(payload, 'value')
        : type.startsWith('wandb.runnable.')
          ? member(payload, 'output')
          : payload;
  return (
    <>
      <FeedbackValue value={value} label={titleOf(type)} />
      {feedback.annotation_ref !== null && (
        <p className="soft">
          asked by <RefLink value={feedback.annotation_ref} />
        </p>
      )}
      {feedback.runnable_ref !== null && (
        <p className="soft">
          scored by <RefLink value={feedback.runnable_ref} />
        </p>
      )}
    </>
  );
}

export function FeedbackValue({ value, label }: { readonly value: unknown; readonly label: string }) {
  if (isContainer(value)) return <JsonTree value={value} label={label} />;
  return (
    <p className="call-said" dir="auto">
      <LongText text={jsonText(value)} first={2000} />
    </p>
  );
}

/** Own feedback can be taken back; keys of the role `admin` take back all. */
export function Remove({ call, feedback }: { readonly call: Call; readonly feedback: Feedback }) {
  const session = useSession();
  const purge = usePurgeFeedback(call);
  const isOwn =
    session !== undefined &&
    (session.open ||
      session.role === 'admin' ||
      (session.user !== null && session.user === feedback.wb_user_id));
  if (!isOwn || session.role === 'read') return null;
  return (
    <>
      <button
        type="button"
        className="button small danger push"
        aria-label={`Delete ${titleOf(feedback.feedback_type)}`}
        disabled={purge.isPending}
        onClick={() => purge.mutate(feedback.id)}
      >
        Delete
      </button>
      {purge.isError && (
        <span className="error-text" role="alert">
          {messageOf(purge.error)}
        </span>
      )}
    </>
  );
}
