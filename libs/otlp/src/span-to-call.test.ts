import { describe, expect, it } from '@jest/globals';
import { otelSpanJson } from './otel-span.ts';
import { spanToCall, type SpanCall } from './span-to-call.ts';
import {
  any,
  callWith,
  callsOf,
  jsonBody,
  parsed,
  protobufBody,
  requestJson,
  spanJson,
  spansOf,
} from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';
import type { OtlpSpan } from './span.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const raw = (attributes: Record<string, unknown>): SpanCall =>
  callsOf(protobufBody(requestJson([spanJson(attributes)])), 'protobuf')[0]!;

const otelSpan = (call: SpanCall): any =>
  parsed(otelSpanJson(call.start.otelDump!, call.start.inputs, call.end.output));

describe('inputs and output', () => {
  it('splice JSON text unchanged', () => {
    const json = '{"n":9007199254740993,"e":1e400,"z":-0,"f":1.0,  "s":"\\u00e9"}';
    expect(text(raw({ 'input.value': json }).start.inputs)).toBe(`{"input.value":${json}}`);
    expect(text(raw({ inputs: json }).start.inputs)).toBe(json);
    expect(text(raw({ output: '[1.0]' }).end.output)).toBe('[1.0]');
  });

  it('keep what is not JSON as text', () => {
    for (const value of [
      '{not json',
      '[1,',
      '{"a":1} trailing',
      '"quoted"',
      ' {"a":1}',
      '42',
      'naïve 日本語 😀',
    ]) {
      expect(parsed(raw({ 'input.value': value }).start.inputs)).toEqual({ 'input.value': value });
    }
  });

  it('have no line breaks, which end a line of JSON lines', () => {
    const call = raw({ 'input.value': '{\n  "a": "x\\ny",\r\n  "b": 1\n}' });
    expect(text(call.start.inputs)).not.toMatch(/[\r\n]/);
    expect(parsed(call.start.inputs)).toEqual({ 'input.value': { a: 'x\ny', b: 1 } });
  });

  it('unquote JSON strings of keys that are documented as JSON', () => {
    expect(parsed(raw({ 'traceloop.entity.output': '"a string"' }).end.output)).toEqual({
      'traceloop.entity.output': 'a string',
    });
    expect(parsed(raw({ 'output.value': '"a string"' }).end.output)).toEqual({
      'output.value': '"a string"',
    });
  });

  it('take `input` and `inputs` apart only for objects, `output` and `outputs` always', () => {
    expect(callWith({ input: '{"a":1}' }).start.inputs).toEqual({ a: 1 });
    expect(callWith({ inputs: { a: 1 } }).start.inputs).toEqual({ a: 1 });
    expect(callWith({ 'inputs.a': 1 }).start.inputs).toEqual({ a: 1 });
    expect(callWith({ input: '[1]' }).start.inputs).toEqual({ input: [1] });
    expect(callWith({ input: 'plain' }).start.inputs).toEqual({ input: 'plain' });
    expect(callWith({ output: 'plain' }).end.output).toBe('plain');
    expect(callWith({ outputs: '["x"]' }).end.output).toEqual(['x']);
    expect(callWith({}).end.output).toEqual({});
  });

  it('do not mistake input.mime_type or a prompt’s name for content', () => {
    expect(callWith({ 'input.value': '', 'input.mime_type': 'text/plain' }).start.inputs).toEqual({});
    expect(callWith({ 'gen_ai.prompt.name': 'p', 'gen_ai.input.messages': '[1]' }).start.inputs).toEqual({
      'gen_ai.input.messages': [1],
    });
  });

  it('are put together from keys below the key', () => {
    expect(
      callWith({
        'gen_ai.prompt.0.role': 'user',
        'gen_ai.prompt.0.content': 'hi',
        'gen_ai.prompt.1.role': 'assistant',
      }).start.inputs,
    ).toEqual({ 'gen_ai.prompt': [{ role: 'user', content: 'hi' }, { role: 'assistant' }] });
    expect(callWith({ 'ai.prompt': '{"prompt":"hi"}', 'ai.prompt.messages': '[]' }).start.inputs).toEqual({
      'ai.prompt': { prompt: 'hi', messages: [] },
    });
    expect(callWith({ 'ai.response': 'plain', 'ai.response.text': 'hi' }).end.output).toEqual({
      'ai.response': { '': 'plain', text: 'hi' },
    });
  });

  it('reduce embedding vectors to their size', () => {
    const call = callWith({
      'embedding.embeddings.0.embedding.text': 'a',
      'embedding.embeddings.0.embedding.vector': [0.1, 0.2, 0.3],
    });
    expect(call.start.inputs).toEqual({ 'embedding.embeddings': [{ embedding: { text: 'a' } }] });
    expect(call.end.output).toEqual({
      'embedding.embeddings': [{ embedding: { vector: { dimensions: 3 } } }],
    });
  });

  it('come from events when no attribute has them', () => {
    const events = [
      { name: 'gen_ai.user.message', attributes: [{ key: 'content', value: any('hi') }] },
      { name: 'gen_ai.choice', attributes: [{ key: 'message', value: any({ content: 'yo' }) }] },
    ];
    const call = callWith({ 'gen_ai.system': 'x' }, { events });
    expect(call.start.inputs).toEqual({ 'gen_ai.input.messages': [{ role: 'user', content: 'hi' }] });
    expect(call.end.output).toEqual({
      'gen_ai.output.messages': [{ role: 'assistant', message: { content: 'yo' } }],
    });
    expect(callWith({ input: 'attribute' }, { events }).start.inputs).toEqual({ input: 'attribute' });
  });

  it('tell their refs', () => {
    const ref = 'weave:///e/p/object/o:d';
    const call = raw({ 'input.value': JSON.stringify({ a: ref }), 'output.value': ref });
    expect([call.start.inputRefs, call.end.outputRefs]).toEqual([[ref], [ref]]);
  });
});

