import { isUtf8 } from 'node:buffer';
import {
  AppError,
  appendMembers,
  asInvalidRequest,
  CallFramer,
  newId,
  parseProjectId,
  readFramedCall,
  redactAt,
  redactSecrets,
  type CallItem,
  type CallItemKind,
  type FramedCall,
  type TraceEvent,
} from '@weft/model';

/** More items than any client packs into 32 MiB; bounds the memory that hostile bodies can take. */
const MAX_ITEMS = 50_000;

/** One call item of a request: what it is, or why its place in the batch is bad. */
export interface BatchItem {
  readonly kind: CallItemKind | null;
  readonly framed: FramedCall;
}

export interface RejectedItem {
  readonly index: number;
  readonly reason: string;
  /** What is known of the item; `payload` is the item as sent, redacted as far as it could be read. */
  readonly event: TraceEvent;
}

export interface CallResult {
  readonly id: string;
  readonly trace_id: string;
}

export interface ReadBatch {
  readonly events: TraceEvent[];
  readonly rejected: RejectedItem[];
  /** Per item in order; null for ends and rejected items. */
  readonly results: (CallResult | null)[];
}

export interface ReadContext {
  /** From the path: wins over what an item says. */
  readonly projectId: string | null;
  /** @throws AppError `forbidden`: refuses the whole request. */
  readonly checkProject: (projectId: string) => void;
  /** Who writes to the project, given the `wb_user_id` that the item claims. */
  readonly authorOf: (projectId: string, claimed: string | null) => string;
  readonly receivedAtUs: number;
}

/** `{"batch": [{"mode": "start", "req": {"start": {…}}}, …]}` of /call/upsert_batch. @throws AppError `invalid_request` */
export function frameUpsertBatch(body: Uint8Array): BatchItem[] {
  return frameList(body, (framer, start) => {
    if (framer.scanner.buf[start] !== 0x7b)
      return { end: framer.frame(start).end, item: unreadable(framer, start) };
    let mode: unknown;
    const calls = new Map<string, FramedCall>();
    const end = framer.scanner.object(start, (key, at) => {
      if (key === 'req') return readRequest(framer, at, calls);
      const valueEnd = framer.scanner.skip(at);
      if (key === 'mode' && framer.scanner.buf[at] === 0x22) mode = framer.scanner.stringValue(at, valueEnd);
      return valueEnd;
    });
    const known = mode === 'start' || mode === 'end';
    const framed = known ? calls.get(mode as string) : undefined;
    if (framed === undefined) return { end, item: { kind: null, framed: wholeItem(framer, start, end) } };
    return { end, item: { kind: mode === 'start' ? 'call.started' : 'call.ended', framed } };
  });
}

function readRequest(framer: CallFramer, at: number, calls: Map<string, FramedCall>): number {
  if (framer.scanner.buf[at] !== 0x7b) return framer.scanner.skip(at);
  return framer.scanner.object(at, (key, start) => {
    if (key !== 'start' && key !== 'end') return framer.scanner.skip(start);
    const framed = framer.frame(start);
    calls.set(key, framed);
    return framed.end;
  });
}

/** `{"batch": [{…}, …]}` of calls/complete. @throws AppError `invalid_request` */
export function frameCompleteBatch(body: Uint8Array): BatchItem[] {
  return frameList(body, (framer, start) => {
    const framed = framer.frame(start);
    return { end: framed.end, item: { kind: 'call.completed', framed } };
  });
}

/** `{"start": {…}}` or `{"end": {…}}`. @throws AppError `invalid_request` */
export function frameSingle(body: Uint8Array, member: 'start' | 'end'): BatchItem {
  const framer = new CallFramer(body);
  let found: FramedCall | undefined;
  scanTop(framer, (key, at) => {
    if (key !== member) return framer.scanner.skip(at);
    found = framer.frame(at);
    return found.end;
  });
  if (found === undefined) throw new AppError('invalid_request', `${member}: is required`);
  return { kind: member === 'start' ? 'call.started' : 'call.ended', framed: found };
}

type ReadItem = (framer: CallFramer, start: number) => { end: number; item: BatchItem };

