import type { EndGroup, StartGroup } from '@weft/model';
import { column, NO_INSTANT_US, type Column } from '../native.ts';
import type { RowReader } from '../row-binary.ts';
import type { CallStatus } from '../trace-store.ts';
import { statusOf, summaryFacts, type SummaryFacts } from './facts.ts';
import { rowVersion, versionsOf, type CallState, type CallVersions } from './fold.ts';

/** What tells a call from all others. */
export interface CallIdentity {
  readonly projectId: string;
  readonly id: string;
  /** Trace of the span it was made of; empty for calls that are not made of spans. */
  readonly spanTraceId: string;
}

/** A row of `calls`, ready to be written. */
export interface CallRow extends CallIdentity {
  readonly state: CallState;
  readonly versions: CallVersions;
  readonly ver: bigint;
  readonly facts: SummaryFacts;
  /** Bytes of attributes, inputs, output and summary. */
  readonly sizeBytes: number;
}

/** `started_at` of a row whose start is not known yet. */
export const ORPHAN_US = NO_INSTANT_US;

const STATUS_NUMBER: Record<CallStatus, number> = { success: 1, error: 2, running: 3, descendant_error: 4 };
const STATUS_TYPE = "Enum8('success' = 1, 'error' = 2, 'running' = 3, 'descendant_error' = 4)";
const NO_STEP = -1;
const NO_BYTES = new Uint8Array(0);
const MAX_UINT32 = 2 ** 32 - 1;

export function toCallRow({ projectId, id, spanTraceId }: CallIdentity, state: CallState): CallRow {
  const versions = versionsOf(state);
  const { start, end } = state;
  return {
    projectId,
    id,
    spanTraceId,
    state,
    versions,
    ver: rowVersion(versions),
    facts: summaryFacts(end?.summary ?? NO_BYTES),
    sizeBytes:
      (start === undefined ? 0 : start.attributes.length + start.inputs.length) +
      (end === undefined ? 0 : end.output.length + end.summary.length),
  };
}

/** Bytes the row takes in an insert, roughly. */
export function estimateBytes(row: CallRow): number {
  const { start, end } = row.state;
  return (
    400 +
    row.sizeBytes +
    (start?.otelDump?.length ?? 0) +
    (start?.opName.length ?? 0) +
    (end?.exception?.length ?? 0)
  );
}

/** The key's instant. The lowest one stands for "no start": a call that claims it moves by a microsecond. */
export function startedAtOf(state: CallState): number {
  return state.start === undefined ? ORPHAN_US : Math.max(state.start.startedAtUs, ORPHAN_US + 1);
}

export const CALL_COLUMNS: readonly Column<CallRow>[] = [
  column.text('project_id', (r) => r.projectId),
  column.instant('started_at', (r) => startedAtOf(r.state)),
  column.text('id', (r) => r.id),
  column.text('span_trace_id', (r) => r.spanTraceId),
  column.uint128('start_ver', (r) => r.versions.start),
  column.uint128('end_ver', (r) => r.versions.end),
  column.uint128('rename_ver', (r) => r.versions.rename),
  column.uint128('ver', (r) => r.ver),
  column.text('trace_id', (r) => r.state.start?.traceId ?? ''),
  column.text('parent_id', (r) => r.state.start?.parentId ?? ''),
  column.text('thread_id', (r) => r.state.start?.threadId ?? ''),
  column.text('turn_id', (r) => r.state.start?.turnId ?? ''),
  column.text('op_name', (r) => r.state.start?.opName ?? ''),
  column.text('display_name', (r) => r.state.start?.displayName ?? ''),
  column.text('rename', (r) => r.state.rename?.displayName ?? ''),
  column.instant('ended_at', (r) => r.state.end?.endedAtUs),
  column.text('exception', (r) => r.state.end?.exception ?? ''),
  column.enum8('status', STATUS_TYPE, (r) => STATUS_NUMBER[statusOf(r.state, r.facts)]),
  column.text('model', (r) => r.facts.model),
  column.uint32('prompt_tokens', (r) => r.facts.promptTokens),
  column.uint32('completion_tokens', (r) => r.facts.completionTokens),
  column.uint32('size_bytes', (r) => Math.min(r.sizeBytes, MAX_UINT32)),
  column.text('user_id', (r) => r.state.start?.userId ?? ''),
  column.text('run_id', (r) => r.state.start?.runId ?? ''),
  column.int64('run_step', (r) => r.state.start?.runStep ?? NO_STEP),
  column.int64('run_step_end', (r) => r.state.end?.runStepEnd ?? NO_STEP),
  column.texts('input_refs', (r) => r.state.start?.inputRefs ?? []),
  column.texts('output_refs', (r) => r.state.end?.outputRefs ?? []),
  column.bytes('attributes', (r) => r.state.start?.attributes),
  column.bytes('inputs', (r) => r.state.start?.inputs),
  column.bytes('output', (r) => r.state.end?.output),
  column.bytes('summary', (r) => r.state.end?.summary),
  column.bytes('otel_dump', (r) => r.state.start?.otelDump),
];

/** Null = no error; the text of an error may be empty. */
export const EXCEPTION = "if(status = 'error', exception, NULL)";

/** Everything a `CallState` is made of, in the order of `readState`. */
export const STATE_SELECT = `project_id, id, span_trace_id, toUnixTimestamp64Micro(started_at), start_ver, end_ver, rename_ver,
  trace_id, parent_id, thread_id, turn_id, op_name, display_name, rename, toUnixTimestamp64Micro(ended_at), ${EXCEPTION},
  user_id, run_id, run_step, run_step_end, input_refs, output_refs, attributes, inputs, output, summary, otel_dump`;

export function readState(row: RowReader): CallIdentity & { readonly state: CallState } {
  const projectId = row.text();
  const id = row.text();
  const spanTraceId = row.text();
  const startedAtUs = row.int64();
  const [startVersion, endVersion, renameVersion] = [row.uint128(), row.uint128(), row.uint128()];
  const text = () => row.textOrNull();
  const start: Mutable<Partial<StartGroup>> = { version: startVersion, startedAtUs };
  const end: Mutable<Partial<EndGroup>> = { version: endVersion };
  start.traceId = row.text();
  start.parentId = text();
  start.threadId = text();
  start.turnId = text();
  start.opName = row.text();
  start.displayName = text();
  const rename = row.text();
  end.endedAtUs = row.int64();
  end.exception = row.nullableText();
  start.userId = text();
  start.runId = text();
  start.runStep = stepOrNull(row.int64());
  end.runStepEnd = stepOrNull(row.int64());
  start.inputRefs = row.texts();
  end.outputRefs = row.texts();
  start.attributes = row.bytes();
  start.inputs = row.bytes();
  end.output = row.bytes();
  end.summary = row.bytes();
  const otelDump = row.bytes();
  start.otelDump = otelDump.length === 0 ? null : otelDump;
  return {
    projectId,
    id,
    spanTraceId,
    state: {
      ...(startVersion > 0n ? { start: start as StartGroup } : {}),
      ...(endVersion > 0n ? { end: end as EndGroup } : {}),
      ...(renameVersion > 0n ? { rename: { version: renameVersion, displayName: rename } } : {}),
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function stepOrNull(step: number): number | null {
  return step === NO_STEP ? null : step;
}
