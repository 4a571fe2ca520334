import type { Rejected } from '@weft/event-log';
import {
  AppError,
  readCallItem,
  readCallUpdatedEvent,
  readFeedbackEvent,
  readObjectEvent,
  readTableEvent,
  type CallItemKind,
  type CallPart,
  type TraceEvent,
} from '@weft/model';
import { emptyBatch, partVersion, type RejectedRow, type WriteRows } from '@weft/trace-store';
import { spansToRows, type OpPlaceholders } from './spans-to-rows.ts';

/** WriteRows of a batch of events, and which event each row came from. */
export class RowBatch {
  readonly rows: WriteRows = emptyBatch();
  readonly rejected: Rejected[] = [];
  private readonly origins: { [K in keyof WriteRows]: TraceEvent[] } = {
    calls: [],
    deletedCalls: [],
    objects: [],
    tables: [],
    tableRows: [],
    files: [],
    feedback: [],
  };
  private readonly ops: OpPlaceholders;

  constructor(ops: OpPlaceholders) {
    this.ops = ops;
  }

  /** Maps one event. What can't be decoded is rejected with its reason; its neighbours go on. */
  add(event: TraceEvent): void {
    try {
      this.map(event);
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable) throw error;
      this.rejected.push({ event, reason: `${error.code}: ${error.message}` });
    }
  }

  /** The store refused these rows for good: their events become dead letters, each once. */
  reject(rows: readonly RejectedRow[]): void {
    const seen = new Set<TraceEvent>();
    for (const { table, index, reason } of rows) {
      const event = this.origins[table][index];
      if (event === undefined || seen.has(event)) continue;
      seen.add(event);
      this.rejected.push({ event, reason });
    }
  }

  private put<K extends keyof WriteRows>(table: K, row: WriteRows[K][number], event: TraceEvent): void {
    (this.rows[table] as WriteRows[K][number][]).push(row);
    this.origins[table].push(event);
  }

  private map(event: TraceEvent): void {
    const { projectId, id, userId, receivedAtUs: createdAtUs } = event;
    switch (event.kind) {
      case 'call.started':
      case 'call.ended':
      case 'call.completed':
        this.put('calls', callPart(event.kind, event), event);
        return;
      case 'call.updated':
        this.put('calls', renamePart(event), event);
        return;
      case 'call.deleted':
        this.put('deletedCalls', { projectId, id, deletedAtUs: createdAtUs }, event);
        return;
      case 'otlp.spans': {
        const { calls, objects, files, unreadable } = spansToRows(event, this.ops);
        // The event is kept whole: what could be read is stored now, and storing it again is harmless.
        if (unreadable !== null) this.rejected.push({ event, reason: unreadable });
        for (const row of calls) this.put('calls', row, event);
        for (const row of objects) this.put('objects', row, event);
        for (const row of files) this.put('files', row, event);
        return;
      }
      case 'object.created':
      case 'object.deleted': {
        const object = readObjectEvent(event);
        const deletedAtUs = event.kind === 'object.deleted' ? createdAtUs : null;
        this.put('objects', { projectId, userId, createdAtUs, deletedAtUs, ...object }, event);
        return;
      }
      case 'table.created': {
        const table = readTableEvent(event);
        for (const row of table.rows) this.put('tableRows', { projectId, createdAtUs, ...row }, event);
        if (table.rowDigests !== null)
          this.put('tables', { projectId, digest: id, rowDigests: table.rowDigests, createdAtUs }, event);
        return;
      }
      case 'file.created':
        this.put(
          'files',
          { projectId, digest: id, name: event.note, bytes: event.payload, createdAtUs },
          event,
        );
        return;
      case 'feedback.created':
        this.put('feedback', { projectId, id, userId, createdAtUs, ...readFeedbackEvent(event) }, event);
        return;
      default:
        event.kind satisfies never;
        throw new AppError('undecodable_event', `unknown event kind ${String(event.kind)}`);
    }
  }
}

function callPart(kind: CallItemKind, event: TraceEvent): CallPart {
  const item = readCallItem(kind, event.payload);
  const userId = event.userId === '' ? null : event.userId;
  const complete = kind === 'call.completed';
  const { projectId, id } = event;
  return {
    projectId,
    id,
    ...(item.start && {
      start: {
        ...item.start,
        userId,
        version: partVersion(item.start.startedAtUs, complete, id, event.payload),
      },
    }),
    ...(item.end && {
      end: { ...item.end, version: partVersion(item.end.endedAtUs, complete, id, event.payload) },
    }),
  };
}

function renamePart(event: TraceEvent): CallPart {
  const { displayName } = readCallUpdatedEvent(event);
  const version = partVersion(event.receivedAtUs, false, event.id, event.payload);
  return { projectId: event.projectId, id: event.id, rename: { displayName, version } };
}
