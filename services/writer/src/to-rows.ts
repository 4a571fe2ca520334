import type { Rejected } from '@weft/event-log';
import {
  AppError,
  claimsByGroup,
  readAliasesEvent,
  readCallClaims,
  readCallItem,
  readCallUpdatedEvent,
  readFeedbackEvent,
  readObjectEvent,
  readPriceEvent,
  readQueueEvent,
  readQueueItemEvent,
  readStoredFileEvent,
  readTableEvent,
  readTagsEvent,
  type CallItemKind,
  type CallPart,
  type TraceEvent,
} from '@weft/model';
import { emptyBatch, partVersion, type RejectedRow, type WriteRows } from '@weft/trace-store';
import { logsToRows } from './logs-to-rows.ts';
import type { SpanMediaBatch, SpanWithMedia } from './span-media.ts';
import { spansToRows, type OpPlaceholders } from './spans-to-rows.ts';

/** Who found that an event can never be stored: this program, which cannot read it, or the store. */
export type RejectedBy = 'undecodable' | 'store';

/** What became of the events of a batch. */
export interface EventTally {
  readonly results: Readonly<Record<'stored' | 'superseded' | 'dead_lettered', number>>;
  readonly rejectedBy: ReadonlyMap<RejectedBy, number>;
}

/** WriteRows of a batch of events, and which event each row came from. */
export class RowBatch {
  readonly rows: WriteRows = emptyBatch();
  readonly rejected: Rejected[] = [];
  /** Beside each row the event of the log it came from. */
  private readonly origins = new Map<keyof WriteRows, TraceEvent[]>();
  /** Of an event whose payload was a blob: the one in the log. */
  private readonly claimed = new Map<TraceEvent, TraceEvent>();
  /** By their places in `rows.calls`. */
  private readonly withMedia = new Map<
    number,
    { readonly span: SpanWithMedia; readonly event: TraceEvent }
  >();
  private readonly ops: OpPlaceholders;
  private readonly rejectedBy = new Map<RejectedBy, number>();
  private events = 0;

  constructor(ops: OpPlaceholders) {
    this.ops = ops;
  }

