import { describe, expect, it } from '@jest/globals';
import { KeyValues, type OtlpSpan } from '../span.ts';
import { callWith } from '../testing/build.ts';
import { logfire } from './logfire.ts';

const EVENTS =
  '[{"event.name": "gen_ai.user.message", "content": "Say \\"event.name\\": \\"gen_ai.choice\\"", "n": 1.0},' +
  '{"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "Hi"}}]';

describe('PydanticAI', () => {
  it('parts packed events by their names, whatever their texts hold', () => {
    const call = callWith({ events: EVENTS });
    expect(call.start.inputs.events).toEqual([
      expect.objectContaining({ content: 'Say "event.name": "gen_ai.choice"' }),
    ]);
    expect(call.end.output.events).toEqual([expect.objectContaining({ message: expect.anything() })]);
  });

  it.each(['[1, 2]', '[{"name": "x"}]', '[{"event.name": 7}', 'text', '[]'])(
    'takes %s for no events',
    (events) => {
      expect(callWith({ events }).start.inputs).toEqual({});
    },
  );

  it('takes the sums of a run only where the run has no counts of its own', () => {
    const sums = { 'gen_ai.aggregated_usage.input_tokens': 86, 'gen_ai.aggregated_usage.output_tokens': 34 };
    expect(callWith({ ...sums, model_name: 'm' }).end.summary.usage.m).toEqual({
      input_tokens: 86,
      output_tokens: 34,
      total_tokens: 120,
    });
    const both = callWith({ ...sums, model_name: 'm', 'gen_ai.usage.input_tokens': 43 });
    expect(both.end.summary.usage.m).toMatchObject({ input_tokens: 43 });
  });
});

describe('Logfire', () => {
  it('takes common words as content only from its own spans', () => {
    expect(callWith({ return: 'x', request_data: '{"a":1}' }).start.inputs).toEqual({});
    const call = callWith({ return: 'x', 'logfire.msg': 'work' });
    expect(call.end.output).toEqual({ return: 'x' });
  });

  it('fails a call whose level is error, with its message', () => {
    expect(callWith({ 'logfire.level_num': 17, 'logfire.msg': 'lab error' }).end.exception).toBe('lab error');
    expect(callWith({ 'logfire.level_num': 13, 'logfire.msg': 'careful' }).end.exception).toBeNull();
  });

  it('shows the message instead of a template, the arguments as metadata', () => {
    const call = callWith(
      {
        'logfire.msg': 'work on 3',
        'logfire.msg_template': 'work on {x}',
        'logfire.json_schema': '{"type":"object","properties":{"x":{},"__proto__":{},"return":{}}}',
        x: 3,
        return: '{"done":3}',
      },
      { name: 'work on {x}' },
    );
    expect(call.start.displayName).toBe('work on 3');
    expect(call.start.attributes.metadata).toEqual({ x: 3 });
    expect(call.end.output).toEqual({ return: { done: 3 } });
  });

  it('looks for many arguments among many attributes', () => {
    const names = Array.from({ length: 2000 }, (_, i) => i.toString(36));
    const schema = `{"properties":{${names.map((name) => `"${name}":0`).join()}}}`;
    const span = { attributes: new KeyValues() } as OtlpSpan;
    span.attributes.add('logfire.msg_template', '{0}');
    for (let i = 0; i < 5_000_000; i++) span.attributes.add('some.key', i);
    span.attributes.add(names[1]!, 'found');
    const found = logfire.fields.metadata![0]!.map!(schema, span) as KeyValues;
    expect([found.keys, found.values]).toEqual([[names[1]], ['found']]);
  });
});

