export const THREAD_SORT_FIELDS = [
  'thread_id',
  'turn_count',
  'start_time',
  'last_updated',
  'p50_turn_duration_ms',
  'p99_turn_duration_ms',
] as const;
export type ThreadSortField = (typeof THREAD_SORT_FIELDS)[number];

export interface ThreadsQuery {
  readonly projectId: string;
  /** Undefined = all; empty = all too, as upstream. */
  readonly threadIds?: readonly string[];
  /** Turns that started after. */
  readonly afterUs?: number;
  /** Turns that started before. */
  readonly beforeUs?: number;
  /** Default: last updated first. The thread's id breaks ties. */
  readonly sort: readonly { readonly field: ThreadSortField; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
}

/** A conversation, told by its turns: calls whose id is their turn's. */
export interface StoredThread {
  readonly threadId: string;
  readonly turnCount: number;
  /** Start of its first turn. */
  readonly startUs: number;
  /** Latest end of a turn; while none has ended, the latest start. */
  readonly lastUpdatedUs: number;
  readonly firstTurnId: string;
  /** The turn that ended last. */
  readonly lastTurnId: string;
  /** Null while no turn has ended. */
  readonly p50TurnMs: number | null;
  readonly p99TurnMs: number | null;
}

export interface ThreadReads {
  /** Rows in order, with flat memory. */
  streamThreads(query: ThreadsQuery, signal?: AbortSignal): AsyncIterable<readonly StoredThread[]>;
}
