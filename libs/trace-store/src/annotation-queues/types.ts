import type { AnnotationState, ProgressRecord, QueueItemRecord, QueueRecord } from '@weft/model';

/** Of two rows about one thing the one with the higher version counts. */
interface Saved {
  readonly projectId: string;
  readonly version: bigint;
}

export interface QueueWrite extends QueueRecord, Saved {
  readonly id: string;
}

export interface QueueItemWrite extends QueueItemRecord, Saved {
  readonly id: string;
}

export interface ProgressWrite extends ProgressRecord, Saved {
  readonly itemId: string;
}

export interface StoredQueue extends QueueRecord {
  readonly projectId: string;
  readonly id: string;
}

export interface StoredQueueItem extends QueueItemRecord {
  readonly projectId: string;
  readonly id: string;
  /** Of the annotator who changed it last. */
  readonly state: AnnotationState | 'unstarted';
  /** Empty = nobody has begun. */
  readonly annotator: string;
  /** When it was added, or its state last changed. */
  readonly updatedAtUs: number;
  /** From 1, in the order asked for, among all items of the queue. */
  readonly position: number;
}

export const QUEUE_SORT_FIELDS = ['id', 'name', 'created_at', 'updated_at'] as const;
export type QueueSortField = (typeof QUEUE_SORT_FIELDS)[number];

export const QUEUE_ITEM_SORT_FIELDS = [
  'call_started_at',
  'call_op_name',
  'created_at',
  'updated_at',
] as const;
export type QueueItemSortField = (typeof QUEUE_ITEM_SORT_FIELDS)[number];

interface Page<F> {
  readonly projectId: string;
  readonly sort?: readonly { readonly field: F; readonly direction: 'asc' | 'desc' }[];
  readonly limit?: number;
  readonly offset?: number;
}

export interface QueuesQuery extends Page<QueueSortField> {
  /** A part of the name, in any case. */
  readonly name?: string;
}

export interface QueueItemsQuery extends Page<QueueItemSortField> {
  readonly queueId: string;
  readonly id?: string;
  readonly callIds?: readonly string[];
  readonly callOpName?: string;
  readonly callTraceId?: string;
  readonly addedBy?: string;
  readonly states?: readonly StoredQueueItem['state'][];
}

export interface QueueStats {
  readonly queueId: string;
  readonly items: number;
  /** Which at least one annotator has completed or skipped. */
  readonly completed: number;
}

export interface QueueReads {
  /** Queues that are not deleted; default order: newest first. The id breaks ties. */
  streamQueues(query: QueuesQuery, signal?: AbortSignal): AsyncIterable<readonly StoredQueue[]>;
  /** Null = never made, or deleted. */
  readQueue(projectId: string, id: string): Promise<StoredQueue | null>;
  /** Items of a queue, also of one that is deleted; default order: as they were added. The id breaks ties. */
  streamQueueItems(query: QueueItemsQuery, signal?: AbortSignal): AsyncIterable<readonly StoredQueueItem[]>;
  /** Which of the items are there. */
  existingQueueItems(projectId: string, queueId: string, ids: readonly string[]): Promise<Set<string>>;
  /** Null = this annotator has not begun. */
  readProgress(
    projectId: string,
    queueId: string,
    itemId: string,
    annotator: string,
  ): Promise<{ state: AnnotationState; updatedAtUs: number } | null>;
  /** One for each of the ids, in their order. */
  queueStats(projectId: string, queueIds: readonly string[]): Promise<QueueStats[]>;
}
