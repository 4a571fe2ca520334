import { AppError } from '@weft/model';

/** Bytes of request bodies that the process holds at one time. Beyond it requests are refused rather than memory used up. */
export interface BodyBudget {
  readonly heldBytes: number;
  /** @throws AppError `log_unavailable` (503, retryable) when that is more than is left; nothing is taken then. */
  take(bytes: number): void;
  give(bytes: number): void;
}

export function createBodyBudget(maxBytes: number): BodyBudget {
  let heldBytes = 0;
  return {
    get heldBytes() {
      return heldBytes;
    },
    take: (bytes) => {
      if (heldBytes + bytes > maxBytes)
        throw new AppError('log_unavailable', 'too many request bodies in hand; try again');
      heldBytes += bytes;
    },
    give: (bytes) => {
      heldBytes -= bytes;
    },
  };
}
