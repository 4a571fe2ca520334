import type { EventLog } from '@weft/event-log';

/** How long acknowledged events took to become readable. */
export interface VisibilityWatch {
  /** The longest wait of those that ended after `sinceMs` (`performance.now()`), milliseconds; waits under way count. */
  longestSince(sinceMs: number): number;
  stop(): Promise<void>;
}

const LONGEST_MS = 180_000;

/** Asks, one time after the other, how long the writers take to commit what the log holds now. */
export function watchVisibility(log: EventLog): VisibilityWatch {
  const waits: { endedAt: number; ms: number }[] = [];
  let askedAt = performance.now();
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      askedAt = performance.now();
      try {
        const end = await log.endOffsets('trace-events');
        await log.waitCommitted('trace-events', 'writer', end, LONGEST_MS);
      } catch {
        // The log itself is away: what it holds cannot be asked, and the time counts.
        await new Promise((resolve) => setTimeout(resolve, 100));
        continue;
      }
      const endedAt = performance.now();
      waits.push({ endedAt, ms: endedAt - askedAt });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    longestSince(sinceMs) {
      const ended = waits.filter((wait) => wait.endedAt >= sinceMs).map((wait) => wait.ms);
      return Math.max(performance.now() - askedAt, ...ended);
    },
    async stop() {
      isOver = true;
      await Promise.race([watching, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
    },
  };
}
