import { findRefs, parseInstant, MAX_INSTANT_US, type EndFields, type StartFields } from '@weft/model';
import { writeDump, type Elsewhere } from './dump.ts';
import type { EventContent, FieldName } from './fields.ts';
import { FRAMEWORKS } from './frameworks/index.ts';
import { JsonWriter } from './json-writer.ts';
import { displayNameOf, opShortName } from './op-name.ts';
import { plain, Selector, type Selected } from './select.ts';
import type { OtlpSpan } from './span.ts';
import { writeAttributes, writeSelected } from './call-attributes.ts';
import { mayRepeatUsage } from './container.ts';
import { type Leaf, lookInside, maybeJson, type OnText, RawJson, Tree } from './tree.ts';
import { writeUsage } from './usage.ts';

export interface SpanToCallOptions {
  /** `entity/project`. */
  projectId: string;
  /** Who sent it; never taken from the span. */
  userId: string | null;
  /** Stands in for a span that has neither start nor end. Default: the epoch. */
  receivedAtUs?: number;
  /** Makes the op ref of a short name. Default: the short name itself. */
  opRef?: (shortName: string) => string;
  /** The dump holds all texts itself, so that inputs and output may be changed. Default: false. */
  isDumpWhole?: boolean;
}

/** A finished call: `start` and `end` lack only their versions. The bytes are this call's own. */
export interface SpanCall {
  projectId: string;
  /** The span id: unique within its trace. */
  id: string;
  opShortName: string;
  start: StartFields;
  end: EndFields;
}

const STATUS_ERROR = 2;
/** Shorter texts cost more as a mark than as themselves. */
const MIN_STORED_ONCE = 40;

const selector = new Selector(FRAMEWORKS);
const out = new JsonWriter();

/**
 * What a span means as a call. Never fails for what the attributes are called or hold: what cannot be used is still in
 * the dump. Sources: reference tables of the OTLP mapping (docs), one file per framework in `frameworks/`.
 */
export function spanToCall(span: OtlpSpan, options: SpanToCallOptions): SpanCall {
  selector.read(span);
  out.reset();
  const content = contentOf(span);
  const shortName = opShortName(span.name);
  const elsewhere: Elsewhere[] = [];

  writeInputs(content.inputs, elsewhere);
  const inputsEnd = out.mark();
  writeOutput(content.output, elsewhere);
  const outputEnd = out.mark();
  const hasContent = content.inputs !== null || content.output !== null;
  const error = errorOf(span);
  const hasUsage = writeSummary(span, shortName, error !== null);
  const summaryEnd = out.mark();
  const { instructions, finishReason } = content;
  writeAttributes(out, selector, span, { hasContent, instructions, finishReason });
  const attributesEnd = out.mark();
  writeDump(out, span, options.isDumpWhole === true ? [] : elsewhere);

  const bytes = out.copy();
  const inputs = bytes.subarray(0, inputsEnd);
  const output = bytes.subarray(inputsEnd, outputEnd);
  const times = timesOf(span, options.receivedAtUs ?? 0);
  const threadId = text('thread_id');
  return {
    projectId: options.projectId,
    id: span.spanId,
    opShortName: shortName,
    start: {
      startedAtUs: times.startedAtUs,
      traceId: span.traceId,
      parentId: span.parentId,
      threadId,
      turnId: threadId !== null && isTurn(span) ? span.spanId : null,
      opName: options.opRef === undefined ? shortName : options.opRef(shortName),
      displayName: displayName(),
      attributes: bytes.subarray(summaryEnd, attributesEnd),
      inputs,
      otelDump: bytes.subarray(attributesEnd),
      userId: options.userId,
      runId: runIdOf(span, options.projectId),
      runStep: wholeNumber('run_step'),
      inputRefs: findRefs(inputs),
    },
    end: {
      endedAtUs: times.endedAtUs,
      exception: error,
      output,
      summary: bytes.subarray(outputEnd, summaryEnd),
      runStepEnd: wholeNumber('run_step_end'),
      outputRefs: findRefs(output),
      ...(hasUsage && mayRepeatUsage(span, selector) ? { mayRepeatUsage: true } : {}),
    },
  };
}

