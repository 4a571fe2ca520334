import { useQuery } from '@tanstack/react-query';
import { feedbackQuery, isScore, SHOWN_FEEDBACK } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { AddFeedback } from './add-feedback.tsx';
import { Annotate } from './annotate.tsx';
import { FeedbackItem } from './feedback-item.tsx';
import { useMayWrite } from './may-write.ts';

/** What people and programs said of the call. */
export function FeedbackTab({ call }: { readonly call: Call }) {
  const feedback = useQuery(feedbackQuery(call));
  const mayWrite = useMayWrite();
  const said = feedback.data?.filter((each) => !isScore(each));
  return (
    <>
      {mayWrite && <AddFeedback call={call} />}
      {mayWrite && <Annotate call={call} given={feedback.data ?? []} />}
      <h2>Given</h2>
      {feedback.isPending && <Loading what="the feedback" />}
      {feedback.isError && <ErrorNote error={feedback.error} retry={() => void feedback.refetch()} />}
      {said?.length === 0 && (
        <p className="soft">
          Nothing yet. Programs give feedback too: <code>call.feedback.add_note(…)</code>, see Use.
        </p>
      )}
      <ul className="call-feedback" aria-live="polite">
        {said?.map((each) => (
          <FeedbackItem key={each.id} call={call} feedback={each} />
        ))}
      </ul>
      {feedback.data?.length === SHOWN_FEEDBACK && (
        <p className="soft">These are the newest {SHOWN_FEEDBACK}.</p>
      )}
    </>
  );
}
