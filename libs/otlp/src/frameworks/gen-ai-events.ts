import type { EventContent } from '../fields.ts';
import { JsonWriter } from '../json-writer.ts';
import type { KeyValues, OtlpSpan, Value } from '../span.ts';
import { objectEntries, RawJson, writeLeaf, type Leaf } from '../tree.ts';

/** A span event, or a log record of a span. */
export interface GenAiEvent {
  readonly name: string;
  readonly attributes: KeyValues;
  /** Span events have none. */
  readonly body: Value;
}

const DETAILS = 'gen_ai.client.inference.operation.details';
const INPUTS: ReadonlyMap<string, string> = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
]);
const CHOICE = 'gen_ai.choice';
const INPUT_MESSAGES = 'gen_ai.input.messages';
const OUTPUT_MESSAGES = 'gen_ai.output.messages';

/** Events with the whole prompt or completion, and the key it goes under. */
const PROMPTS: ReadonlySet<string> = new Set(['gen_ai.content.prompt', 'gen_ai.prompt']);
const COMPLETIONS: ReadonlySet<string> = new Set(['gen_ai.content.completion', 'gen_ai.completion']);

/** The order of a conversation, for events that happened at the same time. */
export function stageOf(name: string): number {
  if (name === CHOICE) return INPUTS.size;
  const stage = [...INPUTS.keys()].indexOf(name);
  return stage < 0 ? INPUTS.size + 1 : stage;
}

const out = new JsonWriter();

/** Content in span events; messages keep the order they were sent in. */
export function contentOfEvents(span: OtlpSpan): EventContent {
  return contentOfGenAiEvents(span.events.map(({ name, attributes }) => ({ name, attributes, body: null })));
}

/**
 * Newest convention first: one event with everything (of several the last that has the value), one event per message, one
 * event with the whole prompt. Messages keep the order given.
 */
export function contentOfGenAiEvents(events: readonly GenAiEvent[]): EventContent {
  const content: EventContent = {};
  const newestFirst = events.toReversed();
  // Other events than the one meant for it carry the same attributes.
  for (const only of [(name: string) => name === DETAILS, () => true]) {
    for (const event of newestFirst) {
      if (!only(event.name)) continue;
      content.inputs ??= named(event, INPUT_MESSAGES);
      content.output ??= named(event, OUTPUT_MESSAGES);
      content.instructions ??= named(event, 'gen_ai.system_instructions')?.value;
    }
  }
  content.inputs ??= messages(INPUT_MESSAGES, events, (name) => INPUTS.get(name));
  content.output ??= messages(OUTPUT_MESSAGES, events, (name) => (name === CHOICE ? 'assistant' : undefined));
  for (const event of events) {
    if (PROMPTS.has(event.name)) content.inputs ??= whole(event, 'gen_ai.prompt');
    else if (COMPLETIONS.has(event.name)) content.output ??= whole(event, 'gen_ai.completion');
  }
  return content;
}

type Found = { key: string; value: Leaf };

function named({ attributes, body }: GenAiEvent, key: string): Found | undefined {
  const value = attributes.get(key) ?? objectEntries(body)?.findLast(([name]) => name === key)?.[1];
  return isGiven(value) ? { key, value } : undefined;
}

function whole(event: GenAiEvent, key: string): Found | undefined {
  const found = named(event, key);
  if (found !== undefined) return found;
  return isGiven(event.body) ? { key, value: event.body } : undefined;
}

function isGiven(value: Leaf | undefined): value is Leaf {
  return value !== undefined && value !== null && value !== '';
}

function messages(
  key: string,
  events: readonly GenAiEvent[],
  roleOf: (name: string) => string | undefined,
): Found | undefined {
  out.reset();
  out.raw('[');
  for (const event of events) {
    const role = roleOf(event.name);
    if (role !== undefined) writeMessage(event, role);
  }
  if (out.mark() === 1) return undefined;
  out.raw(']');
  return { key, value: new RawJson(out.copy()) };
}

/** What the event says, with a role, which its name implies. An event that keeps its content back is no message. */
function writeMessage(event: GenAiEvent, role: string): void {
  const fields = fieldsOf(event);
  if (![...fields.keys()].some((key) => !ABOUT.has(key))) return;
  out.next();
  out.raw('{');
  if (!isGiven(fields.get('role'))) {
    fields.delete('role');
    out.member('role');
    out.string(role);
  }
  for (const [key, value] of fields) {
    out.member(key);
    writeLeaf(out, value, false);
  }
  out.raw('}');
}

/** Said of every event of an instrumentation. */
const ABOUT: ReadonlySet<string> = new Set([
  'role',
  'gen_ai.system',
  'gen_ai.provider.name',
  'event.domain',
  'gen_ai.message.index',
]);

/** Of the body, or the JSON that some span events have for one, or the attributes. The last of equal names wins. */
function fieldsOf({ attributes, body }: GenAiEvent): Map<string, Leaf> {
  const said = isGiven(body) ? body : attributes.get('gen_ai.event.content');
  if (isGiven(said)) return new Map(objectEntries(said) ?? [['content', said]]);
  const fields = new Map<string, Leaf>();
  attributes.keys.forEach((key, i) => key !== 'event.name' && fields.set(key, attributes.values[i]!));
  return fields;
}
