import type { Claim, ClaimColumn, ContentOfLogs, EndGroup, SpanLog, StartGroup } from '@weft/model';
import { claimsByGroup, encodeClaim, findRefs, readClaim } from '@weft/model';
import { isWrittenOddly } from '@weft/query-language';
import { column, NO_INSTANT_US, type Column } from '../native.ts';
import type { RowReader } from '../row-binary.ts';
import type { CallStatus } from '../trace-store.ts';
import { statusOf, summaryFacts, type SummaryFacts } from './facts.ts';
import { ODD_BITS } from './search.ts';
import { rowVersion, versionsOf, type CallState, type CallVersions } from './fold.ts';
import { scopeOf, spanFacts } from '../spans/facts.ts';
import { logBytes } from './logs.ts';

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
  readonly shown: ShownContent;
  /** Bytes of attributes, inputs, output and summary, as they are shown, whole. */
  readonly sizeBytes: number;
}

/** Inputs and output as they are read: the call's own, or what its log records say. */
export interface ShownContent {
  readonly inputs: Uint8Array;
  readonly inputRefs: readonly string[];
  readonly output: Uint8Array;
  readonly outputRefs: readonly string[];
  /** Which of them are not the call's own: `INPUTS_FROM_LOGS`, `OUTPUT_FROM_LOGS`. */
  readonly fromLogs: number;
}

/** `started_at` of a row whose start is not known yet. */
export const ORPHAN_US = NO_INSTANT_US;

const STATUS_NUMBER: Record<CallStatus, number> = { success: 1, error: 2, running: 3, descendant_error: 4 };
const STATUS_TYPE = "Enum8('success' = 1, 'error' = 2, 'running' = 3, 'descendant_error' = 4)";
const NO_STEP = -1;
const NO_BYTES = new Uint8Array(0);
const NO_REFS: readonly string[] = [];
const MAX_UINT32 = 2 ** 32 - 1;

/** Bits of `content_from_logs`: the own content is `{}` where they are set. */
const INPUTS_FROM_LOGS = 1;
const OUTPUT_FROM_LOGS = 2;
const NO_CONTENT = Buffer.from('{}');

/** @param contentOfLogs needed where the state has log records. */
export function toCallRow(
  { projectId, id, spanTraceId }: CallIdentity,
  state: CallState,
  contentOfLogs?: ContentOfLogs,
): CallRow {
  const versions = versionsOf(state);
  const { start, end } = state;
  const shown = shownContent(state, contentOfLogs);
  return {
    projectId,
    id,
    spanTraceId,
    state,
    versions,
    ver: rowVersion(versions),
    facts: summaryFacts(end?.summary ?? NO_BYTES),
    shown,
    sizeBytes:
      shown.inputs.length +
      shown.output.length +
      (start === undefined ? 0 : start.attributes.length + beyondHeads(start)) +
      (end === undefined ? 0 : end.summary.length + beyondHeads(end)),
  };
}

/** Bytes of attributes, inputs, output and summary that are not in the group, because it has heads of them. */
function beyondHeads(group: StartGroup | EndGroup): number {
  if (group.claims === undefined) return 0;
  const heads = new Map<ClaimColumn, Uint8Array>(
    'inputs' in group
      ? [
          ['attributes', group.attributes],
          ['inputs', group.inputs],
        ]
      : [
          ['output', group.output],
          ['summary', group.summary],
        ],
  );
  return group.claims.reduce((sum, { column, sizeBytes }) => {
    const head = heads.get(column);
    return head === undefined ? sum : sum + sizeBytes - head.length;
  }, 0);
}

function shownContent({ start, end, logs }: CallState, contentOfLogs?: ContentOfLogs): ShownContent {
  const own: ShownContent = {
    inputs: start === undefined ? NO_BYTES : start.inputs,
    inputRefs: start === undefined ? NO_REFS : start.inputRefs,
    output: end === undefined ? NO_BYTES : end.output,
    outputRefs: end === undefined ? NO_REFS : end.outputRefs,
    fromLogs: 0,
  };
  // Nearly always: most calls cost no more than this.
  if (logs === undefined || logs.length === 0) return own;
  const [noInputs, noOutput] = [isEmpty(own.inputs), isEmpty(own.output)];
  if (!(noInputs || noOutput)) return own;
  if (contentOfLogs === undefined) throw new Error('a call with log records needs `contentOfLogs`');
  const { inputs, output } = contentOfLogs(logs);
  return {
    ...own,
    ...(noInputs && inputs !== null && { inputs, inputRefs: findRefs(inputs) }),
    ...(noOutput && output !== null && { output, outputRefs: findRefs(output) }),
    fromLogs:
      (noInputs && inputs !== null ? INPUTS_FROM_LOGS : 0) |
      (noOutput && output !== null ? OUTPUT_FROM_LOGS : 0),
  };
}

function isEmpty(payload: Uint8Array): boolean {
  return NO_CONTENT.equals(payload);
}

/** Bytes the row takes in an insert, roughly. */
export function estimateBytes({ state, shown }: CallRow): number {
  return stateBytes(state) + (shown.fromLogs === 0 ? 0 : shown.inputs.length + shown.output.length);
}

/** Bytes that the content of a call takes, roughly. */
export function stateBytes({ start, end, logs }: CallState): number {
  return (
    400 +
    (start === undefined
      ? 0
      : start.attributes.length +
        start.inputs.length +
        (start.otelDump?.length ?? 0) +
        start.opName.length +
        claimBytes(start.claims)) +
    (end === undefined
      ? 0
      : end.output.length + end.summary.length + (end.exception?.length ?? 0) + claimBytes(end.claims)) +
    (logs === undefined ? 0 : logBytes(logs) + LOG_BYTES * logs.length)
  );
}

