import type { Rejected } from '@weft/event-log';
import { AppError, type TraceEvent } from '@weft/model';
import type { Logger, Metrics } from '@weft/runtime';
import { createDeadLetterBreaker, type DeadLetterBreaker } from './dead-letter-breaker.ts';

const SAY_AGAIN_MS = 60_000;

export interface DeadLetterReport {
  /**
   * Logs what becomes dead letters, one line per batch. @throws AppError `internal` when so much is rejected that
   * the batch must not be committed: the same events come again, after a pause.
   */
  check(batch: readonly TraceEvent[], rejected: readonly Rejected[]): Promise<void>;
  /** Why the writer holds back its work; undefined: it does not. */
  held(): string | undefined;
}

interface ReportDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** See `writerEnv`. */
  readonly maxPercent: number;
  /** How many partitions the log has. */
  readonly partitions: () => Promise<number>;
}

/**
 * The breaker: a bad version of this program must not empty the log into the dead letters. What it does then is hold, not
 * exit. The events stay in the log, uncommitted, and are tried again every 30 s at most; the process says so in its log, in
 * the metric `writer_dead_letter_breaker_open` and where it says whether it is ready, so that a rollout of the bad version
 * stops at its first writer. Exiting would lose what was counted: each start would move up to 1,000 more events, and the
 * partitions would go from writer to writer, to be rejected by each.
 *
 * It ends by itself once the batch passes: the events went to a writer that can read them, or enough of the 10 minutes has
 * gone by. Else: deploy a version that reads them, or, if these events are garbage indeed, set
 * WRITER_REJECTED_MAX_PERCENT=100 until they are through.
 */
export function createDeadLetterReport({
  logger,
  metrics,
  maxPercent,
  partitions,
}: ReportDeps): DeadLetterReport {
  const open = metrics.gauge({
    name: 'writer_dead_letter_breaker_open',
    help: '1 while the writer holds back its work because too many events are rejected',
  });
  open.set(0);
  let breaker: DeadLetterBreaker | undefined;
  let reason: string | undefined;
  let saidAtMs = -Infinity;

  function hold(why: string, rejected: readonly Rejected[]): never {
    reason = why;
    open.set(1);
    const text = `holding back: ${why}; the last: ${rejected.at(-1)?.reason ?? 'earlier'}`;
    if (performance.now() - saidAtMs >= SAY_AGAIN_MS) {
      saidAtMs = performance.now();
      logger.error({ rejected: rejected.length }, `${text}. Nothing is lost: see docs/dead-letters.md`);
    }
    throw new AppError('internal', text);
  }

  function release(): void {
    if (reason === undefined) return;
    reason = undefined;
    saidAtMs = -Infinity;
    open.set(0);
    logger.info('no longer holding back');
  }

  return {
    held: () => reason,
    async check(batch, rejected) {
      breaker ??= createDeadLetterBreaker({ maxPercent, partitions: await partitions() });
      const why = breaker.judge(batch, rejected);
      if (why !== undefined) hold(why, rejected);
      release();
      const [first] = rejected;
      if (first === undefined) return;
      const { kind, projectId, id } = first.event;
      logger.warn(
        { rejected: rejected.length, of: batch.length, first: { kind, projectId, id, reason: first.reason } },
        'events moved to the dead letters',
      );
    },
  };
}
