import { formatInstant, JsonScanner } from '@weft/model';
import { otelSpanJson } from '@weft/otlp';
import type { CallStatus, FeedbackWrite, StoredCall } from '@weft/trace-store';
import type { Columns } from './call-columns.ts';
import type { JsonOut } from './json-out.ts';
import { renderFeedback } from './render-feedback.ts';
import { asBuffer, findMembers, writeWithMember } from './splice.ts';

export interface RenderCall {
  readonly columns: Columns;
  /** Feedback by `weave_ref`; undefined = not asked for. */
  readonly feedback?: ReadonlyMap<string, readonly FeedbackWrite[]>;
}

const EMPTY_OBJECT = Buffer.from('{}');
const NULL = Buffer.from('null');

/** Writes one call as a JSON object (weave-api §3 CallSchema, §7.5, §7.7); payload bytes stay untouched. */
export function renderCall(out: JsonOut, call: StoredCall, { columns, feedback }: RenderCall): void {
  const text = (column: Parameters<Columns['has']>[0], value: string | null) =>
    value !== null && columns.has(column) ? JSON.stringify(value) : 'null';
  const count = (column: Parameters<Columns['has']>[0], value: number | null) =>
    value !== null && columns.has(column) ? String(value) : 'null';
  out.text(
    `{"id":${JSON.stringify(call.id)},"project_id":${JSON.stringify(call.projectId)},"op_name":${JSON.stringify(call.opName)}` +
      `,"display_name":${text('display_name', call.displayName)},"trace_id":${JSON.stringify(call.traceId)}` +
      `,"parent_id":${text('parent_id', call.parentId)},"thread_id":${text('thread_id', call.threadId)}` +
      `,"turn_id":${text('turn_id', call.turnId)},"started_at":"${formatInstant(call.startedAtUs)}","attributes":`,
  );
  if (columns.has('attributes')) renderAttributes(out, call);
  else out.bytes(EMPTY_OBJECT);
  out.text(',"inputs":');
  out.bytes(columns.has('inputs') ? orElse(call.inputs, EMPTY_OBJECT) : EMPTY_OBJECT);
  out.text(
    `,"ended_at":${call.endedAtUs !== null && columns.has('ended_at') ? `"${formatInstant(call.endedAtUs)}"` : 'null'}` +
      `,"exception":${text('exception', call.exception)},"output":`,
  );
  out.bytes(columns.has('output') ? orElse(call.output, NULL) : NULL);
  out.text(',"summary":');
  renderSummary(out, call, columns.has('summary'), feedback?.get(callRef(call)) ?? (feedback && []));
  out.text(
    `,"wb_user_id":${text('wb_user_id', call.userId)},"wb_run_id":${text('wb_run_id', call.runId)}` +
      `,"wb_run_step":${count('wb_run_step', call.runStep)},"wb_run_step_end":${count('wb_run_step_end', call.runStepEnd)}` +
      `,"deleted_at":null,"expire_at":null,"storage_size_bytes":${count('storage_size_bytes', call.storageSizeBytes)}` +
      `,"total_storage_size_bytes":${count('total_storage_size_bytes', call.totalStorageSizeBytes)}}`,
  );
}

/** The ref of a call, as feedback points at it. */
export function callRef(call: Pick<StoredCall, 'projectId' | 'id'>): string {
  return `weave:///${call.projectId}/call/${call.id}`;
}

function orElse(bytes: Uint8Array, empty: Buffer): Uint8Array {
  return bytes.length === 0 ? empty : bytes;
}

/** The attributes; of a call made from an OTLP span with the whole span as `otel_span`. */
function renderAttributes(out: JsonOut, call: StoredCall): void {
  const attributes = asBuffer(orElse(call.attributes, EMPTY_OBJECT));
  if (call.otelDump.length === 0) return out.bytes(attributes);
  const at = findMembers(attributes, ['otel_span']).get('otel_span');
  writeWithMember(out, attributes, 'otel_span', at, () =>
    out.bytes(otelSpanJson(call.otelDump, call.inputs, call.output)),
  );
}

/** The user's summary with `weave` overlaid; only `weave` when the summary was not asked for. */
function renderSummary(
  out: JsonOut,
  call: StoredCall,
  whole: boolean,
  feedback: readonly FeedbackWrite[] | undefined,
): void {
  const summary = asBuffer(orElse(call.summary, EMPTY_OBJECT));
  const members = findMembers(summary, ['weave', 'status_counts']);
  const counts = members.get('status_counts');
  const failed = counts !== undefined && hasErrors(summary.subarray(counts.start, counts.end));
  const derived = derivedMembers(call, failed, feedback);
  if (!whole) {
    out.text('{"weave":');
    writeWeave(out, EMPTY_OBJECT, derived);
    out.text('}');
    return;
  }
  const at = members.get('weave');
  const given = at === undefined ? EMPTY_OBJECT : summary.subarray(at.start, at.end);
  writeWithMember(out, summary, 'weave', at, () => writeWeave(out, given, derived));
}

type DerivedMembers = ReadonlyMap<string, string | ((out: JsonOut) => void)>;

function derivedMembers(
  call: StoredCall,
  failed: boolean,
  feedback: readonly FeedbackWrite[] | undefined,
): DerivedMembers {
  const members = new Map<string, string | ((out: JsonOut) => void)>();
  members.set('status', `"${statusOf(call, failed)}"`);
  members.set(
    'latency_ms',
    call.endedAtUs === null ? 'null' : String(Math.trunc((call.endedAtUs - call.startedAtUs) / 1000)),
  );
  if (call.displayName) members.set('display_name', JSON.stringify(call.displayName));
  else members.set('trace_name', JSON.stringify(traceName(call.opName)));
  if (feedback !== undefined) members.set('feedback', (to) => renderFeedback(to, feedback));
  return members;
}

/** The user's own `summary.weave` members that we do not set, then ours. */
function writeWeave(out: JsonOut, given: Buffer, derived: DerivedMembers): void {
  let separator = '{';
  if (given[0] === 0x7b && given.length > 2) {
    new JsonScanner(given).members(0, (key, start, end) => {
      if (derived.has(key)) return;
      out.text(`${separator}${JSON.stringify(key)}:`);
      out.bytes(given.subarray(start, end));
      separator = ',';
    });
  }
  for (const [key, value] of derived) {
    out.text(`${separator}"${key}":`);
    if (typeof value === 'string') out.text(value);
    else value(out);
    separator = ',';
  }
  out.text('}');
}

/** In this order here; filters and sorting put `descendant_error` before `running` (weave-api §7.5). */
function statusOf(call: StoredCall, failed: boolean): CallStatus {
  if (call.exception) return 'error';
  if (call.endedAtUs === null) return 'running';
  return failed ? 'descendant_error' : 'success';
}

/** True if `status_counts.error` is above 0. */
function hasErrors(counts: Buffer): boolean {
  if (counts[0] !== 0x7b) return false;
  const error = findMembers(counts, ['error']).get('error');
  return error !== undefined && Number(counts.toString('latin1', error.start, error.end)) > 0;
}

const OP_REF = /^weave:\/\/\/[^/]+\/[^/]+\/op\/([^/]+):[^:/]*$/;

/** The op's short name out of its ref, else the free name. */
function traceName(opName: string): string {
  return OP_REF.exec(opName)?.[1] ?? opName;
}