describe('identity', () => {
  it('asks the caller for the op ref', () => {
    const [span] = spansOf(jsonBody(requestJson([spanJson({}, { name: 'chat GPT/4' })])), 'json');
    const call = spanToCall(span!, {
      projectId: 'e/p',
      userId: null,
      opRef: (name) => `weave:///e/p/op/${name}:digest`,
    });
    expect(call.start.opName).toBe('weave:///e/p/op/chat_gpt_4:digest');
    expect(call.opShortName).toBe('chat_gpt_4');
    expect(parsed(call.end.summary).weave.trace_name).toBe('chat_gpt_4');
  });

  it('is the same for the same span, however often it comes', () => {
    const body = fixture('vercel-v5-tools.bin');
    expect(callsOf(body, 'protobuf')).toEqual(callsOf(body, 'protobuf'));
  });

  it('leaves no trace of one span in the next', () => {
    const rich = spansOf(fixture('synthetic-wandb-attributes.bin'), 'protobuf')[0]!;
    const poor = spansOf(protobufBody(requestJson([spanJson()])), 'protobuf')[0]!;
    const options = { projectId: 'e/p', userId: null };
    const before = spanToCall(poor, options);
    const kept = structuredClone(before);
    spanToCall(rich, options);
    expect(before).toEqual(kept);
    expect(spanToCall(poor, options)).toEqual(kept);
  });
});

