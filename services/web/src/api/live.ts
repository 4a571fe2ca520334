import type { Call } from './calls.ts';
import { events } from './request.ts';
import { selectionOf, type TracesFilter } from './trace-filters.ts';
import { shownOf, type TracesShown } from './traces.ts';

/** What the server tells of a list that is open. */
export type LiveEvent =
  | { readonly kind: 'ready' | 'reset' }
  /** Calls that were stored, and those of them that match. */
  | { readonly kind: 'calls'; readonly changed: readonly string[]; readonly calls: readonly Call[] };

/** Calls as they come in, until `signal` aborts or the server ends it. @throws ApiError */
export async function* liveCalls(
  projectId: string,
  filter: TracesFilter,
  shown: TracesShown,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent> {
  const body = { project_id: projectId, ...shownOf(shown), ...selectionOf(filter) };
  for await (const { name, data } of events('/weft/v1/calls/live', body, signal)) {
    if (name === 'ready' || name === 'reset') yield { kind: name };
    else if (name === 'calls') {
      const { changed, calls } = data as { changed: readonly string[]; calls: readonly Call[] };
      yield { kind: 'calls', changed, calls };
    }
  }
}
