import type { Rejected } from '@weft/event-log';
import { AppError } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';

/** So many rejected events in a row are not the data any more: stop rather than empty the log into the dead letters. */
const MAX_REJECTED_IN_A_ROW = 1_000;

/**
 * Counts and logs what becomes dead letters, one line per batch. @throws AppError `internal` when whole batches are rejected
 * again and again: nothing of the batch is committed then.
 */
export function createDeadLetterReport(
  logger: Logger,
  metrics: Metrics,
): (total: number, rejected: readonly Rejected[]) => void {
  const counter = metrics.counter({
    name: 'writer_events_rejected_total',
    help: 'Events that can never be stored, now dead letters',
  });
  let inARow = 0;
  return (total, rejected) => {
    inARow = rejected.length === total ? inARow + total : 0;
    const [first] = rejected;
    if (first === undefined) return;
    counter.inc(rejected.length);
    const { kind, projectId, id } = first.event;
    logger.warn(
      { rejected: rejected.length, of: total, first: { kind, projectId, id, reason: first.reason } },
      'events moved to the dead letters',
    );
    if (inARow >= MAX_REJECTED_IN_A_ROW)
      throw new AppError('internal', `${inARow} events in a row were rejected; the last: ${first.reason}`);
  };
}
