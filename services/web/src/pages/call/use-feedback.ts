import { useMutation, useQueryClient } from '@tanstack/react-query';
import { addFeedback, feedbackQuery, purgeFeedback, type NewFeedback } from '../../api/call.ts';
import type { Call } from '../../api/calls.ts';

/** Gives feedback on the call, and shows it. */
export function useAddFeedback(call: Call) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (feedback: NewFeedback) => addFeedback(call, feedback),
    onSuccess: () => queries.invalidateQueries({ queryKey: feedbackQuery(call).queryKey }),
  });
}

/** Takes feedback back for good. */
export function usePurgeFeedback(call: Call) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => purgeFeedback(call.project_id, id),
    onSuccess: () => queries.invalidateQueries({ queryKey: feedbackQuery(call).queryKey }),
  });
}
