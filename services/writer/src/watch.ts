import type { HandleBatch } from '@weft/event-log';

/** Longer than all that a batch waits for, each with its own limit: what takes longer hangs. */
const MAX_BATCH_MS = 120_000;

/**
 * Whether a batch hangs. Batches that fail and come again do not: a store that is away is no reason to restart the writer.
 * That fetching goes on is for the log to watch, which ends consume() when it does not.
 */
export interface Watch {
  over(handle: HandleBatch): HandleBatch;
  stuck(): string | undefined;
}

export function createWatch(now: () => number = () => performance.now()): Watch {
  let since: number | undefined;
  return {
    over: (handle) => async (events, lease) => {
      since = now();
      try {
        return await handle(events, lease);
      } finally {
        since = undefined;
      }
    },
    stuck: () =>
      since !== undefined && now() - since > MAX_BATCH_MS
        ? 'a batch has been in hand for over 120 s'
        : undefined,
  };
}