describe('Strands', () => {
  it('tells the time to the first token in milliseconds, others in seconds', () => {
    const key = 'gen_ai.server.time_to_first_token';
    const strands = callWith({ 'gen_ai.system': 'strands-agents', [key]: 194 });
    expect(strands.start.attributes.time_to_first_token).toBe(0.194);
    expect(callWith({ 'gen_ai.system': 'openai', [key]: 0.5 }).start.attributes.time_to_first_token).toBe(
      0.5,
    );
  });

  it('asks of a cycle what came first, not what its tools answered', () => {
    const told = (text: string) => ({
      name: 'gen_ai.client.inference.operation.details',
      attributes: [
        { key: 'gen_ai.input.messages', value: { stringValue: `[{"role":"user","content":"${text}"}]` } },
      ],
    });
    const operation = { 'gen_ai.operation.name': 'execute_event_loop_cycle' };
    const call = callWith(operation, { events: [told('asked'), told('answered')] });
    expect(call.start.inputs['gen_ai.input.messages']).toEqual([{ role: 'user', content: 'asked' }]);
    expect(call.start.attributes.kind).toBe('chain');
  });

  it('has the reason to stop in the answer', () => {
    const events = [
      {
        name: 'gen_ai.choice',
        attributes: [
          { key: 'finish_reason', value: { stringValue: 'tool_use' } },
          { key: 'message', value: { stringValue: '[{"text": "Hi"}]' } },
        ],
      },
    ];
    const call = callWith({ 'gen_ai.operation.name': 'chat' }, { events });
    expect(call.start.attributes.finish_reasons).toEqual(['tool_use']);
    const told = callWith({ 'gen_ai.response.finish_reasons': ['stop'] }, { events });
    expect(told.start.attributes.finish_reasons).toEqual(['stop']);
  });
});

describe('LangSmith', () => {
  it('knows better what a run is than the operation says', () => {
    const call = callWith({ 'gen_ai.operation.name': 'chat', 'langsmith.span.kind': 'prompt' });
    expect(call.start.attributes.kind).toBe('prompt');
  });

  it('has threads in metadata; its sessions are projects', () => {
    const project = { 'langsmith.trace.session_name': 'default', 'langsmith.trace.session_id': 'p-1' };
    expect(callWith(project).start.threadId).toBeNull();
    expect(callWith({ ...project, 'langsmith.metadata.thread_id': 't-7' }).start.threadId).toBe('t-7');
  });

  it('finds counts inside the answer', () => {
    const usage =
      '{"input_token_details":{"cache_read":32},"output_token_details":{"reasoning":4},"input_tokens":43}';
    const call = callWith({
      'gen_ai.completion': `{"generations":[[{"generation_info":{"finish_reason":"stop"},"message":{"kwargs":{"usage_metadata":${usage}}}}]]}`,
      'gen_ai.usage.input_tokens': 43,
      'gen_ai.request.model': 'm',
      'langsmith.span.tags': 'a, b',
    });
    expect(call.end.summary.usage.m).toMatchObject({ cache_read_input_tokens: 32, reasoning_tokens: 4 });
    expect(call.start.attributes).toMatchObject({ finish_reasons: ['stop'], tags: ['a', 'b'] });
  });
});

describe('what Python prints', () => {
  it('is read for reasons, classes and counts', () => {
    const call = callWith({
      'gen_ai.response.finish_reason': 'FinishReason.TOOL_CALLS',
      'error.type': "<class 'lab.Failed'>",
      'metadata.usage_object': "{'prompt_tokens': 43, 'prompt_tokens_details': {'cached_tokens': 32}}",
    });
    expect(call.start.attributes).toMatchObject({ finish_reasons: ['tool_calls'], error_type: 'lab.Failed' });
    expect(call.end.summary.usage.usage).toEqual({ cache_read_input_tokens: 32 });
  });
});

describe('MLflow', () => {
  it('counts what its own count leaves out from the response, and names tools and agents', () => {
    const call = callWith({
      'mlflow.spanType': '"CHAT_MODEL"',
      'mlflow.llm.model': '"m"',
      'mlflow.message.format': '"openai"',
      'mlflow.chat.tokenUsage': '{"input_tokens": 43, "output_tokens": 17, "total_tokens": 60}',
      'mlflow.spanOutputs':
        '{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":43,"completion_tokens_details":{"reasoning_tokens":4}}}',
    });
    expect(call.end.summary.usage.m).toEqual({
      input_tokens: 43,
      output_tokens: 17,
      total_tokens: 60,
      reasoning_tokens: 4,
    });
    expect(call.start.attributes).toMatchObject({ provider: 'openai', finish_reasons: ['stop'] });
    const named = { 'mlflow.spanFunctionName': '"lookup"' };
    expect(callWith({ 'mlflow.spanType': '"TOOL"', ...named }).start.attributes.tool).toEqual({
      name: 'lookup',
    });
    expect(callWith({ 'mlflow.spanType': '"AGENT"', ...named }).start.attributes.agent_name).toBe('lookup');
  });
});
