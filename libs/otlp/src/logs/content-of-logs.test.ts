import { describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import type { SpanLog } from '@weft/model';
import { attributes, parsed, type JsonObject } from '../testing/build.ts';
import { logsOf, logsOfRecords, recordJson } from '../testing/build-logs.ts';
import { fixture } from '../testing/fixtures.ts';
import { contentOfLogs } from './content-of-logs.ts';

const INPUTS = 'gen_ai.input.messages';
const OUTPUTS = 'gen_ai.output.messages';

function contentOf(logs: readonly SpanLog[]) {
  const { inputs, output } = contentOfLogs(logs);
  return { inputs: inputs && parsed(inputs), output: output && parsed(output) };
}
const ofRecords = (...records: JsonObject[]) => contentOf(logsOfRecords(...records).map(({ log }) => log));
const at = (n: number, name: string, body: unknown, more: JsonObject = {}): JsonObject =>
  recordJson(name, body, { timeUnixNano: String(1_767_225_600_000_000_000n + BigInt(n)), ...more });
const messages = (...list: unknown[]) => ({ [INPUTS]: list });
const answers = (...list: unknown[]) => ({ [OUTPUTS]: list });

describe('contentOfLogs', () => {
  it('reads the messages of the official instrumentation', () => {
    const logs = logsOf(fixture('otel-genai-chat-logs.bin'), 'protobuf').map(({ log }) => log);
    expect(contentOf(logs)).toEqual({
      inputs: messages(
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: 'Describe OTel in a single sentence.' },
      ),
      output: answers({
        role: 'assistant',
        finish_reason: 'stop',
        index: 0,
        message: { content: 'OpenTelemetry is a vendor-neutral standard for traces, metrics and logs.' },
      }),
    });
  });

  it('reads the one record of OpenLIT', () => {
    const logs = logsOf(fixture('openlit-chat-logs.json'), 'json').map(({ log }) => log);
    const { inputs, output } = contentOf(logs);
    expect(inputs[INPUTS].map(({ role }: { role: string }) => role)).toEqual(['system', 'user']);
    expect(inputs['gen_ai.system_instructions']).toEqual([
      { type: 'text', content: 'You are a helpful assistant.' },
    ]);
    expect(output[OUTPUTS]).toEqual([
      {
        role: 'assistant',
        parts: [
          {
            type: 'text',
            content: 'OpenTelemetry is a vendor-neutral standard for traces, metrics and logs.',
          },
        ],
        finish_reason: 'stop',
      },
    ]);
  });

  const call = {
    id: 'call_1',
    type: 'function',
    function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
  };
  it.each<[string, JsonObject[], object]>([
    [
      'tools, in the order of time',
      [
        at(4, 'gen_ai.choice', {
          index: 0,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'sunny' },
        }),
        at(3, 'gen_ai.tool.message', { id: 'call_1', content: '21°' }),
        at(2, 'gen_ai.assistant.message', { tool_calls: [call] }),
        at(1, 'gen_ai.user.message', { content: 'weather?' }),
      ],
      {
        inputs: messages(
          { role: 'user', content: 'weather?' },
          { role: 'assistant', tool_calls: [call] },
          { role: 'tool', id: 'call_1', content: '21°' },
        ),
        output: answers({
          role: 'assistant',
          index: 0,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'sunny' },
        }),
      },
    ],
    [
      'bodies that are JSON text, numbers untouched',
      [
        at(1, 'gen_ai.user.message', '{"role": "user", "content": "hi", "seed": 12345678901234567890}'),
        at(2, 'gen_ai.choice', '{"message": {"role": "assistant", "content": "yo"}, "index": 0}'),
      ],
      {
        inputs: messages({ role: 'user', content: 'hi', seed: 12345678901234567890 }),
        output: answers({ role: 'assistant', message: { role: 'assistant', content: 'yo' }, index: 0 }),
      },
    ],
    [
      'bodies that are plain text or lists',
      [
        at(1, 'gen_ai.system.message', 'be terse'),
        at(2, 'gen_ai.user.message', [{ type: 'text', text: 'hi' }]),
      ],
      {
        inputs: messages(
          { role: 'system', content: 'be terse' },
          { role: 'user', content: [{ type: 'text', text: 'hi' }] },
        ),
        output: null,
      },
    ],
    [
      'attributes in place of a body',
      [at(1, 'gen_ai.user.message', null, { attributes: attributes({ 'event.name': 'x', content: 'hi' }) })],
      { inputs: messages({ role: 'user', content: 'hi' }), output: null },
    ],
    [
      'the JSON of gen_ai.event.content',
      [
        at(1, 'gen_ai.user.message', null, {
          attributes: attributes({ 'gen_ai.event.content': '{"content":"hi"}' }),
        }),
      ],
      { inputs: messages({ role: 'user', content: 'hi' }), output: null },
    ],
    [
      'events that keep their content back',
      [at(1, 'gen_ai.user.message', null, { attributes: attributes({ 'gen_ai.system': 'openai' }) })],
      { inputs: null, output: null },
    ],
    [
      'a prompt and a completion as texts',
      [
        at(1, 'gen_ai.prompt', 'once upon'),
        at(2, 'gen_ai.content.completion', null, {
          attributes: attributes({ 'gen_ai.completion': 'a time' }),
        }),
      ],
      { inputs: { 'gen_ai.prompt': 'once upon' }, output: { 'gen_ai.completion': 'a time' } },
    ],
    [
      'the last record with everything, before single messages',
      [
        at(5, 'gen_ai.user.message', { content: 'single' }),
        at(3, 'gen_ai.client.inference.operation.details', null, {
          attributes: attributes({ [INPUTS]: '[{"role":"user"}]' }),
        }),
        at(1, 'gen_ai.client.inference.operation.details', null, {
          attributes: attributes({ [INPUTS]: [1], [OUTPUTS]: [{ role: 'assistant' }] }),
        }),
      ],
      { inputs: messages({ role: 'user' }), output: answers({ role: 'assistant' }) },
    ],
    [
      'hostile names as data',
      [at(1, 'gen_ai.user.message', '{"__proto__": {"polluted": 1}, "constructor": 2, "content": "x"}')],
      { inputs: expect.anything(), output: null },
    ],
  ])('reads %s', (_, records, expected) => {
    expect(ofRecords(...records)).toEqual(expected);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });

  it('keeps the order sent where a clock of milliseconds gives all one time', () => {
    const talk = ['one', 'two', 'three', 'four', 'five'].map((content, i) =>
      at(0, i % 2 === 0 ? 'gen_ai.user.message' : 'gen_ai.assistant.message', { content }),
    );
    const contents = ({ inputs }: ReturnType<typeof contentOf>) =>
      inputs[INPUTS].map(({ content }: { content: string }) => content);
    expect(contents(ofRecords(...talk))).toEqual(['one', 'two', 'three', 'four', 'five']);
    // Told again one by one, the whole still knows its order.
    const apart = talk.flatMap((record) => logsOfRecords(record));
    const all = [...apart, ...logsOfRecords(...talk)].map(({ log }) => log);
    expect(contents(contentOf(all))).toEqual(['one', 'two', 'three', 'four', 'five']);
  });

  it('is that of a conversation where records of one time came apart', () => {
    const records = [
      at(0, 'gen_ai.tool.message', { content: 't' }),
      at(0, 'gen_ai.user.message', { content: 'u' }),
      at(0, 'gen_ai.assistant.message', { content: 'a' }),
      at(0, 'gen_ai.system.message', { content: 's' }),
    ];
    const logs = records.flatMap((record) => logsOfRecords(record)).map(({ log }) => log);
    expect(contentOf(logs).inputs[INPUTS].map(({ content }: { content: string }) => content)).toEqual([
      's',
      'u',
      'a',
      't',
    ]);
  });

  it('is a function of the set: any order, any repetition', () => {
    const random = mulberry32(5);
    const names = [
      'gen_ai.user.message',
      'gen_ai.assistant.message',
      'gen_ai.choice',
      'gen_ai.prompt',
      'gen_ai.x',
    ];
    for (let round = 0; round < 200; round++) {
      const records = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, i) =>
        at(Math.floor(random() * 3), names[Math.floor(random() * names.length)]!, { content: i }),
      );
      const logs = logsOfRecords(...records).map(({ log }) => log);
      logs.push(...logsOfRecords(...records.slice(1)).map(({ log }) => log));
      const expected = contentOfLogs(logs);
      for (let n = 0; n < 5; n++) {
        const shuffled = [...logs, ...logs.filter(() => random() < 0.5)]
          .map((log) => [random(), log] as const)
          .sort(([a], [b]) => a - b)
          .map(([, log]) => log);
        expect(contentOfLogs(shuffled)).toEqual(expected);
      }
    }
  });

  it('is nothing of nothing', () => {
    expect(contentOfLogs([])).toEqual({ inputs: null, output: null });
  });
});
