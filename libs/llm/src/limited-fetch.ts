import { LlmError } from './errors.ts';

/** Of one answer, streamed or not, where nobody wants less. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** Of one answer's head. Node refuses more than that too, unless it was told otherwise. */
const MAX_HEADER_BYTES = 16 * 1024;

export interface FetchLimits {
  /** Default: MAX_ANSWER_BYTES. Unpacked, as it is read. */
  readonly maxAnswerBytes?: number | undefined;
  /** Longest wait for the head and for each next byte; default: none but that of the whole answer. */
  readonly idleMs?: number | undefined;
}

/**
 * `fetch` for providers: follows no redirect (an address that the operator has not set is not asked, and no key goes there),
 * waits no longer than `idleMs` for the next byte and reads no more of an answer than allowed. A connection has to stand
 * after 10 s: node's own limit.
 */
export function createLimitedFetch(limits: FetchLimits): typeof fetch {
  const maxBytes = limits.maxAnswerBytes ?? MAX_ANSWER_BYTES;
  return async (input, init) => {
    const idle = createIdleTimer(limits.idleMs);
    const signal = init?.signal ? AbortSignal.any([init.signal, idle.signal]) : idle.signal;
    const response = await idle.during(fetch(input, { ...init, redirect: 'manual', signal }));
    const wrong = whatIsWrong(response);
    if (wrong !== undefined) {
      await response.body?.cancel();
      throw wrong;
    }
    if (response.body === null) return response;
    return new Response(limitBody(response.body, maxBytes, idle), response);
  };
}

function whatIsWrong({ status, headers }: Response): LlmError | undefined {
  // Where it leads to is not said: it may be a way to ask what is there.
  if (status >= 300 && status < 400)
    return new LlmError('the provider answered with a redirect, which is not followed', 'refused', {
      status,
    });
  let sizeBytes = 0;
  for (const [name, value] of headers) sizeBytes += name.length + value.length + 4;
  if (sizeBytes <= MAX_HEADER_BYTES) return undefined;
  return new LlmError(`the head of the answer has more than ${MAX_HEADER_BYTES} bytes`, 'invalid', {
    status,
  });
}

/** Read as its reader asks for it: what nobody reads is not fetched, and the time that a slow reader takes is no silence. */
function limitBody(body: ReadableStream<Uint8Array>, maxBytes: number, idle: IdleTimer) {
  const reader = body.getReader();
  let sizeBytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await idle.during(reader.read());
        if (done) return controller.close();
        sizeBytes += value.length;
        if (sizeBytes <= maxBytes) return controller.enqueue(value);
        controller.error(new LlmError(`the model's answer has more than ${maxBytes} bytes`, 'invalid'));
        await reader.cancel();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

interface IdleTimer {
  /** Aborts when something took too long. */
  readonly signal: AbortSignal;
  /** @throws LlmError where it takes too long. */
  during<T>(step: Promise<T>): Promise<T>;
}

function createIdleTimer(idleMs: number | undefined): IdleTimer {
  const aborter = new AbortController();
  return {
    signal: aborter.signal,
    async during(step) {
      if (idleMs === undefined) return step;
      const timer = setTimeout(
        () => aborter.abort(new LlmError(`the provider sent nothing for ${idleMs} ms`, 'timeout')),
        idleMs,
      );
      try {
        return await step;
      } catch (error) {
        throw aborter.signal.aborted ? aborter.signal.reason : error;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
