import type { ReadinessCheck } from '@weft/http';
import type { TraceReader } from '@weft/trace-store';

/** One lost packet must not take every query process out of service: the store may be silent for so long. */
const MAX_SILENT_MS = 10_000;

/** Ready while the store has answered a cheap query within the last 10 seconds. Each look asks again, one at a time. */
export function createStoreCheck(
  reader: Pick<TraceReader, 'ping'>,
  now: () => number = () => performance.now(),
): ReadinessCheck {
  let lastAnswerMs = -Infinity;
  let asking: Promise<void> | undefined;
  const isFresh = () => now() - lastAnswerMs <= MAX_SILENT_MS;
  const ask = async () => {
    try {
      await reader.ping();
      lastAnswerMs = now();
    } catch {
      // No answer is what the age of the last one says.
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    asking ??= ask();
    if (!isFresh()) await asking;
    return isFresh() ? undefined : 'ClickHouse does not answer';
  };
}
