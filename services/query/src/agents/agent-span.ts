import { formatInstant } from '@weft/model';
import { KeyValues, readStoredSpan, type StoredSpan, type Value } from '@weft/otlp';
import {
  AGENT_ATTRIBUTES,
  OPERATION_PREFIXES,
  type AgentAttribute,
  type StoredAgentSpan,
} from '@weft/trace-store';
import { customAttributesOf, type CustomAttributes } from './custom-attributes.ts';
import { normalizeMessages, reasoningOf, systemTexts, withLists, type Message } from './messages.ts';

type Status = 'UNSET' | 'OK' | 'ERROR';

/** A span of an agent with the names of the wire. Texts that were not sent are empty, numbers 0. */
export interface AgentSpan extends CustomAttributes {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly span_name: string;
  readonly span_kind: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly status_code: Status;
  readonly status_message: string;
  readonly error_type: string;
  readonly operation_name: string;
  readonly provider_name: string;
  agent_name: string;
  agent_id: string;
  agent_version: string;
  conversation_id: string;
  readonly conversation_name: string;
  readonly request_model: string;
  readonly response_model: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly reasoning_content: string;
  readonly tool_name: string;
  readonly tool_call_id: string;
  readonly tool_definitions: string;
  readonly tool_call_arguments: string;
  readonly tool_call_result: string;
  readonly input_messages: readonly Message[];
  readonly output_messages: readonly Message[];
  readonly system_instructions: readonly string[];
  readonly compaction_summary: string;
  readonly compaction_items_before: number;
  readonly compaction_items_after: number;
  readonly content_refs: readonly string[];
  readonly wb_user_id: string;
  /** Microseconds. */
  readonly startedAtUs: number;
  readonly endedAtUs: number;
}

/** Members of the wire; the others are for those who work with spans. */
export type AgentSpanMembers = Omit<AgentSpan, 'startedAtUs' | 'endedAtUs'> &
  Readonly<Record<string, unknown>>;

/** Reads what the span says of itself; nothing of its trace. */
export function readAgentSpan(stored: StoredAgentSpan): AgentSpan {
  const otel = readStoredSpan(stored.otelDump, stored.inputs, stored.output);
  const members = new Map<string, unknown>();
  for (const attribute of AGENT_ATTRIBUTES)
    members.set(attribute.column, plainValue(attribute, find(otel.attributes, attribute.keys)));
  const text = (column: string) => members.get(column) as string;
  const [thrownType, thrownMessage] = otel.status.code === 'ERROR' ? thrown(otel) : ['', ''];
  const rawInput = find(otel.attributes, keysOf('input_messages')) ?? contentOf(stored.inputs, INPUT_MESSAGES);
  const rawOutput = outputOf(otel) ?? contentOf(stored.output, OUTPUT_MESSAGES);
  const trial = find(otel.attributes, ['weave.eval.trial_index']);
  return {
    ...Object.fromEntries(members),
    ...customAttributesOf(otel.attributes),
    trace_id: stored.traceId,
    span_id: stored.spanId,
    parent_span_id: stored.parentId ?? '',
    span_name: otel.name,
    span_kind: otel.kind,
    started_at: formatInstant(stored.startedAtUs),
    ended_at: formatInstant(stored.endedAtUs),
    status_code: otel.status.code,
    status_message: otel.status.message || thrownMessage,
    error_type: text('error_type') || thrownType,
    operation_name: text('operation_name') || operationOfName(otel.name),
    provider_name: text('provider_name').toLowerCase(),
    agent_name: text('agent_name') || agentOfName(otel.name),
    conversation_id: stored.conversationId,
    eval_trial_index: trial === undefined || toInt(trial) < 0 ? null : toInt(trial),
    tool_call_arguments: text('tool_call_arguments') || ofEvent(otel, 'gen_ai.tool.input', 'gen_ai.tool.call.arguments'),
    tool_call_result: text('tool_call_result') || ofEvent(otel, 'gen_ai.tool.output', 'gen_ai.tool.call.result'),
    input_messages: normalizeMessages(withLists(rawInput), 'user'),
    output_messages: normalizeMessages(rawOutput, 'assistant'),
    system_instructions: systemTexts(find(otel.attributes, keysOf('system_instructions'))),
    reasoning_content: reasoningOf(rawOutput) || text('reasoning_content'),
    wb_user_id: stored.userId,
    wb_run_id: stored.runId,
    wb_run_step: stored.runStep,
    wb_run_step_end: stored.runStepEnd,
    startedAtUs: stored.startedAtUs,
    endedAtUs: stored.endedAtUs,
  } as unknown as AgentSpan;
} // prettier-ignore

