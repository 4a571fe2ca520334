import type { TraceEvent } from './events.ts';
import { jsonObject } from './json-bytes.ts';
import { redactSecrets } from './redact.ts';
import { formatInstant, nowUs } from './time.ts';

/** Calls that the server writes itself, as the events that a client's request would become. */

/** JSON values are bytes. */
export interface NewCall {
  readonly projectId: string;
  readonly id: string;
  readonly traceId: string;
  readonly parentId: string | null;
  readonly threadId?: string;
  readonly turnId?: string;
  readonly opName: string;
  readonly displayName?: string;
  readonly startedAtUs: number;
  readonly attributes: Uint8Array;
  readonly inputs: Uint8Array;
  readonly userId: string;
}

export interface CallEnd {
  readonly endedAtUs: number;
  readonly output: Uint8Array;
  readonly summary?: Uint8Array;
  readonly exception?: string;
}

export function callStarted(call: NewCall): TraceEvent {
  return toEvent('call.started', call, startMembers(call));
}

export function callCompleted(call: NewCall, end: CallEnd): TraceEvent {
  return toEvent('call.completed', call, { ...startMembers(call), ...endMembers(end) });
}

export function callEnded(call: Pick<NewCall, 'projectId' | 'id' | 'userId'>, end: CallEnd): TraceEvent {
  return toEvent('call.ended', call, { project_id: call.projectId, id: call.id, ...endMembers(end) });
}

function startMembers(call: NewCall): Record<string, unknown> {
  return {
    project_id: call.projectId,
    id: call.id,
    trace_id: call.traceId,
    parent_id: call.parentId ?? undefined,
    thread_id: call.threadId,
    turn_id: call.turnId,
    op_name: call.opName,
    display_name: call.displayName,
    started_at: formatInstant(call.startedAtUs),
    // What clients send is redacted before the log sees it, and so is what is sent through here.
    attributes: redactSecrets(call.attributes),
    inputs: redactSecrets(call.inputs),
  };
}

function endMembers(end: CallEnd): Record<string, unknown> {
  return {
    ended_at: formatInstant(end.endedAtUs),
    output: end.output,
    summary: end.summary ?? Buffer.from('{}'),
    exception: end.exception,
  };
}

function toEvent(
  kind: TraceEvent['kind'],
  call: Pick<NewCall, 'projectId' | 'id' | 'userId'>,
  members: Record<string, unknown>,
): TraceEvent {
  const { projectId, id, userId } = call;
  return { kind, projectId, id, userId, receivedAtUs: nowUs(), note: '', payload: jsonObject(members) };
}