interface Content {
  readonly inputs: Selected | null;
  readonly output: Selected | null;
  readonly instructions: Leaf | undefined;
  readonly finishReason: Leaf | undefined;
}

/** Attributes first; events fill what they leave open. */
function contentOf(span: OtlpSpan): Content {
  let inputs = selector.take('inputs');
  let output = selector.take('output');
  let instructions: Leaf | undefined;
  let finishReason: Leaf | undefined;
  if (span.events.length > 0 && (inputs === null || output === null)) {
    for (const { events } of FRAMEWORKS) {
      const found: EventContent = events?.(span) ?? {};
      inputs ??= fromEvent(found.inputs);
      output ??= fromEvent(found.output);
      instructions ??= found.instructions;
      if (found.output !== undefined) finishReason ??= lookInside(found.output.value, '0.finish_reason');
    }
  }
  return { inputs, output, instructions, finishReason };
}

function fromEvent(found: { key: string; value: Leaf } | undefined): Selected | null {
  return found === undefined ? null : { ...found, encoded: false, index: -1, rank: 0 };
}

/** `{key: value}`; the bare names `input` and `inputs` give way to the object they hold. */
function writeInputs(selected: Selected | null, elsewhere: Elsewhere[]): void {
  const start = out.mark();
  if (selected === null) out.raw('{}');
  else if (selected.key === 'input' || selected.key === 'inputs') {
    writeSelected(out, selected, noting('in', start, elsewhere));
    if (out.since(start)[0] === OPEN_BRACE) return;
    out.rewind(start);
    elsewhere.length = 0;
    writeMember(selected, noting('in', start, elsewhere));
  } else writeMember(selected, noting('in', start, elsewhere));
}

/** As inputs, but `output` and `outputs` give way to whatever they hold. */
function writeOutput(selected: Selected | null, elsewhere: Elsewhere[]): void {
  const onText = noting('out', out.mark(), elsewhere);
  if (selected === null) out.raw('{}');
  else if (selected.key === 'output' || selected.key === 'outputs') writeSelected(out, selected, onText);
  else writeMember(selected, onText);
}

function writeMember(selected: Selected, onText: OnText): void {
  out.raw('{');
  out.string(selected.key);
  out.raw(':');
  writeSelected(out, selected, onText);
  out.raw('}');
}

/** Remembers where the document that starts at `start` holds an attribute's text. */
function noting(side: 'in' | 'out', start: number, elsewhere: Elsewhere[]): OnText {
  return (index, from, to, written) => {
    if (written === 'reflowed' || to - from < MIN_STORED_ONCE) return;
    elsewhere.push({ index, side, from: from - start, to: to - start, quoted: written === 'string' });
  };
}

const OPEN_BRACE = 0x7b;

/** Returns whether it has usage. */
function writeSummary(span: OtlpSpan, traceName: string, failed: boolean): boolean {
  out.raw('{');
  const hasUsage = writeUsage(out, selector);
  const { start, end } = span;
  const given = start.us > 0 && end.us > 0;
  const latencyMs = given ? Math.trunc((end.us - start.us + (end.ns - start.ns) / 1000) / 1000) : 0;
  out.next();
  out.raw(`"weave":{"status":"${failed ? 'error' : 'success'}","latency_ms":${latencyMs},"trace_name":`);
  out.string(traceName);
  out.raw('}}');
  return hasUsage;
}

