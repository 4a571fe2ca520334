import {
  collectGarbage,
  shortestGraceMs,
  type FileStorage,
  type GcDone,
  type GcOptions,
  type GcProgress,
} from '@weft/file-storage';
import { AppError } from '@weft/model';
import type { TraceReader } from '@weft/trace-store';
import { createUnstored, type UnstoredDeps } from './unstored.ts';

const HOUR_MS = 3_600_000;

export interface GarbageOptions {
  /** How often it runs on its own; default 0 = never. */
  readonly intervalHours?: number;
  /** Where a request does not say; default 24 h. */
  readonly graceMs?: number;
  /** How long the log keeps events: KAFKA_TOPIC_RETENTION_MS. Default: 7 days. */
  readonly eventsRetentionMs?: number;
  /** WEFT_FILE_STORAGE_TIMEOUT_MS, default 10 s. */
  readonly timeoutMs?: number;
  /** The shortest grace that may be asked for; default an hour. For tests. */
  readonly minGraceMs?: number | undefined;
}

export interface GarbageDeps {
  readonly reader: Pick<TraceReader, 'isKnownProject' | 'referencedFiles' | 'referencedPayloads'>;
  readonly eventLog: UnstoredDeps['eventLog'];
  readonly fileStorage?: Pick<FileStorage, 'store'> | undefined;
  readonly options?: GarbageOptions | undefined;
}

export type GarbageRequest = Pick<GcOptions, 'dryRun' | 'projectId' | 'after' | 'signal'> & {
  /** Default: that of the options. */
  readonly graceMs?: number | undefined;
};

/** The garbage collection of this process: one run at a time. */
export interface Garbage {
  /**
   * Starts with the first line that is asked for. @throws AppError `too_many_requests` when a run is under way,
   * `not_implemented` where there is no blob store, `invalid_request` for a grace that is too short.
   */
  collect(request: GarbageRequest): AsyncGenerator<GcProgress | GcDone>;
}

export function createGarbage({ reader, eventLog, fileStorage, options = {} }: GarbageDeps): Garbage {
  const { eventsRetentionMs = 7 * 24 * HOUR_MS, timeoutMs = 10_000 } = options;
  const minGraceMs = options.minGraceMs ?? Math.max(HOUR_MS, shortestGraceMs(timeoutMs));
  const unstored = createUnstored({ eventLog });
  const references = {
    knows: (projectId: string, signal?: AbortSignal) => reader.isKnownProject(projectId, signal),
    referenced: (
      projectId: string,
      kind: 'files' | 'payloads',
      digests: readonly string[],
      signal?: AbortSignal,
    ) =>
      kind === 'files'
        ? reader.referencedFiles(projectId, digests, signal)
        : reader.referencedPayloads(projectId, digests, signal),
  };
  let isBusy = false;

  return {
    async *collect({ graceMs = options.graceMs ?? 24 * HOUR_MS, ...request }) {
      const store = fileStorage?.store();
      if (store === undefined) throw noStore();
      if (graceMs < minGraceMs)
        throw new AppError('invalid_request', `grace_hours: at least ${minGraceMs / HOUR_MS}`);
      if (isBusy)
        throw new AppError('too_many_requests', 'a collection is under way here: try again when it is done');
      isBusy = true;
      try {
        yield* collectGarbage(
          { store, references, unstored },
          { ...request, graceMs, eventsRetentionMs, timeoutMs },
        );
      } finally {
        isBusy = false;
      }
    },
  };
}

export function noStore(): AppError {
  return new AppError(
    'not_implemented',
    'there is no blob store here: WF_FILE_STORAGE_URI is not set, and everything is in the log and the tables',
  );
}