  /**
   * Maps one event. What can't be decoded is rejected with its reason; its neighbours go on.
   * @param origin the event of the log that it stands for: what is rejected, so that dead letters are as small as the log's.
   */
  add(event: TraceEvent, origin: TraceEvent = event): void {
    if (origin !== event) this.claimed.set(event, origin);
    try {
      this.map(event);
      this.events++;
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable) throw error;
      this.refuse(origin, error);
    }
  }

  /** Media in calls that were made of spans become files and objects. Before `rows.calls` is changed otherwise. */
  async lift(media: SpanMediaBatch): Promise<void> {
    for (const [at, { span, event }] of this.withMedia) {
      const { call, files, objects } = await media.lift(span);
      this.rows.calls[at] = call;
      for (const row of files) this.put('files', row, event);
      for (const row of objects) this.put('objects', row, event);
    }
  }

  /** An event of the log that can't be read. */
  refuse(event: TraceEvent, error: AppError): void {
    this.events++;
    this.refuseBy('undecodable', event, `${error.code}: ${error.message}`);
  }

  /** The store refused these rows for good: their events become dead letters, each once. */
  reject(rows: readonly RejectedRow[]): void {
    const seen = new Set(this.rejected.map(({ event }) => event));
    for (const { table, index, reason } of rows) {
      const event = this.origins.get(table)?.[index];
      if (event === undefined || seen.has(event)) continue;
      seen.add(event);
      this.refuseBy('store', event, reason);
    }
  }

  /** What became of the events, each counted once. @param unchangedCalls places in `rows.calls` of what was stored already. */
  tally(unchangedCalls: readonly number[]): EventTally {
    const lettered = new Set(this.rejected.map(({ event }) => event));
    const unchanged = new Set(unchangedCalls);
    const superseded = new Set<TraceEvent>();
    const calls = this.origins.get('calls') ?? [];
    for (const index of unchanged) superseded.add(calls[index]!);
    // Of the spans of one event some may be new.
    if (superseded.size > 0)
      calls.forEach((event, index) => !unchanged.has(index) && superseded.delete(event));
    for (const event of lettered) superseded.delete(event);
    return {
      results: {
        dead_lettered: lettered.size,
        superseded: superseded.size,
        stored: this.events - lettered.size - superseded.size,
      },
      rejectedBy: this.rejectedBy,
    };
  }

  private refuseBy(by: RejectedBy, event: TraceEvent, reason: string): void {
    this.rejected.push({ event: this.originOf(event), reason });
    this.rejectedBy.set(by, (this.rejectedBy.get(by) ?? 0) + 1);
  }

  private put<K extends keyof WriteRows>(table: K, row: WriteRows[K][number], event: TraceEvent): void {
    (this.rows[table] as WriteRows[K][number][]).push(row);
    const events = this.origins.get(table);
    const origin = this.originOf(event);
    if (events === undefined) this.origins.set(table, [origin]);
    else events.push(origin);
  }

  private originOf(event: TraceEvent): TraceEvent {
    return this.claimed.get(event) ?? event;
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
        const { calls, withMedia, objects, files, feedback, unreadable } = spansToRows(event, this.ops);
        // The event is kept whole: what could be read is stored now, and storing it again is harmless.
        if (unreadable !== null) this.refuseBy('undecodable', event, unreadable);
        const first = this.rows.calls.length;
        for (const row of calls) this.put('calls', row, event);
        for (const span of withMedia) this.withMedia.set(first + calls.indexOf(span.call), { span, event });
        for (const row of objects) this.put('objects', row, event);
        for (const row of files) this.put('files', row, event);
        for (const row of feedback) this.put('feedback', row, event);
        return;
      }
      case 'otlp.logs': {
        const { calls, feedback, unreadable } = logsToRows(event);
        if (unreadable !== null) this.refuseBy('undecodable', event, unreadable);
        for (const row of calls) this.put('calls', row, event);
        for (const row of feedback) this.put('feedback', row, event);
        return;
      }
      case 'object.created':
      case 'object.deleted': {
        const object = readObjectEvent(event);
        const deletedAtUs = event.kind === 'object.deleted' ? createdAtUs : null;
        this.put('objects', { projectId, userId, createdAtUs, deletedAtUs, ...object }, event);
        return;
      }
      case 'object.tagged': {
        const { add, remove, ...version } = readTagsEvent(event);
        const about = { projectId, userId, atUs: createdAtUs, ...version };
        for (const tag of remove) this.put('tags', { ...about, tag, isSet: false }, event);
        for (const tag of add) this.put('tags', { ...about, tag, isSet: true }, event);
        return;
      }
      case 'object.aliased': {
        const { aliases, ...target } = readAliasesEvent(event);
        for (const alias of aliases)
          this.put('aliases', { projectId, userId, atUs: createdAtUs, alias, ...target }, event);
        return;
      }
      case 'table.created': {
        const table = readTableEvent(event);
        for (const row of table.rows) this.put('tableRows', { projectId, createdAtUs, ...row }, event);
        for (const chunk of table.chunks)
          this.put('tableChunks', { projectId, createdAtUs, ...chunk }, event);
        if (table.order !== null)
          this.put('tables', { projectId, digest: id, createdAtUs, ...table.order }, event);
        return;
      }
      case 'file.created':
        this.put(
          'files',
          { projectId, digest: id, name: event.note, bytes: event.payload, createdAtUs },
          event,
        );
        return;
      case 'file.stored': {
        const { name, ...blob } = readStoredFileEvent(event);
        this.put('files', { projectId, digest: id, name, blob, createdAtUs }, event);
        return;
      }
      case 'feedback.created':
        this.put('feedback', { projectId, id, userId, createdAtUs, ...readFeedbackEvent(event) }, event);
        return;
      case 'feedback.purged':
        this.put('feedbackPurges', { projectId, id, purgedAtUs: createdAtUs }, event);
        return;
      case 'queue.saved': {
        const version = partVersion(createdAtUs, false, id, event.payload);
        this.put('queues', { projectId, id, version, ...readQueueEvent(event) }, event);
        return;
      }
      case 'queue_item.saved': {
        const version = partVersion(createdAtUs, false, id, event.payload);
        const { item, progress } = readQueueItemEvent(event);
        if (item !== undefined) this.put('queueItems', { projectId, id, version, ...item }, event);
        else this.put('queueProgress', { projectId, itemId: id, version, ...progress }, event);
        return;
      }
      case 'cost.created':
        this.put(
          'prices',
          { projectId, id, createdBy: userId, createdAtUs, ...readPriceEvent(event) },
          event,
        );
        return;
      case 'cost.purged':
        this.put('pricePurges', { projectId, id, purgedAtUs: createdAtUs }, event);
        return;
      case 'event.claimed':
        throw new AppError('undecodable_event', `${event.kind} is not read yet`);
      case 'call.stored':
        throw new AppError('undecodable_event', 'call.stored belongs on the topic stored-calls');
      default:
        event.kind satisfies never;
        throw new AppError('undecodable_event', `unknown event kind ${String(event.kind)}`);
    }
  }
}

function callPart(kind: CallItemKind, event: TraceEvent): CallPart {
  const item = readCallItem(kind, event.payload);
  const { claims, inputRefs, outputRefs } = readCallClaims(event.note);
  const claimed = claimsByGroup(claims);
  const userId = event.userId === '' ? null : event.userId;
  const complete = kind === 'call.completed';
  const { projectId, id } = event;
  const version = (timeUs: number) => partVersion(timeUs, complete, id, event.payload, event.note);
  return {
    projectId,
    id,
    ...(item.start && {
      start: {
        ...item.start,
        ...(inputRefs && { inputRefs }),
        ...(claimed.start && { claims: claimed.start }),
        userId,
        version: version(item.start.startedAtUs),
      },
    }),
    ...(item.end && {
      end: {
        ...item.end,
        ...(outputRefs && { outputRefs }),
        ...(claimed.end && { claims: claimed.end }),
        version: version(item.end.endedAtUs),
      },
    }),
  };
}

function renamePart(event: TraceEvent): CallPart {
  const { displayName } = readCallUpdatedEvent(event);
  const version = partVersion(event.receivedAtUs, false, event.id, event.payload);
  return { projectId: event.projectId, id: event.id, rename: { displayName, version } };
}