const KEYS: ReadonlyMap<string, readonly string[]> = new Map(
  AGENT_ATTRIBUTES.map(({ column, keys }) => [column, keys]),
);
const keysOf = (column: string) => KEYS.get(column)!;

/** The first that has a value. */
function find(attributes: KeyValues, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = valueAt(attributes, key);
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

/** Of equal keys the last; where there is none, an object of what lies below it (`gen_ai.prompt.0.role`). */
function valueAt({ keys, values }: KeyValues, key: string): unknown {
  const at = keys.lastIndexOf(key);
  if (at >= 0) return typeof values[at] === 'bigint' ? values[at] : plain(values[at]!);
  const prefix = `${key}.`;
  const below = new Map<string, unknown>();
  keys.forEach((each, i) => {
    if (each.startsWith(prefix)) put(below, each.slice(prefix.length).split('.'), plain(values[i]!));
  });
  return below.size === 0 ? undefined : toObject(below);
}

function put(into: Map<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    into.set(name, value);
    return;
  }
  let child = into.get(name);
  if (!(child instanceof Map)) into.set(name, (child = new Map<string, unknown>()));
  put(child as Map<string, unknown>, rest, value);
}

/** Names of clients become members of objects without a prototype. */
function toObject(members: ReadonlyMap<string, unknown>): object {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of members) object[name] = value instanceof Map ? toObject(value) : value;
  return object;
}

/** As JSON has it: integers beyond doubles lose digits, bytes are base64. */
export function plain(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof KeyValues)
    return toObject(new Map(value.keys.map((name, i) => [name, plain(value.values[i]!)])));
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

function plainValue({ type }: AgentAttribute, value: unknown): unknown {
  switch (type) {
    case 'int':
      return toInt(value);
    case 'float':
      return toNumber(value);
    case 'strings':
      return toTexts(value);
    default:
      return toText(value);
  }
}

/** A number, or a text of one; else 0. */
function toNumber(value: unknown): number {
  const isText = typeof value === 'string' && value.trim() !== '';
  const number = isText || typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
  return Number.isFinite(number) ? number : 0;
}

/** Without the fraction; never -0. */
function toInt(value: unknown): number {
  return Math.trunc(toNumber(value)) + 0;
}

/** JSON of what is no text. */
export function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function toTexts(value: unknown): string[] {
  const list = typeof value === 'string' ? (parsed(value) ?? value) : value;
  if (Array.isArray(list)) return list.filter((each) => each !== null).map(toText);
  return typeof value === 'string' && value !== '' ? [value] : [];
}

function parsed(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function operationOfName(name: string): string {
  const lower = name.toLowerCase();
  return OPERATION_PREFIXES.find((prefix) => lower.startsWith(prefix)) ?? '';
}

const INVOKE = 'invoke_agent ';

function agentOfName(name: string): string {
  return name.toLowerCase().startsWith(INVOKE) ? name.slice(INVOKE.length).trim() : '';
}

/** The last exception. */
function thrown({ events }: StoredSpan): [type: string, message: string] {
  const exception = events.findLast(({ name }) => name === 'exception');
  if (exception === undefined) return ['', ''];
  const text = (key: string) => toText(find(exception.attributes, [key]));
  return [text('exception.type'), text('exception.message')];
}

function ofEvent({ events }: StoredSpan, name: string, key: string): string {
  for (const event of events) {
    const text = event.name === name ? toText(find(event.attributes, [key])) : '';
    if (text !== '') return text;
  }
  return '';
}

const INPUT_MESSAGES = 'gen_ai.input.messages';
const OUTPUT_MESSAGES = 'gen_ai.output.messages';

/** Messages that came in log records or events, which stand in the call only: choices have theirs one level down. */
function contentOf(document: Uint8Array, name: string): unknown {
  // Most spans have none, and their documents may be large.
  if (Buffer.from(document.buffer, document.byteOffset, document.length).indexOf(`"${name}"`) < 0)
    return undefined;
  const messages = (JSON.parse(Buffer.from(document).toString()) as Record<string, unknown> | null)?.[name];
  if (!Array.isArray(messages)) return messages;
  return messages.map((item: unknown) => {
    const { message, ...choice } = (item ?? {}) as { readonly message?: unknown };
    return typeof message === 'object' && message !== null ? { ...choice, ...message } : item;
  });
}

function outputOf({ attributes, events }: StoredSpan): unknown {
  const ofAttributes = find(attributes, keysOf('output_messages'));
  const event = events.find(({ name }) => name === 'gen_ai.content.completion');
  return withLists(ofAttributes ?? (event && find(event.attributes, ['gen_ai.completion'])));
}
