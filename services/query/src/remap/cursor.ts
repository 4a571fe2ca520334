import { AppError, MAX_INSTANT_US, MIN_INSTANT_US } from '@weft/model';
import type { SpanKey } from '@weft/trace-store';

/** Where a pass over stored spans is: opaque to clients. */
export function toCursor({ startedAtUs, id, spanTraceId }: SpanKey): string {
  return Buffer.from(JSON.stringify([startedAtUs, id, spanTraceId])).toString('base64url');
}

/** @throws AppError `invalid_request` */
export function fromCursor(cursor: string): SpanKey {
  try {
    const [startedAtUs, id, spanTraceId] = JSON.parse(
      Buffer.from(cursor, 'base64url').toString(),
    ) as unknown[];
    if (isStorable(startedAtUs) && typeof id === 'string' && typeof spanTraceId === 'string')
      return { startedAtUs, id, spanTraceId };
  } catch {
    // Told below.
  }
  throw new AppError('invalid_request', 'after: is not a cursor that this route has given');
}

/** Of other instants the store can say nothing. */
function isStorable(us: unknown): us is number {
  return Number.isSafeInteger(us) && (us as number) >= MIN_INSTANT_US && (us as number) < MAX_INSTANT_US;
}
