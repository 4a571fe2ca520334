import { StorageUnavailable } from '@weft/blob-store';

export interface InFlight {
  /** Bytes on their way to the store. */
  readonly bytes: number;
  /**
   * Resolves when there is room, with the function that gives it back.
   * @throws StorageUnavailable `throttled` when there is none in time: what waits for a slow store must not hold all memory.
   */
  take(bytes: number): Promise<() => void>;
}

export interface InFlightOptions {
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  /** For the error. */
  readonly uri: string;
}

interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
}

/** Room in the order in which it was asked for. What is larger than all of it goes alone. */
export function createInFlight({ maxBytes, maxWaitMs, uri }: InFlightOptions): InFlight {
  let held = 0;
  const queue = new Set<Waiting>();
  const fits = (bytes: number) => held === 0 || held + bytes <= maxBytes;

  function hold(bytes: number): () => void {
    held += bytes;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      held -= bytes;
      admitNext();
    };
  }

  function admitNext(): void {
    for (const waiting of queue) {
      if (!fits(waiting.bytes)) return;
      queue.delete(waiting);
      waiting.admit();
    }
  }

  return {
    get bytes() {
      return held;
    },
    take: (bytes) => {
      if (queue.size === 0 && fits(bytes)) return Promise.resolve(hold(bytes));
      return new Promise((resolve, reject) => {
        const waiting = {
          bytes,
          admit: () => {
            clearTimeout(timer);
            resolve(hold(bytes));
          },
        };
        const timer = setTimeout(() => {
          queue.delete(waiting);
          reject(
            new StorageUnavailable('throttled', `${uri} is slow: too many bytes are on their way to it`),
          );
          // Whoever comes next may be smaller.
          admitNext();
        }, maxWaitMs);
        queue.add(waiting);
      });
    },
  };
}
