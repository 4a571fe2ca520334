import type { EndFields, StartFields } from './call.ts';
import type { FramedCall } from './call-framer.ts';
import { AppError } from './errors.ts';
import { isValidId } from './ids.ts';
import { asBuffer, JsonMembers } from './json-members.ts';
import { JsonScanner, MAX_JSON_DEPTH } from './json-scan.ts';

/** What the wire item says, before versions: one of `start`, `end` or both. */
export interface CallItem {
  /** As sent, unchecked: a project in the path wins over it. */
  readonly projectId: string | null;
  readonly id: string | null;
  /** From a start: null means the server chooses. */
  readonly traceId: string | null;
  /** `wb_user_id` as sent: trusted in the open loopback mode only. */
  readonly userId: string | null;
  readonly start: StartFields | null;
  readonly end: EndFields | null;
}

export type CallItemKind = 'call.started' | 'call.ended' | 'call.completed';

export const MAX_OP_NAME = 128;
export const MAX_DISPLAY_NAME = 1024;

const NULL = new Uint8Array([0x6e, 0x75, 0x6c, 0x6c]);

/**
 * Reads one started, ended or completed call (weave-api: StartedCallSchemaForInsert and so on) without copying or
 * parsing its payloads. Unknown members are ignored, explicit null means not given, of duplicate members the last wins.
 * @throws AppError `invalid_request` naming the offending member.
 */
export function readCallItem(kind: CallItemKind, bytes: Uint8Array): CallItem {
  return toCallItem(kind, JsonMembers.parse(bytes));
}

/** As `readCallItem`, for an item that was framed. */
export function readFramedCall(kind: CallItemKind, framed: FramedCall): CallItem {
  if (framed.members === null) throw new AppError('invalid_request', 'must be an object');
  if (framed.isTooDeep) throw new AppError('invalid_request', `is nested deeper than ${MAX_JSON_DEPTH}`);
  return toCallItem(kind, framed.members);
}

function toCallItem(kind: CallItemKind, members: JsonMembers): CallItem {
  const starts = kind !== 'call.ended';
  const ends = kind !== 'call.started';
  const id = members.text('id');
  if (id !== null && !isValidId(id)) throw invalid('id', BAD_ID);
  const traceId = members.text('trace_id');
  if (traceId !== null && !isValidId(traceId)) throw invalid('trace_id', BAD_ID);
  return {
    projectId: members.text('project_id'),
    id,
    traceId,
    userId: members.text('wb_user_id'),
    start: starts ? startFields(members, traceId) : null,
    end: ends ? endFields(members) : null,
  };
}

const BAD_ID = 'must be 1 to 128 characters without spaces or control characters';

function startFields(members: JsonMembers, traceId: string | null): StartFields {
  const opName = members.text('op_name');
  if (opName === null) throw invalid('op_name', 'is required');
  if (opName.length > MAX_OP_NAME && !opName.startsWith('weave:///'))
    throw invalid('op_name', `is longer than ${MAX_OP_NAME} characters`);
  const displayName = members.text('display_name');
  if (displayName !== null && displayName.length > MAX_DISPLAY_NAME)
    throw invalid('display_name', `is longer than ${MAX_DISPLAY_NAME} characters`);
  const inputs = members.object('inputs');
  return {
    startedAtUs: members.instant('started_at'),
    traceId: traceId ?? '',
    parentId: members.text('parent_id'),
    threadId: members.text('thread_id'),
    turnId: members.text('turn_id'),
    opName,
    displayName,
    attributes: members.object('attributes'),
    inputs,
    otelDump: members.optional('otel_dump'),
    userId: null,
    runId: members.text('wb_run_id'),
    runStep: members.integer('wb_run_step'),
    inputRefs: findRefs(inputs),
  };
}

function endFields(members: JsonMembers): EndFields {
  const output = members.optional('output') ?? NULL;
  return {
    endedAtUs: members.instant('ended_at'),
    // Empty is no error (weave-api §7.5); only a span can fail without a text.
    exception: members.text('exception') || null,
    output,
    summary: members.object('summary'),
    runStepEnd: members.integer('wb_run_step_end'),
    outputRefs: findRefs(output),
  };
}

const REF_OPEN = '"weave:///';

/**
 * Every distinct string value in the JSON that starts with `weave:///`, in order of appearance. Member names do not count.
 * @param max of them, the first ones; default all.
 */
export function findRefs(json: Uint8Array, max = Infinity): string[] {
  const buf = asBuffer(json);
  let at = buf.indexOf(REF_OPEN);
  if (at < 0) return [];
  const refs = new Set<string>();
  const scanner = new JsonScanner(buf);
  for (; at >= 0 && refs.size < max; at = buf.indexOf(REF_OPEN, at)) {
    // `\"weave:///` is text about a ref inside a longer string, not a ref.
    const isText = buf[at - 1] === 0x5c;
    const end = isText ? at + REF_OPEN.length : scanner.string(at);
    if (!isText && buf[scanner.ws(end)] !== 0x3a) refs.add(scanner.stringValue(at, end));
    at = end;
  }
  return [...refs];
}

function invalid(path: string, what: string): AppError {
  return new AppError('invalid_request', `${path}: ${what}`);
}
