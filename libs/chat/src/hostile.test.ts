import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { chatOf } from './chat-of.ts';
import { MAX_MESSAGES, type Chat, type ChatSource } from './chat.ts';

const encoder = new TextEncoder();

describe('values of strangers', () => {
  it('are data, whatever their names', () => {
    const inputs = encoder.encode(
      '{"messages":[{"role":"user","content":"hi","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}},' +
        '{"role":"__proto__","content":[{"type":"constructor","__proto__":{"polluted":1}},{"type":"__proto__"},{"type":"toString"}]}],' +
        '"tools":{"__proto__":{"description":"x"}},"model":"__proto__"}',
    );
    const span = { keys: ['__proto__.polluted', 'llm.input_messages.__proto__.polluted'], values: [1, 1] };
    const chat = chatOf({ inputs, span, output: '{"__proto__":{"polluted":1}}' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(chat.messages[0])).toBe(Object.prototype);
    expect(chat.messages.map(({ role }) => role)).toEqual(['user', '__proto__']);
    expect(chat.messages[1]!.parts.map(({ type }) => type)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(chat.tools).toEqual([{ name: '__proto__', type: 'function', description: 'x' }]);
  });

  it('keep the digits of large integers', () => {
    const inputs = encoder.encode(
      '{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"id":9007199254740993,"x":-12345678901234567890,"s":"9007199254740993 \\" 1","f":0.12345678901234567,"e":1e-1234567890123456}}]},' +
        '{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\\"id\\":9007199254740993}"}}]}]}',
    );
    const parts = chatOf({ inputs }).messages.flatMap((message) => message.parts);
    expect(parts).toMatchObject([
      { arguments: { id: '9007199254740993', x: '-12345678901234567890', s: '9007199254740993 " 1', e: 0 } },
      { argumentsText: '{"id":9007199254740993}' },
    ]);
    expect((parts[0] as any).arguments.f).toBeCloseTo(0.123);
  });

  it('are bounded in number and depth, and what is left out is counted', () => {
    const message = '{"role":"user","content":"x"}';
    const sent = encoder.encode(`{"messages":[${`${message},`.repeat(MAX_MESSAGES + 1)}${message}]}`);
    const bytes = chatOf({ inputs: sent });
    expect([bytes.messages.length, bytes.omittedMessages]).toEqual([MAX_MESSAGES, 2]);
    for (const depth of [100, 5_000, 200_000]) {
      const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
      const call = { name: 'f', arguments: deep };
      const chat = chatOf({
        inputs: encoder.encode(deep),
        output: { choices: [{ message: { tool_calls: [{ id: 'c', function: call }] } }] },
      });
      expect(JSON.stringify(chat)).toContain('deeper than 64 levels');
    }
  });

  it('may nest tools and instructions as deep as they like', () => {
    const nested = (open: string, close: string) => `${open.repeat(100_000)}1${close.repeat(100_000)}`;
    const messages = [{ role: 'user', content: 'x' }];
    for (const tools of [nested('[{"tool":', '}]'), nested('{"tools":[', ']}'), `[${nested('{"tool":', '}')}]`, `[${nested('{"functionDeclarations":[', ']}')}]`])
      expect(JSON.stringify(chatOf({ inputs: { messages, tools } })).length).toBeLessThan(10_000);
    for (const system of [nested('[{"content":', '}]'), nested('[{"parts":[', ']}]')])
      expect(() => chatOf({ inputs: { messages, system: JSON.parse(system) as unknown } })).not.toThrow();
  }); // prettier-ignore

  it('are read in one pass, however long a number or an open string is', () => {
    const digits = '1'.repeat(1_000_000);
    const inputs = encoder.encode(`{"messages":[{"role":"user","content":"x"}],"temperature":${digits}.5}`);
    expect(chatOf({ inputs }).messages).toHaveLength(1);
    const open = `{1234567890123456 "${'\\"'.repeat(500_000)}`;
    expect(chatOf({ inputs: { messages: [{ role: 'user', content: open }], tools: open } }).tools).toEqual(
      [],
    );
    const text = `{"id":12345678901234567890,"s":"${'\\"1'.repeat(500_000)}"}`;
    const call = { type: 'function', function: { name: 'f', arguments: text } };
    const output = { choices: [{ message: { role: 'assistant', tool_calls: [call] } }] };
    expect(chatOf({ output }).choices[0]!.parts).toMatchObject([
      { arguments: { id: '12345678901234567890' } },
    ]);
  });

  it('may be no JSON at all', () => {
    for (const inputs of [encoder.encode('{"a":'), encoder.encode(''), undefined, null, 1, true, 'x', [], {}, new Date(0)])
      for (const attributes of [undefined, 'x', [], { tool: 1, model: {}, system_instructions: 5 }])
        expect(() => chatOf({ inputs, output: inputs, attributes, summary: inputs })).not.toThrow();
  }); // prettier-ignore
});

/** Same numbers on every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const NAMES = ['role', 'content', 'parts', 'type', 'message', 'tool_calls', 'function', 'text', 'id', 'name', 'arguments', 'input', 'messages', 'choices', 'lc', 'kwargs', 'candidates', 'output', '__proto__', 'image', 'source', 'kind', '0']; // prettier-ignore
const WORDS = ['user', 'assistant', 'tool', 'text', 'tool_use', 'tool_result', 'thinking', 'image', 'function_call', 'message', 'reasoning', 'human', 'gen_ai.choice', '', '[{"a":1}]', '{"role":"user"}', 'data:image/png;base64,x']; // prettier-ignore

function mutated(value: unknown, next: () => number): unknown {
  const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)]!;
  const change = (at: unknown): unknown => {
    const dice = next();
    if (dice < 0.03)
      return pick<unknown>([
        null,
        0,
        '',
        [],
        {},
        true,
        'x',
        -1.5,
        [null],
        [[]],
        { role: 'user' },
        pick(WORDS),
      ]);
    if (dice < 0.05) return [at];
    if (dice < 0.06) return { [pick(NAMES)]: at };
    if (typeof at === 'string') return dice < 0.2 ? pick(WORDS) : at;
    if (Array.isArray(at)) return dice < 0.15 ? at.slice(1).map(change) : at.map(change);
    if (typeof at !== 'object' || at === null) return at;
    return Object.fromEntries(Object.entries(at).map(([name, item]) => [next() < 0.06 ? pick(NAMES) : name, change(item)])); // prettier-ignore
  };
  return change(value);
}

describe('mutations of calls', () => {
  const dirs = ['../fixtures/', '../../otlp/fixtures/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const sources: ChatSource[] = dirs.flatMap((dir) =>
    readdirSync(dir)
      .filter((file) => (dir.includes('otlp') ? file.endsWith('.golden.json') : !file.includes('golden')))
      .flatMap((file) => (JSON.parse(readFileSync(dir + file, 'utf8')) as any[]).map(sourceOf))
      .filter((source) => JSON.stringify(source).length < 1_500),
  );

  it('give some chat, with parts of known types, no larger than what was sent', () => {
    const next = random(20260901);
    for (let i = 0; i < ROUNDS; i++) {
      const source = mutated(sources[i % sources.length], next) as ChatSource;
      const given = typeof source === 'object' && source !== null && !Array.isArray(source) ? source : { inputs: source };
      try {
        const chat = chatOf(given as ChatSource);
        check(chat);
        if (i % 10 === 0) checkSize(chat, given);
      } catch (error) {
        throw new Error(`round ${i}: ${JSON.stringify(given)}`, { cause: error });
      }
    }
  }, 240_000); // prettier-ignore
});

const ROUNDS = 100_000;

function sourceOf(call: any): ChatSource {
  if (call.call !== undefined) return call.call as ChatSource;
  const { inputs, attributes } = call.start ?? {};
  return { inputs, attributes, output: call.end?.output, summary: call.end?.summary };
}

const TYPES = new Set(['text', 'reasoning', 'toolCall', 'toolResult', 'image', 'audio', 'video', 'file', 'json', 'unknown']); // prettier-ignore

function check(chat: Chat): void {
  for (const { role, parts } of [...chat.messages, ...chat.choices]) {
    if (typeof role !== 'string' || role === '') throw new Error('no role');
    for (const { type } of [...parts, ...chat.systemInstructions])
      if (!TYPES.has(type)) throw new Error(String(type));
  }
}

function checkSize(chat: Chat, given: unknown): void {
  const [made, sent] = [JSON.stringify(chat).length, JSON.stringify(given).length];
  if (made > 500 + 12 * sent) throw new Error(`${made} characters of ${sent}`);
}
