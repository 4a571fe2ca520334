import { createHmac } from 'node:crypto';
import { JobHopeless } from '@weft/job-queue';
import { OutgoingError, type OutgoingAnswer } from '@weft/scoring';
import type { Webhooks } from './settings.ts';

export const MAX_WEBHOOK_BYTES = 256 * 1024;
/** A webhook that hangs keeps a place of its project. */
const TOTAL_MS = 20_000;
/** What is answered is not read beyond this. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export interface Delivery {
  readonly url: string;
  /** JSON text, the same in every attempt. */
  readonly body: string;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/**
 * One attempt. The signature is `t=<seconds since the epoch>,v1=<hex of HMAC-SHA-256 over "<t>.<body>">`: who has the key can tell
 * that the body came from here, and when.
 * @throws JobHopeless where another attempt would go the same way; Error.
 */
export async function deliver(
  { http, key }: Webhooks,
  { url, body, idempotencyKey, signal }: Delivery,
): Promise<void> {
  const bytes = Buffer.from(body);
  if (bytes.length > MAX_WEBHOOK_BYTES)
    throw new JobHopeless(`the body has more than ${MAX_WEBHOOK_BYTES} bytes`);
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': idempotencyKey,
    'weft-signature': sign(key.reveal(), Math.floor(Date.now() / 1000), bytes),
  };
  let answer: OutgoingAnswer;
  try {
    answer = await http.post({
      url,
      headers,
      body: bytes,
      maxAnswerBytes: MAX_ANSWER_BYTES,
      totalMs: TOTAL_MS,
      signal,
    });
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    // It was taken, whatever it said besides.
    if (error.kind === 'unusable') return;
    if (error.kind === 'refused') throw new JobHopeless(`the webhook: ${error.message}`);
    throw new Error(`the webhook: ${error.message}`, { cause: error });
  }
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const message = `the webhook answered with status ${status}`;
  if (status >= 500 || [408, 409, 425, 429].includes(status)) throw new Error(message);
  throw new JobHopeless(message);
}

export function sign(key: string, timestampS: number, body: Uint8Array): string {
  const hex = createHmac('sha256', key).update(`${timestampS}.`).update(body).digest('hex');
  return `t=${timestampS},v1=${hex}`;
}