describe('otelSpanJson', () => {
  const flat = (span: OtlpSpan): Map<string, unknown> =>
    new Map(span.attributes.keys.map((key, i) => [key, span.attributes.values[i]]));

  it.each(TRACE_FIXTURES)('gives back every text attribute of %s, wherever it is stored', (name) => {
    for (const span of spansOf(fixture(`${name}.bin`), 'protobuf')) {
      const call = spanToCall(span, { projectId: 'e/p', userId: null });
      // Compare with a dump that stores everything itself.
      const { attributes } = otelSpan(call);
      for (const [key, value] of flat(span)) {
        if (typeof value !== 'string' || value.length < 32) continue;
        const nested = key.split('.').reduce((at, part) => at?.[part], attributes);
        let expected: unknown = value;
        try {
          if (/^[[{]/.test(value)) expected = JSON.parse(value);
        } catch {
          // stays text
        }
        if (span.attributes.keys.some((other) => other.startsWith(`${key}.`))) continue;
        expect([key, nested]).toEqual([key, expected]);
      }
    }
  });

  it('stores a long text once', () => {
    const long = 'x'.repeat(5000);
    for (const [key, value] of [
      ['input.value', long],
      ['input.value', JSON.stringify({ long })],
      ['inputs', JSON.stringify({ long })],
      ['output', long],
      ['output.value', JSON.stringify([long])],
      ['mlflow.spanOutputs', JSON.stringify(long)],
    ] as const) {
      const call = raw({ [key]: value });
      expect([key, call.start.otelDump!.length < 600]).toEqual([key, true]);
      const nested = key.split('.').reduce((at, part) => at[part], otelSpan(call).attributes);
      expect(typeof nested === 'string' ? nested : JSON.stringify(nested)).toBe(value);
    }
  });

  it('stores a long text once that is a part of the content', () => {
    const long = 'x'.repeat(2000);
    for (const attributes of [
      { 'ai.prompt.messages': JSON.stringify([long]), 'ai.prompt.toolChoice': 'auto' },
      { 'ai.response.text': long, 'ai.response.id': 'r' },
      { 'gen_ai.prompt.0.role': 'user', 'gen_ai.prompt.0.content': long },
      { 'inputs.question': long, 'inputs.k': 1 },
      { 'outputs.0': long, 'outputs.1': 'y' },
    ] as Record<string, unknown>[]) {
      const call = raw(attributes);
      expect([Object.keys(attributes)[0], call.start.otelDump!.length < 700]).toEqual([
        Object.keys(attributes)[0],
        true,
      ]);
      for (const [key, value] of Object.entries(attributes)) {
        const nested = key.split('.').reduce((at, part) => at[part], otelSpan(call).attributes);
        expect(typeof nested === 'object' ? JSON.stringify(nested) : nested).toBe(value);
      }
    }
  });

  it('stores a part itself where another took its place', () => {
    const [first, second] = ['a'.repeat(300), 'b'.repeat(300)];
    const span = spanJson([
      ['ai.prompt.text', first],
      ['ai.prompt.text', second],
    ]);
    const call = callsOf(protobufBody(requestJson([span])), 'protobuf')[0]!;
    const stored = parsed(call.start.otelDump!).attributes;
    expect(stored).toEqual([
      ['ai.prompt.text', first],
      ['ai.prompt.text', { in: [21, 323, 1] }],
    ]);
  });

  it('stores the text itself where it went in changed', () => {
    const pretty = JSON.stringify({ a: 'x'.repeat(100) }, null, 2);
    const call = raw({ 'input.value': pretty });
    expect(parsed(call.start.otelDump!).attributes).toContainEqual(['input.value', pretty]);
  });

  it('survives inputs that are not the ones written with it', () => {
    const call = raw({ 'input.value': 'y'.repeat(100) });
    const json = parsed(otelSpanJson(call.start.otelDump!, Buffer.from('{}'), Buffer.from('null')));
    expect(json.attributes.input.value).toBeNull();
  });

  it('has W&B’s shape, and what W&B loses', () => {
    const span = spansOf(fixture('synthetic-edge-values.bin'), 'protobuf')[0]!;
    const call = spanToCall(span, { projectId: 'e/p', userId: null });
    const rendered = text(otelSpanJson(call.start.otelDump!, call.start.inputs, call.end.output));
    expect(rendered).toContain('"int64":{"max":9223372036854775807,"min":-9223372036854775808}');
    expect(rendered).toContain('"__proto__":{"polluted":"yes"}');
    expect(JSON.parse(rendered)).toMatchObject({
      name: 'values',
      context: {
        trace_id: '555555555555555555555555555555a9',
        span_id: '00000000a0000014',
        trace_state: 'vendor=1',
      },
      kind: 'INTERNAL',
      parent_id: null,
      start_time: '2026-01-01T00:00:00.000000Z',
      end_time: '2026-01-01T00:00:01.500000Z',
      status: { code: 'UNSET', message: '' },
      attributes: {
        bytes: 'AAH+/w==',
        nan: 'nan',
        ninf: '-inf',
        dup: 'second',
        json: { array: [1, 2, 3], scalar: '"quoted"' },
      },
      resource: {
        attributes: { wandb: { entity: 'acme', project: 'otel-lab' } },
        dropped_attributes_count: 0,
      },
      scope: { name: 'synthetic', version: '1.0.0' },
      flags: 257,
    });
  });

  it('names unknown kinds and codes as unspecified, and keeps their numbers in the dump', () => {
    const [span] = spansOf(fixture('synthetic-edge-ids-times.bin'), 'protobuf').filter(
      ({ name }) => name === 'unknown-enums',
    );
    const call = spanToCall(span!, { projectId: 'e/p', userId: null });
    expect(otelSpan(call)).toMatchObject({ kind: 'UNSPECIFIED', status: { code: 'UNSET' } });
    expect(parsed(call.start.otelDump!)).toMatchObject({ kind: 9, status: [7, ''] });
  });
});

describe('real captures', () => {
  const LLM: Record<string, [string, number]> = {
    'langfuse-openai': ['gpt-4o-mini-2024-07-18', 0],
    'openinference-chat': ['gpt-4o-mini-2024-07-18', 0],
    'openlit-1.7-chat': ['gpt-4o-mini-2024-07-18', 0],
    'openlit-chat': ['gpt-4o-mini-2024-07-18', 0],
    'traceloop-0.14-chat': ['gpt-4o-mini-2024-07-18', 0],
    'traceloop-chat': ['gpt-4o-mini-2024-07-18', 0],
    'vercel-v5-generate-text': ['gpt-4o-mini-2024-07-18', 0],
    'vercel-v7-generate-text': ['gpt-4o-mini-2024-07-18', 0],
    'synthetic-mlflow-chat': ['gpt-4o-mini', 0],
    'synthetic-pydantic-ai': ['gpt-4o-mini-2024-07-18', 0],
    'vertex-adk-chat': ['gemini-2.5-flash', 0],
  };
  it.each(Object.entries(LLM))('%s has inputs, output, model and 43/17/60', (name, [model, index]) => {
    const call = callsOf(fixture(`${name}.bin`), 'protobuf')[index]!;
    expect(Object.keys(parsed(call.start.inputs))).toHaveLength(1);
    expect(Object.keys(parsed(call.end.output))).toHaveLength(1);
    const usage = parsed(call.end.summary).usage[model];
    expect([
      usage.input_tokens ?? usage.prompt_tokens,
      usage.output_tokens ?? usage.completion_tokens,
      usage.total_tokens,
    ]).toEqual([43, 17, 60]);
  });

  it.each([
    'langfuse-agent-native',
    'openinference-langchain',
    'traceloop-sdk-workflow',
    'vercel-v5-tools',
    'vercel-v7-tools',
  ])('%s has a tool call with arguments and result', (name) => {
    const tools = callsOf(fixture(`${name}.bin`), 'protobuf').filter(
      (call) => parsed(call.start.attributes).kind?.toLowerCase() === 'tool',
    );
    expect(tools.length).toBeGreaterThan(0);
    for (const tool of tools) {
      expect(Object.keys(parsed(tool.start.inputs))).toHaveLength(1);
      expect(Object.keys(parsed(tool.end.output))).toHaveLength(1);
    }
  });
});
