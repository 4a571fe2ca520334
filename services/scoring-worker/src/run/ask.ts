import { ScoreError, type ScoreContext, type Scorer, type Scores, type Target } from '@weft/scoring';

/** Above the limits of those who ask: only a scorer that ignores them comes this far. */
const MAX_MS = 120_000;

/**
 * Runs a scorer, and waits no longer than it is given, whatever the scorer does.
 * @throws ScoreError; the reason of `stopped` once that aborts.
 */
export async function ask(
  scorer: Scorer,
  target: Target,
  { signal: stopped, ...context }: ScoreContext,
): Promise<Scores> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), MAX_MS);
  const stop = () => controller.abort();
  stopped.addEventListener('abort', stop, { once: true });
  if (stopped.aborted) stop();
  const { signal } = controller;
  const broken = new Promise<never>((_, reject) => {
    const tell = () =>
      reject(
        stopped.aborted
          ? (stopped.reason as Error)
          : new ScoreError('timeout', `no answer within ${MAX_MS / 1000} s`),
      );
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });
  try {
    return await Promise.race([scorer.score(target, { ...context, signal }), broken]);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
  }
}
