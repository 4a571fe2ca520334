/**
 * Asks again, every 25 ms, until the answer is neither undefined nor false. `ask` runs at least once.
 * @throws Error after `timeoutMs`; what `ask` throws, at once.
 */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  for (const until = Date.now() + timeoutMs; ;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > until) throw new Error(`did not come true within ${timeoutMs} ms: ${ask.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