function frameList(body: Uint8Array, readItem: ReadItem): BatchItem[] {
  const framer = new CallFramer(body);
  let items: BatchItem[] | undefined;
  scanTop(framer, (key, at) => {
    if (key !== 'batch') return framer.scanner.skip(at);
    if (framer.scanner.buf[at] !== 0x5b) throw new AppError('invalid_request', 'batch: must be a list');
    const list: BatchItem[] = [];
    items = list;
    return framer.scanner.array(at, (start) => {
      if (list.length >= MAX_ITEMS)
        throw new AppError('request_too_large', `batch: more than ${MAX_ITEMS} items`);
      const { end, item } = readItem(framer, start);
      list.push(item);
      return end;
    });
  });
  if (items === undefined) throw new AppError('invalid_request', 'batch: is required');
  return items;
}

function scanTop(framer: CallFramer, read: (key: string, at: number) => number): void {
  const { scanner } = framer;
  try {
    scanner.finish(scanner.object(scanner.ws(0), read));
  } catch (error) {
    throw asInvalidRequest(error);
  }
}

function unreadable(framer: CallFramer, start: number): BatchItem {
  return { kind: null, framed: framer.frame(start) };
}

function wholeItem(framer: CallFramer, start: number, end: number): FramedCall {
  return {
    members: null,
    bytes: framer.scanner.buf.subarray(start, end),
    end,
    secrets: [],
    isTooDeep: false,
  };
}

/**
 * Items → events. A bad item is set aside with its reason, its neighbours go on: clients drop (npm: end the process of
 * their user) on a refused batch. @throws AppError `forbidden` when any item names a project that is not the caller's.
 */
export function readItems(items: readonly BatchItem[], context: ReadContext): ReadBatch {
  const batch: ReadBatch = { events: [], rejected: [], results: [] };
  items.forEach((item, index) => {
    try {
      const { event, result } = readItem(item, context);
      batch.events.push(event);
      batch.results.push(result);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'invalid_request') throw error;
      batch.rejected.push({ index, reason: error.message, event: rejectedEvent(item, context) });
      batch.results.push(null);
    }
  });
  return batch;
}

function readItem(item: BatchItem, context: ReadContext): { event: TraceEvent; result: CallResult | null } {
  const { kind, framed } = item;
  if (kind === null)
    throw new AppError(
      'invalid_request',
      'expected {"mode": "start" | "end", "req": {"start" | "end": {…}}}',
    );
  const call = readFramedCall(kind, framed);
  const projectId = context.projectId ?? parseProjectId(call.projectId);
  context.checkProject(projectId);
  if (!isUtf8(framed.bytes)) throw new AppError('invalid_request', 'is not valid UTF-8');
  if (call.id === null && kind !== 'call.started') throw new AppError('invalid_request', 'id: is required');
  const id = call.id ?? newId();
  const event = {
    kind,
    projectId,
    id,
    userId: context.authorOf(projectId, call.userId),
    receivedAtUs: context.receivedAtUs,
    note: '',
  };
  if (kind === 'call.ended') return { event: { ...event, payload: redacted(framed) }, result: null };
  const traceId = call.traceId ?? newId();
  return {
    event: { ...event, payload: withTraceId(redacted(framed), call, traceId) },
    result: { id, trace_id: traceId },
  };
}

function redacted(framed: FramedCall): Uint8Array {
  return redactAt(framed.bytes, framed.secrets);
}

function withTraceId(payload: Uint8Array, call: CallItem, traceId: string): Uint8Array {
  return call.traceId === null ? appendMembers(payload, { trace_id: JSON.stringify(traceId) }) : payload;
}

/** What can be known of a bad item, for the operator. Its project is checked too: nothing is kept for strangers. */
function rejectedEvent({ kind, framed }: BatchItem, context: ReadContext): TraceEvent {
  let projectId = context.projectId ?? '';
  try {
    if (projectId === '') projectId = parseProjectId(framed.members?.text('project_id'));
  } catch {
    // Stays unknown: that is one of the reasons for being here.
  }
  if (projectId !== '') context.checkProject(projectId);
  const { receivedAtUs } = context;
  const payload = framed.members === null ? redactSecrets(framed.bytes) : redacted(framed);
  return {
    kind: kind ?? 'call.started',
    projectId,
    id: newId(),
    userId: context.authorOf(projectId, null),
    receivedAtUs,
    note: '',
    payload,
  };
}
