import {
  MAX_MESSAGES,
  type Chat,
  type ChatMessage,
  type ChatPart,
  type ChatSource,
  type FlatAttributes,
} from './chat.ts';
import type { Answered, Asked, Format, Place } from './formats/format.ts';
import { FORMATS, LAST_RESORT } from './formats/index.ts';
import { tool } from './formats/last-resort.ts';
import { bounded, fields, filled, isFields, unquoted, valueOf, type Fields } from './json.ts';
import { nested } from './nest.ts';
import { readInstructions } from './request.ts';
import { readTools } from './tools.ts';

const NOTHING: Fields = {};

/**
 * The conversation of any call. Pure, and total: of any JSON it makes some chat, at worst a part with the JSON itself.
 * Integers beyond 2^53 in values that come as bytes are texts of their digits.
 */
export function chatOf(source: ChatSource): Chat {
  const attributes = objectOf(valueOf(source.attributes));
  const span = listOf(source.span);
  const input = read<Asked>('input', valueOf(source.inputs), attributes, span);
  const output = read<Answered>('output', valueOf(source.output), attributes, span);
  const given = together(input?.found.messages ?? [], output?.found.messages ?? []);
  const choices = output?.found.choices ?? [];
  const instructions = [...(input?.found.systemInstructions ?? [])];
  const system = instructions.length > 0 ? instructions : readInstructions(unquoted(attributes.system_instructions));
  return {
    messages: given.slice(0, MAX_MESSAGES),
    choices: choices.slice(0, MAX_MESSAGES),
    systemInstructions: saidBefore(system, given) ? [] : system,
    tools: toolsOf(input?.found, attributes, span),
    model: output?.found.model ?? filled(attributes, 'model') ?? input?.found.model ?? onlyModel(source.summary),
    parameters: parametersOf(input?.found, attributes),
    formats: { input: input?.format ?? null, output: output?.format ?? null },
    omittedMessages: Math.max(0, given.length - MAX_MESSAGES) + Math.max(0, choices.length - MAX_MESSAGES),
  };
} // prettier-ignore

function objectOf(value: unknown): Fields {
  return isFields(value) ? value : NOTHING;
}

function listOf(span: FlatAttributes | undefined): FlatAttributes | undefined {
  const isList = Array.isArray(span?.keys) && Array.isArray(span.values) && span.keys.every((key) => typeof key === 'string'); // prettier-ignore
  return isList ? span : undefined;
}

interface Found<T> {
  readonly format: string;
  readonly found: T;
}

type Side = 'input' | 'output';

/** Own content first, then the span's, then whatever is there. */
function read<T>(
  side: Side,
  value: unknown,
  attributes: Fields,
  span?: FlatAttributes,
): Found<T> | undefined {
  const { value: bare, key: at } = opened(value);
  // Arguments of a tool may look like anything.
  const ofTool = ask<T>([tool], side, bare, { key: at, attributes });
  if (ofTool !== undefined) return ofTool;
  for (const { value: each, key } of candidates(value)) {
    const found = ask<T>(FORMATS, side, each, { key, attributes });
    if (found !== undefined) return found;
  }
  for (const key of SPAN_KEYS[side]) {
    const sent = span && unquoted(nested(span, key));
    const found = sent === undefined ? undefined : ask<T>(FORMATS, side, sent, { key, attributes });
    if (found !== undefined) return found;
  }
  return ask<T>(LAST_RESORT, side, bare, { key: at, attributes });
}

function ask<T>(formats: readonly Format[], side: Side, value: unknown, place: Place): Found<T> | undefined {
  for (const format of formats) {
    const found = format[side]?.(value, place);
    if (found !== undefined) return { format: format.name, found: found as T };
  }
  return undefined;
}

/** The readable forms of spans whose own `input.value` is not readable. */
const SPAN_KEYS: Readonly<Record<Side, readonly string[]>> = {
  input: ['gen_ai.input.messages', 'llm.input_messages', 'ai.prompt', 'gen_ai.prompt', 'llm.prompts', 'gen_ai.content.prompt', 'mlflow.spanInputs'],
  output: ['gen_ai.output.messages', 'llm.output_messages', 'ai.response', 'gen_ai.completion', 'llm.choices', 'gen_ai.content.completion', 'mlflow.spanOutputs'],
}; // prettier-ignore

