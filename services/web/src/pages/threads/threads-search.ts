import { THREAD_SORTS, type ThreadSort } from '../../api/threads.ts';

const HOUR_MS = 3_600_000;

/** Ranges of time that can be chosen, in milliseconds. */
export const RANGES = {
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
  '30d': 720 * HOUR_MS,
} as const;
export type Range = keyof typeof RANGES;

export interface ThreadsSearch {
  /** Part of a thread's id. */
  readonly text?: string | undefined;
  readonly since?: Range | undefined;
  readonly sort?: ThreadSort | undefined;
}

/** What the address says of the list. Unknown members are dropped. */
export function readThreadsSearch({ text, since, sort }: Record<string, unknown>): ThreadsSearch {
  const words = typeof text === 'number' ? String(text) : text;
  const range = (Object.keys(RANGES) as Range[]).find((each) => each === since);
  const order = THREAD_SORTS.find((each) => each === sort);
  return {
    ...(typeof words === 'string' && words !== '' && { text: words.slice(0, 500) }),
    ...(range !== undefined && { since: range }),
    ...(order !== undefined && { sort: order }),
  };
} // prettier-ignore
