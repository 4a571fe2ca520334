import { claimStub, formatInstant, JsonScanner, type ClaimColumn } from '@weft/model';
import { otelSpanJson } from '@weft/otlp';
import type { CallPayload, CallStatus, FeedbackWrite, OpenClaim, StoredCall } from '@weft/trace-store';
import type { Columns } from './call-columns.ts';
import type { Shown } from './expand.ts';
import type { JsonOut } from './json-out.ts';
import { renderFeedback } from './render-feedback.ts';
import { asBuffer, findMembers, writeWithMember } from './splice.ts';

export interface RenderCall {
  readonly columns: Columns;
  /** Feedback by `weave_ref`; undefined = not asked for. */
  readonly feedback?: ReadonlyMap<string, readonly FeedbackWrite[]>;
  /** JSON of `summary.weave.costs`, undefined for a call without; not there = not asked for. */
  readonly costs?: { of(call: StoredCall): string | undefined };
  /** Payloads to write instead of the call's own. */
  readonly shown?: Shown | undefined;
}

const EMPTY_OBJECT = Buffer.from('{}');
const NULL = Buffer.from('null');

/** Writes one call as a JSON object (weave-api §3 CallSchema, §7.5, §7.7); payload bytes stay untouched. */
export function renderCall(
  out: JsonOut,
  call: StoredCall,
  { columns, feedback, costs, shown: expanded = {} }: RenderCall,
): void {
  const shown = call.claims.length === 0 ? expanded : { ...expanded, ...stubsOf(call) };
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
  if (columns.has('attributes')) renderAttributes(out, call, shown.attributes ?? call.attributes);
  else out.bytes(EMPTY_OBJECT);
  out.text(',"inputs":');
  out.bytes(columns.has('inputs') ? orElse(shown.inputs ?? call.inputs, EMPTY_OBJECT) : EMPTY_OBJECT);
  out.text(
    `,"ended_at":${call.endedAtUs !== null && columns.has('ended_at') ? `"${formatInstant(call.endedAtUs)}"` : 'null'}` +
      `,"exception":${text('exception', call.exception)},"output":`,
  );
  out.bytes(columns.has('output') ? orElse(shown.output ?? call.output, NULL) : NULL);
  out.text(',"summary":');
  renderSummary(out, call, {
    shown: shown.summary,
    whole: columns.has('summary'),
    feedback: feedback?.get(callRef(call)) ?? (feedback && []),
    costs: costs?.of(call),
  });
  out.text(
    `,"wb_user_id":${text('wb_user_id', call.userId)},"wb_run_id":${text('wb_run_id', call.runId)}` +
      `,"wb_run_step":${count('wb_run_step', call.runStep)},"wb_run_step_end":${count('wb_run_step_end', call.runStepEnd)}` +
      `,"deleted_at":null,"expire_at":null,"storage_size_bytes":${count('storage_size_bytes', call.storageSizeBytes)}` +
      `,"total_storage_size_bytes":${count('total_storage_size_bytes', call.totalStorageSizeBytes)}}`,
  );
}

/** Stubs instead of payloads that are heads. */
function stubsOf(call: StoredCall): Shown {
  const stubs: Shown = {};
  for (const claim of call.claims) {
    const { column, error } = claim;
    if (column !== 'otel_dump') stubs[column] = claimStub(claim, call[column], error);
  }
  return stubs;
}

/** The ref of a call, as feedback points at it. */
export function callRef(call: Pick<StoredCall, 'projectId' | 'id'>): string {
  return `weave:///${call.projectId}/call/${call.id}`;
}

function orElse(bytes: Uint8Array, empty: Buffer): Uint8Array {
  return bytes.length === 0 ? empty : bytes;
}

/** The attributes; of a call made from an OTLP span with the whole span as `otel_span`. */
function renderAttributes(out: JsonOut, call: StoredCall, given: Uint8Array): void {
  const attributes = asBuffer(orElse(given, EMPTY_OBJECT));
  if (call.otelDump.length === 0) return out.bytes(attributes);
  const at = findMembers(attributes, ['otel_span']).get('otel_span');
  writeWithMember(out, attributes, 'otel_span', at, () => out.bytes(spanJson(call)));
}