/** The message of a failed span, possibly empty; null if it did not fail. Unset is success: what was sent is over. */
function errorOf(span: OtlpSpan): string | null {
  const byLevel = text('level')?.toUpperCase() === 'ERROR';
  if (span.statusCode !== STATUS_ERROR && !byLevel) return null;
  if (span.statusMessage !== '') return span.statusMessage;
  const message = byLevel ? text('status_message') : null;
  if (message !== null) return message;
  const exception = span.events.findLast(({ name }) => name === 'exception')?.attributes;
  for (const key of ['exception.message', 'exception.type']) {
    const value = exception?.get(key);
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

/** A missing edge is taken from the other. */
function timesOf(span: OtlpSpan, receivedAtUs: number): { startedAtUs: number; endedAtUs: number } {
  const start = instantOf(selector.take('start_time')) ?? (span.start.us || null);
  const end = instantOf(selector.take('end_time')) ?? (span.end.us || null);
  return { startedAtUs: start ?? end ?? receivedAtUs, endedAtUs: end ?? start ?? receivedAtUs };
}

/** ISO 8601, unix nanoseconds (number or digits) or unix seconds; told apart by size. Anything else is ignored. */
function instantOf(selected: Selected | null): number | null {
  const value = selected === null ? null : scalar(selected);
  if (typeof value === 'string') {
    const iso = parseInstant(value.trim());
    if (iso !== undefined) return iso;
    if (!/^\d{1,20}(?:\.\d+)?$/.test(value)) return null;
  } else if (typeof value !== 'number' && typeof value !== 'bigint') return null;
  const number = Number(value);
  const us = number < 1e11 ? Math.round(number * 1e6) : nanosToUs(value);
  return us > 0 && us < MAX_INSTANT_US ? us : null;
}

function nanosToUs(value: string | number | bigint): number {
  const whole = typeof value === 'bigint' ? value : BigInt(String(value).replace(/\..*|e.*/, ''));
  return Number(whole / 1000n);
}

/**
 * Told by the contract's own keys, or, when the thread is known by another convention, by being the root or the agent that was
 * asked something in a conversation (below a request to a web server, say, which knows of none): taking every span
 * of a conversation for a turn would make turns meaningless. A span does not tell whether it is the outermost agent.
 */
function isTurn(span: OtlpSpan): boolean {
  const told = selector.take('is_turn');
  if (told !== null) return told.value !== 'no';
  const rank = selector.take('thread_id')?.rank ?? 0;
  if (span.parentId === null) return rank > CONTRACT_THREAD_RANK;
  return rank === CONVERSATION_RANK && text('operation_name') === 'invoke_agent';
}

/** gcp.vertex.agent.session_id and wandb.thread_id. */
const CONTRACT_THREAD_RANK = 20;
/** gen_ai.conversation.id: unlike a session it is not passed down from the root. */
const CONVERSATION_RANK = 30;

function runIdOf(span: OtlpSpan, projectId: string): string | null {
  const { attributes } = span.resource;
  const ofResource = attributes.get('wandb.wb_run_id') ?? attributes.get('wb_run_id');
  const runId = typeof ofResource === 'string' && ofResource !== '' ? ofResource : text('run_id');
  return runId === null || /[/:]/.test(runId) ? null : `${projectId}:${runId}`;
}

function displayName(): string | null {
  const name = text('display_name');
  return name === null ? null : displayNameOf(name);
}

function wholeNumber(field: FieldName): number | null {
  const selected = selector.take(field);
  const value = selected === null ? NaN : Number(scalar(selected) ?? NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** The value as text; null for none and for objects. */
function text(field: FieldName): string | null {
  const selected = selector.take(field);
  const value = selected === null ? null : scalar(selected);
  if (value === null) return null;
  return typeof value === 'string' ? value : String(value);
}

function scalar({ value }: Selected): string | number | bigint | boolean | null {
  if (value instanceof Tree) return null;
  const found = value instanceof RawJson ? plain(value) : value;
  if (found === null || typeof found === 'object') return null;
  return typeof found === 'string' && value instanceof RawJson && maybeJson(found) ? null : found;
}
