import type { EventLog } from '@weft/event-log';
import type { AwaitFreshness } from '@weft/http';
import { AppError } from '@weft/model';

const MAX_WAIT_MS = 2000;

/** Waits until what was acknowledged before a request is stored, as long as that takes no longer than 2 s. */
export function awaitStored(eventLog: Pick<EventLog, 'endOffsets' | 'waitCommitted'>): AwaitFreshness {
  return async () => {
    try {
      const ends = await eventLog.endOffsets('trace-events');
      await eventLog.waitCommitted('trace-events', 'writer', ends, MAX_WAIT_MS);
    } catch (error) {
      // What is stored can be read without the log.
      if (!(error instanceof AppError)) throw error;
    }
  };
}
