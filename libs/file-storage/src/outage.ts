import { StorageUnavailable, type BlobStore } from '@weft/blob-store';
import type { Logger } from '@weft/runtime';
import { PROBES_PREFIX } from './keys.ts';

const PROBE_KEY = `${PROBES_PREFIX}reach`;

export interface Outage {
  /** What became of an operation on the store. */
  succeeded(): void;
  failed(error: StorageUnavailable): void;
  stop(): void;
}

/**
 * Says once that the store is away and once that it is back. Looks at the start, so that wrong credentials are known before
 * the first upload, and while it is away. Nothing else depends on it: what is small goes on without the store.
 */
export function watchOutage(store: BlobStore, logger: Logger, everyMs = 10_000): Outage {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let awaySince: number | undefined;

  const succeeded = () => {
    if (awaySince === undefined) return;
    const awayMs = Date.now() - awaySince;
    awaySince = undefined;
    clearTimeout(timer);
    logger.info({ uri: store.uri, awayMs }, 'the blob store can be used again');
  };
  const failed = (error: StorageUnavailable) => {
    // A single bad blob says nothing of the store; throttling passes by itself.
    if (error.trouble === 'corrupt' || error.trouble === 'throttled') return;
    if (stopping.signal.aborted || awaySince !== undefined) return;
    awaySince = Date.now();
    logger.warn(
      { uri: store.uri, trouble: error.trouble, reason: error.message },
      'the blob store cannot be used: files and large payloads are refused, everything else goes on',
    );
    lookLater();
  };
  const lookLater = () => void (timer = setTimeout(() => void look(), everyMs).unref());

  async function look(): Promise<void> {
    try {
      await store.head(PROBE_KEY, { signal: stopping.signal });
      succeeded();
    } catch (error) {
      if (stopping.signal.aborted) return;
      if (awaySince !== undefined) lookLater();
      else if (error instanceof StorageUnavailable) failed(error);
    }
  }

  void look();
  return {
    succeeded,
    failed,
    stop: () => {
      stopping.abort();
      clearTimeout(timer);
    },
  };
}
