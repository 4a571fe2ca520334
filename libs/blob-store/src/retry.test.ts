import { describe, expect, it } from '@jest/globals';
import { DeadlineExceeded, retry, timeoutOf } from './retry.ts';

const isRetryable = (error: unknown) => error instanceof TypeError;
const never = () => new Promise<never>(() => {});

function failing(times: number, error: unknown = new TypeError('reset')) {
  const calls = { count: 0 };
  const attempt = async () => {
    calls.count++;
    if (calls.count <= times) throw error;
    return 'done';
  };
  return { calls, attempt };
}

describe('retry', () => {
  it('tries again what may be cured by it', async () => {
    const { calls, attempt } = failing(3);
    await expect(retry(attempt, { timeoutMs: 5000, isRetryable, random: () => 0 })).resolves.toBe('done');
    expect(calls.count).toBe(4);
  });

  it('passes on at once what cannot', async () => {
    const error = new Error('denied');
    const { calls, attempt } = failing(3, error);
    await expect(retry(attempt, { timeoutMs: 5000, isRetryable })).rejects.toBe(error);
    expect(calls.count).toBe(1);
  });

  it('gives up when the next attempt would be late, and says why the last one failed', async () => {
    const cause = new TypeError('reset');
    const { calls, attempt } = failing(Infinity, cause);
    const options = { timeoutMs: 250, isRetryable, random: () => 1 };
    await expect(retry(attempt, options)).rejects.toMatchObject({ name: 'DeadlineExceeded', cause });
    expect(calls.count).toBe(2); // at 0 and 100 ms; the third would be at 300
  });

  it('waits as long as the store wants it to', async () => {
    const { calls, attempt } = failing(1);
    const options = { timeoutMs: 1000, isRetryable, random: () => 0 };
    await expect(retry(attempt, { ...options, retryAfterMs: () => 5000 })).rejects.toThrow(DeadlineExceeded);
    expect(calls.count).toBe(1);
    const startedAt = performance.now();
    await retry(failing(1).attempt, { ...options, retryAfterMs: () => 60 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(59);
  });

  it('ends an attempt that is silent, and its signal says so', async () => {
    let seen: AbortSignal | undefined;
    const attempt = (signal: AbortSignal) => {
      seen = signal;
      return never();
    };
    await expect(retry(attempt, { timeoutMs: 30, isRetryable })).rejects.toThrow(DeadlineExceeded);
    expect(seen!.aborted).toBe(true);
  });

  it('leaves a silent attempt for a new one', async () => {
    const signals: AbortSignal[] = [];
    const attempt = async (signal: AbortSignal) => (signals.push(signal) < 3 ? never() : 'done');
    const options = { timeoutMs: 5000, attemptTimeoutMs: 20, isRetryable, random: () => 0 };
    await expect(retry(attempt, options)).resolves.toBe('done');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false]);
  });

  it('stops when it is told to: before, during an attempt and in a pause', async () => {
    const options = { timeoutMs: 60_000, isRetryable, random: () => 1 };
    const { calls, attempt } = failing(Infinity);
    await expect(retry(attempt, { ...options, signal: AbortSignal.abort('before') })).rejects.toBe('before');
    expect(calls.count).toBe(0);

    const during = new AbortController();
    const silent = retry(never, { ...options, signal: during.signal });
    during.abort('during');
    await expect(silent).rejects.toBe('during');

    const inPause = new AbortController();
    const waiting = retry(attempt, { ...options, retryAfterMs: () => 30_000, signal: inPause.signal });
    setTimeout(() => inPause.abort('pause'), 10);
    await expect(waiting).rejects.toBe('pause');
    expect(calls.count).toBe(1);
  });

  it('swallows what an attempt says that nobody waits for', async () => {
    let fail = (_: Error) => {};
    const attempt = () => new Promise<never>((_, reject) => (fail = reject));
    await expect(retry(attempt, { timeoutMs: 10, isRetryable })).rejects.toThrow('within 10 ms');
    fail(new Error('too late'));
    await new Promise(setImmediate); // an unhandled rejection would end the run
  });
});

it('gives an operation 10 s, and a put a second more for each MiB', () => {
  expect(timeoutOf({})).toBe(10_000);
  expect(timeoutOf({}, 2 ** 30)).toBe(10_000 + 1024 * 1000);
  expect(timeoutOf({ timeoutMs: 5 }, 2 ** 30)).toBe(5);
  expect(timeoutOf({ timeoutMs: 5, timeoutMsPerMib: 1 }, 2 ** 30)).toBe(5 + 1024);
});