/** A record beside its text. */
const LOG_BYTES = 100;
/** A claim, with a name of a store that is not very long. */
const CLAIM_BYTES = 300;

function claimBytes(claims: readonly Claim[] | undefined): number {
  return claims === undefined ? 0 : claims.length * CLAIM_BYTES;
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
  column.uint32('total_tokens', (r) => r.facts.totalTokens),
  column.uint32('cache_read_tokens', (r) => r.facts.cacheReadTokens),
  column.uint32('cache_creation_tokens', (r) => r.facts.cacheCreationTokens),
  column.texts('usage_models', (r) => r.facts.usageModels),
  column.uint32s('usage_counts', (r) => r.facts.usageCounts),
  column.uint8('may_repeat_usage', (r) => Number(r.state.end?.mayRepeatUsage ?? false)),
  column.uint32('size_bytes', (r) => Math.min(r.sizeBytes, MAX_UINT32)),
  column.text('user_id', (r) => r.state.start?.userId ?? ''),
  column.text('run_id', (r) => r.state.start?.runId ?? ''),
  column.int64('run_step', (r) => r.state.start?.runStep ?? NO_STEP),
  column.int64('run_step_end', (r) => r.state.end?.runStepEnd ?? NO_STEP),
  column.texts('input_refs', (r) => r.shown.inputRefs),
  column.texts('output_refs', (r) => r.shown.outputRefs),
  column.bytes('attributes', (r) => r.state.start?.attributes),
  column.bytes('inputs', (r) => r.shown.inputs),
  column.bytes('output', (r) => r.shown.output),
  column.bytes('summary', (r) => r.state.end?.summary),
  column.bytes('otel_dump', (r) => r.state.start?.otelDump),
  column.texts('claimed', (r) => claimTexts(r.state)),
  column.uint8('odd', oddBits),
  column.text('otel_scope', (r) => scopeOf(r.state.start?.otelDump).name),
  column.text('otel_scope_version', (r) => scopeOf(r.state.start?.otelDump).version),
  column.uint8('otel_facts', (r) => (r.spanTraceId === '' ? 0 : spanFacts(r))),
];

const NO_TEXTS: readonly string[] = [];

function claimTexts({ start, end }: CallState): readonly string[] {
  if (start?.claims === undefined && end?.claims === undefined) return NO_TEXTS;
  return [...(start?.claims ?? []), ...(end?.claims ?? [])].map(encodeClaim);
}

/** Columns of calls that have log records; others have the defaults. */
export const LOG_COLUMNS: readonly Column<CallRow>[] = [
  column.uint64s('log_hashes', (r) => r.versions.logs),
  column.byteTexts('otel_logs', (r) => r.state.logs?.map(({ bytes }) => bytes) ?? []),
  column.uint8('content_from_logs', (r) => r.shown.fromLogs),
];

/** Payloads whose raw text says nothing of what is in them, as bits of `odd` (search.ts). */
function oddBits({ state: { start, end }, shown: { inputs, output } }: CallRow): number {
  const payloads = { attributes: start?.attributes, inputs, output, summary: end?.summary };
  let bits = 0;
  for (const [name, bit] of ODD_BITS) {
    const payload = payloads[name];
    if (payload !== undefined && isWrittenOddly(payload)) bits |= bit;
  }
  return bits;
}

/** Null = no error; the text of an error may be empty. */
export const EXCEPTION = "if(status = 'error', exception, NULL)";

/** Everything a `CallState` is made of, in the order of `readState`. */
export const STATE_SELECT = `project_id, id, span_trace_id, toUnixTimestamp64Micro(started_at), start_ver, end_ver, rename_ver,
  trace_id, parent_id, thread_id, turn_id, op_name, display_name, rename, toUnixTimestamp64Micro(ended_at), ${EXCEPTION},
  user_id, run_id, run_step, run_step_end, input_refs, output_refs, attributes, inputs, output, summary, otel_dump, may_repeat_usage,
  content_from_logs, log_hashes, otel_logs, claimed`;

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
  if (row.uint8() === 1) end.mayRepeatUsage = true;
  const fromLogs = row.uint8();
  if ((fromLogs & INPUTS_FROM_LOGS) !== 0) Object.assign(start, { inputs: NO_CONTENT, inputRefs: [] });
  if ((fromLogs & OUTPUT_FROM_LOGS) !== 0) Object.assign(end, { output: NO_CONTENT, outputRefs: [] });
  const hashes = row.uint64s();
  const logs = row
    .list((): Uint8Array => row.bytes())
    .map((bytes, i): SpanLog => ({ hash: hashes[i]!, bytes }));
  const claims = claimsByGroup(row.texts().map(readClaim));
  if (claims.start !== undefined) start.claims = claims.start;
  if (claims.end !== undefined) end.claims = claims.end;
  return {
    projectId,
    id,
    spanTraceId,
    state: {
      ...(startVersion > 0n ? { start: start as StartGroup } : {}),
      ...(endVersion > 0n ? { end: end as EndGroup } : {}),
      ...(renameVersion > 0n ? { rename: { version: renameVersion, displayName: rename } } : {}),
      ...(logs.length > 0 ? { logs } : {}),
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function stepOrNull(step: number): number | null {
  return step === NO_STEP ? null : step;
}
