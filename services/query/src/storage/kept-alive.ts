import { setTimeout as pause } from 'node:timers/promises';

/** Clients and proxies take two minutes of silence for the end. */
const QUIET_MS = 20_000;

/**
 * The values as they come, and while none comes the last one again: a run may wait for long. Nothing is said before the
 * first value, so that what fails until then is still answered by a status.
 */
export async function* keptAlive<T extends object>(
  values: AsyncGenerator<T>,
  quietMs = QUIET_MS,
): AsyncGenerator<T> {
  let last: T | undefined;
  try {
    for (;;) {
      const next = values.next();
      // It may still be awaited when nobody waits here any more.
      next.catch(() => undefined);
      let result: IteratorResult<T> | undefined;
      while ((result = await within(next, quietMs)) === undefined) if (last !== undefined) yield last;
      if (result.done === true) return;
      last = result.value;
      yield last;
    }
  } finally {
    await values.return(undefined);
  }
}

async function within<R>(answer: Promise<R>, ms: number): Promise<R | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([answer, pause(ms, undefined, { signal: late.signal })]);
  } finally {
    late.abort();
  }
}