/** Of a span that is a head as much as can be shown of it. */
function spanJson(call: StoredCall): Uint8Array {
  const claim = claimOn(call, 'otel_dump');
  const show = () =>
    otelSpanJson(call.otelDump, documentOf(call, 'inputs'), documentOf(call, 'output'), call.otelLogs);
  if (claim === undefined) return show();
  try {
    return claimStub(claim, show(), claim.error);
  } catch {
    // Something is cut that every span has.
    return claimStub(claim, NULL, claim.error);
  }
}

const NO_BYTES = new Uint8Array(0);

/** What the span's long texts are read from by their places; in heads they lie elsewhere. */
export function documentOf(call: StoredCall, payload: CallPayload): Uint8Array {
  return claimOn(call, payload) === undefined ? call[payload] : NO_BYTES;
}

function claimOn(call: StoredCall, column: ClaimColumn): OpenClaim | undefined {
  return call.claims.find((claim) => claim.column === column);
}

/** The user's summary with `weave` overlaid; only `weave` when the summary was not asked for. */
function renderSummary(
  out: JsonOut,
  call: StoredCall,
  { whole, shown, ...asked }: Asked & { readonly whole: boolean; readonly shown: Uint8Array | undefined },
): void {
  const { feedback, costs } = asked;
  const own = asBuffer(call.summary);
  const counts = own.length === 0 ? undefined : findMembers(own, COUNTS).get('status_counts');
  const failed = counts !== undefined && hasErrors(own.subarray(counts.start, counts.end));
  const summary = asBuffer(orElse(shown ?? own, EMPTY_OBJECT));
  const writeWeave = (given: Buffer) => {
    out.text('{');
    if (given.length > 2 && given[0] === OPEN_BRACE) writeOwnMembers(out, given, derivedNames(asked));
    const name = call.displayName ? `"display_name":${JSON.stringify(call.displayName)}` : `"trace_name":${JSON.stringify(traceName(call.opName))}`; // prettier-ignore
    out.text(`"status":"${statusOf(call, failed)}",${latency(call)}${name}`);
    if (feedback !== undefined) {
      out.text(',"feedback":');
      renderFeedback(out, feedback);
    }
    if (costs !== undefined) out.text(`,"costs":${costs}`);
    out.text('}');
  };
  const at = findMembers(summary, WEAVE).get('weave');
  if (whole)
    writeWithMember(out, summary, 'weave', at, () => writeWeave(at === undefined ? EMPTY_OBJECT : summary.subarray(at.start, at.end))); // prettier-ignore
  else {
    out.text('{"weave":');
    writeWeave(EMPTY_OBJECT);
    out.text('}');
  }
}

/** What a summary has only on request. */
interface Asked {
  readonly feedback: readonly FeedbackWrite[] | undefined;
  /** JSON. */
  readonly costs: string | undefined;
}

const OPEN_BRACE = 0x7b;
const WEAVE = ['weave'] as const;
const COUNTS = ['status_counts'] as const;
const COUNT_MEMBERS = ['error'] as const;

/** What the user's own `summary.weave` cannot set. */
function derivedNames({ feedback, costs }: Asked): readonly string[] {
  return [
    'status',
    'latency_ms',
    'display_name',
    'trace_name',
    ...(feedback === undefined ? [] : ['feedback']),
    ...(costs === undefined ? [] : ['costs']),
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

/** A call that runs has none, not null: clients compare. */
function latency(call: StoredCall): string {
  return call.endedAtUs === null
    ? ''
    : `"latency_ms":${Math.trunc((call.endedAtUs - call.startedAtUs) / 1000)},`;
}

/** In this order here; filters and sorting put `descendant_error` before `running` (weave-api §7.5). */
export function statusOf(call: StoredCall, failed: boolean): CallStatus {
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
export function traceName(opName: string): string {
  return OP_REF.exec(opName)?.[1] ?? opName;
}
