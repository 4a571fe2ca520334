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
  const members = findMembers(summary, SUMMARY_MEMBERS);
  const counts = members.get('status_counts');
  const failed = counts !== undefined && hasErrors(summary.subarray(counts.start, counts.end));
  const writeWeave = (given: Buffer) => {
    out.text('{');
    if (given.length > 2 && given[0] === OPEN_BRACE)
      writeOwnMembers(out, given, derivedNames(call, feedback));
    const name = call.displayName ? `"display_name":${JSON.stringify(call.displayName)}` : `"trace_name":${JSON.stringify(traceName(call.opName))}`; // prettier-ignore
    out.text(`"status":"${statusOf(call, failed)}","latency_ms":${latencyMs(call)},${name}`);
    if (feedback !== undefined) {
      out.text(',"feedback":');
      renderFeedback(out, feedback);
    }
    out.text('}');
  };
  const at = members.get('weave');
  if (whole)
    writeWithMember(out, summary, 'weave', at, () => writeWeave(at === undefined ? EMPTY_OBJECT : summary.subarray(at.start, at.end))); // prettier-ignore
  else {
    out.text('{"weave":');
    writeWeave(EMPTY_OBJECT);
    out.text('}');
  }
}

const OPEN_BRACE = 0x7b;
const SUMMARY_MEMBERS = ['weave', 'status_counts'] as const;
const COUNT_MEMBERS = ['error'] as const;

/** What the user's own `summary.weave` cannot set. */
function derivedNames(call: StoredCall, feedback: unknown): readonly string[] {
  return [
    'status',
    'latency_ms',
    call.displayName ? 'display_name' : 'trace_name',
    ...(feedback === undefined ? [] : ['feedback']),
  ];
}

/** The members of `given` that are not in `except`, each followed by a comma. */
function writeOwnMembers(out: JsonOut, given: Buffer, except: readonly string[]): void {
  new JsonScanner(given).members(0, (key, start, end) => {
    if (except.includes(key)) return;
    out.text(`${JSON.stringify(key)}:`);
    out.bytes(given.subarray(start, end));
    out.text(',');
  });
}

function latencyMs(call: StoredCall): string {
  return call.endedAtUs === null ? 'null' : String(Math.trunc((call.endedAtUs - call.startedAtUs) / 1000));
}

/** In this order here; filters and sorting put `descendant_error` before `running` (weave-api §7.5). */
function statusOf(call: StoredCall, failed: boolean): CallStatus {
  if (call.exception !== null) return 'error';
  if (call.endedAtUs === null) return 'running';
  return failed ? 'descendant_error' : 'success';
}

/** True if `status_counts.error` is above 0. */
function hasErrors(counts: Buffer): boolean {
  if (counts[0] !== 0x7b) return false;
  const error = findMembers(counts, COUNT_MEMBERS).get('error');
  return error !== undefined && Number(counts.toString('latin1', error.start, error.end)) > 0;
}

const OP_REF = /^weave:\/\/\/[^/]+\/[^/]+\/op\/([^/]+):[^:/]*$/;

/** The op's short name out of its ref, else the free name. */
function traceName(opName: string): string {
  return OP_REF.exec(opName)?.[1] ?? opName;
}
