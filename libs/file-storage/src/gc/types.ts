import type { BlobKind } from '../keys.ts';

/** What the tables say of blobs. */
export interface References {
  /**
   * Whether anything of the project was ever stored in these tables. Blobs of projects that are not known belong to another
   * installation that uses the same bucket, or the tables are not those that belong to the bucket: they are left alone.
   */
  knows(projectId: string, signal?: AbortSignal): Promise<boolean>;
  /**
   * Those of the digests that something stored refers to; too many rather than too few.
   * @param digests at most 1000.
   */
  referenced(
    projectId: string,
    kind: Exclude<BlobKind, 'events'>,
    digests: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlySet<string>>;
}

/** What the log still refers to. */
export interface Unstored {
  /**
   * Resolves once all that was acknowledged before the call is stored or a dead letter, with what the dead letters that are
   * not settled refer to. @throws AppError `log_unavailable` when that takes too long: then nothing may be decided.
   */
  settle(signal?: AbortSignal): Promise<Held>;
}

export interface Held {
  /** `all`: a dead letter of the project cannot be read far enough to tell, or there are too many. */
  of(projectId: string, kind: BlobKind): ReadonlySet<string> | 'all';
}

export interface GcClock {
  /** Milliseconds since the epoch; never goes back while a run lasts. */
  nowMs(): number;
  /** Rejects when `signal` aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface GcOptions {
  /**
   * How long a blob has to be unreferenced in the bucket, and again in the trash. Longer than any request takes, by far; at
   * least `shortestGraceMs` where other runs may be under way.
   */
  readonly graceMs: number;
  /** As long as the log keeps events: payloads of events are kept for that, in the bucket and in the trash. */
  readonly eventsRetentionMs: number;
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean;
  /** Of this project only. */
  readonly projectId?: string | undefined;
  /** Of a line of a run that was cut short: go on behind it. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `BlobStoreOptions.timeoutMs` of the store; default 10 s. */
  readonly timeoutMs?: number;
  /** Most blobs moved, restored or deleted in a second; default 500. */
  readonly perSecond?: number;
}

export interface Amount {
  blobs: number;
  /** Of them. */
  bytes: number;
}

/** What became of blobs. Those of the trash are scanned too. */
export interface GcTally {
  readonly scanned: Amount;
  /** Something refers to them. */
  readonly referenced: Amount;
  /** Too young to decide, or dead letters may refer to them. */
  readonly kept: Amount;
  /** Moved to the trash. */
  readonly trashed: Amount;
  /** Back from the trash: something refers to them after all. */
  readonly restored: Amount;
  /** For good, from the trash. */
  readonly deleted: Amount;
  /** Something else happened to them meanwhile: the next run looks again. */
  readonly changed: Amount;
}

export interface GcProgress {
  readonly kind: 'progress';
  /** The last key that is done: where another run may go on. */
  readonly after: string;
  readonly total: GcTally;
}

export interface GcDone {
  readonly kind: 'done';
  readonly total: GcTally;
  /** Most bytes first; beyond 1000 projects `(others)` together. */
  readonly projects: readonly { readonly projectId: string; readonly tally: GcTally }[];
  /** Blobs that are not ours, below our prefixes: not touched. */
  readonly foreign: Amount & { readonly examples: readonly string[] };
  /** Blobs of projects of which these tables know nothing: not touched. */
  readonly unknown: Amount & { readonly examples: readonly string[] };
}
