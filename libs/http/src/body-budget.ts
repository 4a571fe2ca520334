import { AppError } from '@weft/model';

/** Bytes of request bodies that the process holds at one time. Beyond it requests are refused rather than memory used up. */
export interface BodyBudget {
  readonly heldBytes: number;
  /** Above 90 %: new requests are better sent elsewhere. */
  readonly isScarce: boolean;
  /**
   * @param heldBytes what the same request has taken before. Above 1 MiB together it gets no more than the first 70 %: large
   * bodies that wait for a slow store leave room for small ones.
   * @throws AppError `log_unavailable` (503, retryable) when that is more than is left; nothing is taken then.
   */
  take(bytes: number, heldBytes?: number): void;
  give(bytes: number): void;
}

const SMALL_REQUEST_BYTES = 1024 * 1024;
const LARGE_REQUESTS_SHARE = 0.7;

export function createBodyBudget(maxBytes: number): BodyBudget {
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    get isScarce() {
      return heldBytes > 0.9 * maxBytes;
    },
    take: (bytes, requestBytes = 0) => {
      const isLarge = requestBytes + bytes > SMALL_REQUEST_BYTES;
      if (heldBytes + bytes > (isLarge ? LARGE_REQUESTS_SHARE * maxBytes : maxBytes))
        throw new AppError('log_unavailable', 'too many request bodies in hand; try again');
      heldBytes += bytes;
    },
    give: (bytes) => {
      heldBytes -= bytes;
    },
  };
}
