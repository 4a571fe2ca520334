/** What rows say of blobs; what is asked for at one time is at most 1000 digests. */
export interface StorageReads {
  /** Whether anything of the project was ever stored here: calls, deleted or not, or files. */
  isKnownProject(projectId: string, signal?: AbortSignal): Promise<boolean>;
  /** Those of the digests of which there is a file, wherever its bytes are. */
  referencedFiles(
    projectId: string,
    digests: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlySet<string>>;
  /** Those of the digests on which there is a claim of a call that is not deleted. Rows that are replaced count too. */
  referencedPayloads(
    projectId: string,
    digests: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlySet<string>>;
  /** Projects with files or claimed payloads, those with most bytes in blob stores first. Reads all their rows. */
  storageLedger(query: LedgerQuery, signal?: AbortSignal): Promise<readonly ProjectLedger[]>;
}

export interface LedgerQuery {
  /** Undefined: of all. */
  readonly projectId?: string | undefined;
  readonly limit: number;
}

/** Each content once, however often it was sent. */
export interface ProjectLedger {
  readonly projectId: string;
  /** Files whose bytes are blobs; a file that was sent before and after its project was switched is among both. */
  readonly blobFiles: Stored;
  /** Files whose bytes are in the tables. */
  readonly tableFiles: Stored;
  /** Payloads of calls that are blobs. */
  readonly payloads: Stored;
}

export interface Stored {
  readonly count: number;
  readonly bytes: number;
}
