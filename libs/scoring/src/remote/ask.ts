import { OutgoingError } from '../outgoing/outgoing-error.ts';
import type { GuardedHttp, OutgoingAnswer, OutgoingRequest } from '../outgoing/guarded-http.ts';
import { ScoreError } from '../scorer.ts';

/** Of requests and of answers (W&B: remote scorer contract). */
export const MAX_REMOTE_BYTES = 1024 * 1024;

/** What went wrong, in the words of scoring; a status other than 200 is no answer. @throws ScoreError */
export async function ask(http: GuardedHttp, request: OutgoingRequest, who: string): Promise<Uint8Array> {
  let answer: OutgoingAnswer;
  try {
    answer = await http.post(request);
  } catch (error) {
    if (error instanceof OutgoingError) throw translated(error, who);
    throw error;
  }
  if (answer.status === 200) return answer.body;
  throw ofStatus(answer, who);
}

export function translated(error: OutgoingError, who: string): ScoreError {
  const message = `${who}: ${error.message}`;
  if (error.kind === 'unreachable') return new ScoreError('unavailable', message, { cause: error });
  if (error.kind === 'unusable') return new ScoreError('garbage', message, { cause: error });
  return new ScoreError(error.refused === 'url' ? 'unscorable' : 'misconfigured', message);
}

/** Its status only: what was said beside it is for its own logs. */
function ofStatus({ status, retryAfterMs }: OutgoingAnswer, who: string): ScoreError {
  const message = `${who} answered with status ${status}`;
  const more = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429) return new ScoreError('rate_limited', message, more);
  if (status === 408 || status >= 500) return new ScoreError('unavailable', message, more);
  if (status === 401 || status === 403) return new ScoreError('misconfigured', message);
  if (status >= 200 && status < 300) return new ScoreError('garbage', `${message}, not 200`);
  return new ScoreError('unscorable', message);
}
