import { LlmError } from '@weft/llm';
import { AppError } from '@weft/model';
import { ScoreError, type ScoreErrorKind, type Spend } from '../scorer.ts';

/** Room for another question is made when one is answered. */
const BUSY_RETRY_MS = 1000;

export interface FailureOf {
  readonly model: string;
  /** What it took, where the question went out. */
  readonly spend: Spend;
  readonly nothingSpent: Spend;
  readonly request: unknown;
}

/** Why a model gave no answer, in the words of scorers. Anything that is no failure of asking stays what it is. */
export function toScoreError(error: unknown, { model, spend, nothingSpent, request }: FailureOf): unknown {
  if (error instanceof LlmError) {
    const { retryAfterMs, status, body } = error;
    const reply = { error: error.message, ...(status !== undefined && { status }), ...(body !== undefined && { body }) };
    const more = { spend, request, reply, cause: error, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    return new ScoreError(kindOf(error), `${model}: ${error.message.slice(0, 1000)}`, more);
  }
  if (!(error instanceof AppError)) return error;
  const more = { spend: nothingSpent, request, cause: error };
  if (error.code === 'too_many_requests')
    return new ScoreError('rate_limited', error.message, { ...more, retryAfterMs: BUSY_RETRY_MS });
  return error.code === 'invalid_request' ? new ScoreError('misconfigured', error.message, more) : error;
} // prettier-ignore

function kindOf({ kind, status }: LlmError): ScoreErrorKind {
  if (kind === 'invalid') return 'garbage';
  if (kind !== 'refused') return kind;
  // A key that is not accepted, and an address that leads elsewhere, are for the operator.
  const isOperators =
    status === 401 || status === 403 || (status !== undefined && status >= 300 && status < 400);
  return isOperators ? 'misconfigured' : 'unscorable';
}