interface Candidate {
  readonly value: unknown;
  readonly key: string;
  readonly depth: number;
}

/** Arguments of functions that pass a request on, and results that pass an answer on. */
const WRAPPERS = ['kwargs', 'args', 'arg0', 'input', 'inputs', 'request', 'params', 'body', 'payload', 'output', 'outputs', 'response', 'result', 'completion', 'state', 'data'] as const; // prettier-ignore
const MAX_WRAPPERS = 4;
const MAX_CANDIDATES = 64;

/** The value, and what may be the conversation inside it, outermost first. */
function candidates(root: unknown): Candidate[] {
  const found: Candidate[] = [];
  const add = (value: unknown, key: string, depth: number) => {
    if (value !== undefined && value !== null && found.length < MAX_CANDIDATES) found.push({ value: unquoted(value), key, depth }); // prettier-ignore
  };
  add(root, '', 0);
  for (let i = 0; i < found.length; i++) {
    const { value, key, depth } = found[i]!;
    if (depth >= MAX_WRAPPERS) break;
    if (Array.isArray(value)) {
      if (value.length === 1) add(value[0], key, depth + 1);
    } else if (isFields(value)) {
      const names = Object.keys(value);
      const only = names.length === 1 ? names[0]! : undefined;
      if (only !== undefined) add(value[only], only.includes('.') || depth === 0 ? only : key, depth + 1);
      else for (const name of WRAPPERS) if (Object.hasOwn(value, name)) add(value[name], key, depth + 1);
    }
  }
  return found;
}

/** Content of a span stands below the name of its attribute. */
function opened(value: unknown): { value: unknown; key: string } {
  const names = isFields(value) ? Object.keys(value) : [];
  const only = names.length === 1 ? names[0]! : '';
  return only.includes('.') || only === 'final_result'
    ? { value: unquoted((value as Fields)[only]), key: only }
    : { value, key: '' };
}

/** What the output tells again of the input is there once. */
function together(given: readonly ChatMessage[], again: readonly ChatMessage[]): readonly ChatMessage[] {
  if (again.length === 0) return given;
  const same = (a: ChatMessage, b: ChatMessage | undefined) => JSON.stringify(a) === JSON.stringify(b);
  const repeated = given.every((message, i) => same(message, again[i]));
  return repeated ? again : [...given, ...again];
}

/** Some libraries send the system message twice: as a message and beside the messages. */
function saidBefore(system: readonly ChatPart[], messages: readonly ChatMessage[]): boolean {
  const first = messages[0];
  return first?.role === 'system' && JSON.stringify(first.parts) === JSON.stringify(system);
}

function toolsOf(input: Asked | undefined, attributes: Fields, span?: FlatAttributes) {
  if (input?.tools !== undefined && input.tools.length > 0) return input.tools;
  const known = readTools(fields(attributes, 'tool')?.definitions);
  if (known.length > 0 || span === undefined) return known;
  for (const key of ['gen_ai.tool.definitions', 'llm.tools', 'ai.prompt.tools', 'llm.request.functions'])
    if (span.keys.some((each) => each.startsWith(key))) return readTools(nested(span, key));
  return known;
}

function parametersOf(input: Asked | undefined, attributes: Fields): unknown {
  const known = fields(attributes, 'model_parameters');
  return known !== undefined ? bounded(known) : (input?.parameters ?? null);
}

/** What usage is filed under where nobody says whose it is. */
const UNKNOWN_MODEL = 'usage';

/** Where only the usage says which model it was. */
function onlyModel(summary: unknown): string | null {
  const usage = fields(objectOf(valueOf(summary)), 'usage');
  const models = usage === undefined ? [] : Object.keys(usage);
  return models.length === 1 && models[0] !== UNKNOWN_MODEL ? models[0]! : null;
}
