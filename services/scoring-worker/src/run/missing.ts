/** What is missing comes soon or never. */
export interface Waiting {
  readonly missingSinceMs: number;
  readonly againInMs: number;
}

const WAIT_MS = 60_000;

/** When to look again; undefined: long enough. @param missingSinceMs undefined: this is the first time. */
export function waitedFor(nowMs: number, missingSinceMs: number = nowMs): Waiting | undefined {
  const waitedMs = nowMs - missingSinceMs;
  if (waitedMs >= WAIT_MS) return undefined;
  return { missingSinceMs, againInMs: Math.min(5000, Math.max(500, waitedMs / 2)) };
}
