import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { chatOf } from './chat-of.ts';
import type { ChatPart, FlatAttributes } from './chat.ts';

/** Calls that the OTLP mapping makes of captured spans, of every framework. */
const dir = fileURLToPath(new URL('../../otlp/fixtures/', import.meta.url));

interface Recorded {
  readonly id: string;
  readonly opShortName: string;
  readonly start?: { readonly inputs: object; readonly attributes: Record<string, any> };
  readonly end?: { readonly output: unknown; readonly summary: unknown; readonly exception: string | null };
}

/** The spans that the calls are made of, by id, as they came. */
function spansOf(file: string): Map<string, FlatAttributes> {
  const request = JSON.parse(readFileSync(dir + file.replace('.golden.json', '.json'), 'utf8'));
  const spans = request.resourceSpans.flatMap((each: any) => each.scopeSpans ?? []).flatMap((each: any) => each.spans ?? []);
  return new Map(spans.map(({ spanId, attributes = [] }: any) => [
    String(spanId).toLowerCase(),
    { keys: attributes.map(({ key }: any) => key), values: attributes.map(({ value }: any) => valueOf(value)) },
  ]));
} // prettier-ignore

function valueOf(value: any): unknown {
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf);
  const { kvlistValue } = value ?? {};
  if (kvlistValue === undefined) return Object.values(value ?? {})[0];
  const { values = [] } = kvlistValue;
  return { keys: values.map(({ key }: any) => key), values: values.map((pair: any) => valueOf(pair.value)) };
}

const calls = readdirSync(dir)
  .filter((file) => file.endsWith('.golden.json'))
  .flatMap((file) => {
    const spans = spansOf(file);
    return (JSON.parse(readFileSync(dir + file, 'utf8')) as Recorded[]).map((call, i) => {
      const { inputs = {}, attributes = {} } = call.start ?? {};
      const { output = null, summary = {} } = call.end ?? {};
      return {
        title: `${file.replace('.golden.json', '')} ${i} ${call.opShortName}`,
        kind: String(attributes.kind ?? '').toLowerCase(),
        failed: (call.end?.exception ?? null) !== null,
        inputs,
        output,
        chat: chatOf({ inputs, output, attributes, summary, span: spans.get(call.id) }),
      };
    });
  });

const isEmpty = (value: unknown) =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
const models = calls.filter(({ kind }) => ['llm', 'chat_model', 'generation', 'completion'].includes(kind));
const LAST_RESORT = ['text', 'json'];

describe('calls of models in captured spans', () => {
  it('are there', () => expect(models.length).toBeGreaterThan(15));

  it.each(models.filter(({ inputs }) => !isEmpty(inputs)))('$title: has messages', ({ chat }) => {
    expect(chat.messages.length).toBeGreaterThan(0);
    // Not all: some instrumentations send messages without their content.
    expect(chat.messages.some(({ parts }) => parts.length > 0)).toBe(true);
    expect(LAST_RESORT).not.toContain(chat.formats.input);
    expect(typeof chat.model).toBe('string');
  });

  it.each(models.filter(({ output }) => !isEmpty(output)))('$title: has a choice', ({ chat }) => {
    expect(chat.choices.length).toBeGreaterThan(0);
    expect(chat.choices.every(({ role }) => role === 'assistant')).toBe(true);
    expect(LAST_RESORT).not.toContain(chat.formats.output);
  });

  it('have no part that is not understood', () => {
    const unknown = models.flatMap(({ title, chat }) =>
      [...chat.messages, ...chat.choices].flatMap(({ parts }) =>
        parts.filter(({ type }) => type === 'unknown').map((part) => ({ title, part })),
      ),
    );
    expect(unknown).toEqual([]);
  });
});

/** Some instrumentations leave the calls of tools out, or send them as log records. */
const MENTIONS = /tool_?call|tool-call|function_?call|tool_use/i;

describe('captures of agents with tools', () => {
  const names = new Set(calls.map(({ title }) => title.split(' ')[0]!));
  const fixtures = [...names]
    .filter((name) => name.endsWith('-tools'))
    .map((name) => ({ name, of: models.filter(({ title }) => title.startsWith(`${name} `)) }))
    .filter(({ of }) => of.some(({ inputs, output }) => MENTIONS.test(JSON.stringify([inputs, output]))));

  it('are there', () => expect(fixtures.length).toBeGreaterThanOrEqual(4));

  it.each(fixtures)('$name: calls and results of tools are found', ({ of }) => {
    const parts: ChatPart[] = of.flatMap(({ chat }) =>
      [...chat.messages, ...chat.choices].flatMap((message) => message.parts),
    );
    const called = parts.filter((part) => part.type === 'toolCall');
    expect(called.length).toBeGreaterThan(0);
    expect(called.map(({ name }) => name)).not.toContain('');
    const results = parts.filter((part) => part.type === 'toolResult');
    // Where a model is asked again, it is told what came of its calls.
    expect(results.length).toBeGreaterThanOrEqual(of.length > 1 ? 1 : 0);
    const ids = new Set(called.map(({ id }) => id));
    expect(results.filter(({ id }) => !ids.has(id))).toEqual([]);
  });
});

describe('all calls of captured spans', () => {
  it.each(calls.filter(({ inputs }) => !isEmpty(inputs)))('$title: input is kept', ({ chat }) => {
    expect(chat.messages.length).toBeGreaterThan(0);
  });
  it.each(calls.filter(({ output }) => !isEmpty(output)))('$title: output is kept', ({ chat }) => {
    expect(chat.choices.length).toBeGreaterThan(0);
  });
});
