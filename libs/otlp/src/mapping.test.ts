import { describe, expect, it } from '@jest/globals';
import { callWith } from './testing/build.ts';

describe('kind', () => {
  it.each([
    [{ 'gen_ai.operation.name': 'chat' }, 'llm'],
    [{ 'gen_ai.operation.name': 'text_completion' }, 'llm'],
    [{ 'gen_ai.operation.name': 'generate_content' }, 'llm'],
    [{ 'gen_ai.operation.name': 'embeddings' }, 'embedding'],
    [{ 'gen_ai.operation.name': 'execute_tool' }, 'tool'],
    [{ 'gen_ai.operation.name': 'invoke_agent' }, 'agent'],
    [{ 'gen_ai.operation.name': 'create_agent' }, 'agent'],
    [{ 'gen_ai.operation.name': 'invoke_workflow' }, 'workflow'],
    [{ 'gen_ai.operation.name': 'retrieval' }, 'retriever'],
    [{ 'gen_ai.operation.name': 'agent_step' }, undefined],
    [{ 'mlflow.spanType': '"CHAT_MODEL"' }, 'CHAT_MODEL'],
    [{ 'ai.operationId': 'ai.generateText.doGenerate' }, 'llm'],
    [{ 'ai.operationId': 'ai.streamText.doStream' }, 'llm'],
    [{ 'ai.operationId': 'ai.toolCall' }, 'tool'],
    [{ 'ai.operationId': 'ai.embed.doEmbed' }, 'embedding'],
    [{ 'ai.operationId': 'ai.generateText' }, 'agent'],
    [{ 'ai.operationId': 'ai.streamObject' }, 'agent'],
    [{ 'ai.operationId': 'ai.embedMany' }, 'embedding'],
    [{ 'ai.operationId': 'ai.other', 'ai.model.id': 'm' }, undefined],
    [{ 'gen_ai.operation.name': 'completion' }, 'llm'],
    [{ 'gen_ai.operation.name': 'embedding' }, 'embedding'],
    [{ 'gcp.vertex.agent.llm_request': '{"contents":[]}' }, 'llm'],
    [{ 'gcp.vertex.agent.llm_request': '{}', 'gcp.vertex.agent.session_id': 's' }, undefined],
    [{ 'llm.request.type': 'chat' }, 'llm'],
    [{ 'gen_ai.tool.name': 'get_weather' }, 'tool'],
    [{ 'openinference.span.kind': 'LLM', 'gen_ai.operation.name': 'embeddings' }, 'LLM'],
  ])('of %j is %s', (attributes, kind) => {
    expect(callWith(attributes).start.attributes.kind).toBe(kind);
  });
});

describe('usage', () => {
  it.each([
    ['prompt and completion', { 'llm.token_count.prompt': 43, 'llm.token_count.completion': 17 }, 60],
    ['input and output', { 'gen_ai.usage.input_tokens': 43, 'gen_ai.usage.output_tokens': '17' }, 60],
    ['one side only', { 'gen_ai.usage.input_tokens': 43 }, undefined],
    [
      'what is no number',
      { 'gen_ai.usage.input_tokens': 43, 'gen_ai.usage.output_tokens': 'many' },
      undefined,
    ],
  ])('totals %s', (_name, attributes, total) => {
    expect(callWith(attributes).end.summary.usage.usage.total_tokens).toBe(total);
  });

  it('keeps what is no number as it is, and ints beyond 2^53', () => {
    const { usage } = callWith({ 'gen_ai.usage.input_tokens': 'many', 'gen_ai.usage.output_tokens': '43.7' })
      .end.summary.usage;
    expect(usage).toEqual({ input_tokens: 'many', output_tokens: '43.7' });
  });

  it('goes under the model, else the model of the parameters', () => {
    const tokens = { 'gen_ai.usage.input_tokens': 1 };
    const modelOf = (attributes: Record<string, unknown>): string[] =>
      Object.keys(callWith({ ...tokens, ...attributes }).end.summary.usage);
    expect(modelOf({ 'gen_ai.response.model': 'm1', 'gen_ai.request.model': 'm2' })).toEqual(['m1']);
    expect(modelOf({ 'llm.invocation_parameters': '{"model":"m3","t":1}' })).toEqual(['m3']);
    expect(modelOf({})).toEqual(['usage']);
  });

  it('reads Langfuse details, whose parts exclude each other', () => {
    const details =
      '{"input":11,"output":13,"total":60,"input_cached_tokens":32,"output_reasoning_tokens":4}';
    const { usage } = callWith({ 'langfuse.observation.usage_details': details }).end.summary.usage;
    expect(usage).toEqual({
      input_tokens: 43,
      output_tokens: 17,
      total_tokens: 60,
      cache_read_input_tokens: 32,
      reasoning_tokens: 4,
    });
  });

  it('reads MLflow details, modalities and reported cost', () => {
    const { usage } = callWith({
      'mlflow.chat.tokenUsage': '{"input_tokens":43,"output_tokens":17,"total_tokens":61}',
      'gen_ai.usage.audio.input_tokens': 5,
      'gen_ai.usage.cost': 0.25,
    }).end.summary.usage;
    expect(usage).toEqual({
      input_tokens: 43,
      output_tokens: 17,
      total_tokens: 61,
      audio_input_tokens: 5,
      reported_cost: 0.25,
    });
  });
});

describe('attributes', () => {
  it('has the parameters as one object, whichever convention they came in', () => {
    expect(
      callWith({ 'gen_ai.request.model': 'm', 'gen_ai.request.temperature': 0.5 }).start.attributes
        .model_parameters,
    ).toEqual({
      model: 'm',
      temperature: 0.5,
    });
    expect(callWith({ 'llm.invocation_parameters': '{"t":1}' }).start.attributes.model_parameters).toEqual({
      t: 1,
    });
    expect(callWith({ 'ai.settings.maxRetries': 2 }).start.attributes.model_parameters).toEqual({
      maxRetries: 2,
    });
  });

  it('shows tool, agent, user, tags, metadata and error', () => {
    const { attributes } = callWith({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'get_weather',
      'gen_ai.tool.call.id': 'call_lab_1',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.definitions': '[{"name":"get_weather"}]',
      'gen_ai.agent.version': '2',
      'user.id': 'u-1',
      'tag.tags': ['a', 'b'],
      metadata: '{"k":"v"}',
      'error.type': 'timeout',
      'gen_ai.system_instructions': '[{"type":"text","content":"Be terse."}]',
    }).start;
    expect(attributes).toMatchObject({
      tool: {
        name: 'get_weather',
        call_id: 'call_lab_1',
        type: 'function',
        definitions: [{ name: 'get_weather' }],
      },
      agent: { version: '2' },
      user_id: 'u-1',
      tags: ['a', 'b'],
      metadata: { k: 'v' },
      error_type: 'timeout',
      system_instructions: [{ type: 'text', content: 'Be terse.' }],
      scope: { name: 'test', version: '1' },
    });
  });

  it('are all of the span, nested, when nothing was recognised', () => {
    const { attributes } = callWith({
      'http.method': 'GET',
      'http.status_code': 200,
      'app.tags': ['a'],
    }).start;
    expect(attributes).toEqual({ http: { method: 'GET', status_code: 200 }, app: { tags: ['a'] } });
  });

  it.each([
    ['a list of pairs', { 'wandb.attributes': { tag: 'x', kind: 'mine' } }],
    ['JSON', { 'wandb.attributes': '{"tag":"x","kind":"mine"}' }],
    ['dotted keys', { 'wandb.attributes.tag': 'x', 'wandb.attributes.kind': 'mine' }],
    ['weave.attributes', { 'weave.attributes.tag': 'x', 'weave.attributes.kind': 'mine' }],
  ])('have the sender’s own over them: %s', (_name, own) => {
    const { attributes } = callWith({ ...own, 'weave.span.kind': 'agent', 'input.value': 'i' }).start;
    expect(attributes).toMatchObject({ tag: 'x', kind: 'mine' });
  });
});

describe('threads, turns, runs', () => {
  it('takes the contract keys before the conventions’', () => {
    const keys = [
      'gcp.vertex.agent.session_id',
      'wandb.thread_id',
      'gen_ai.conversation.id',
      'session.id',
      'langfuse.session.id',
      'traceloop.association.properties.session_id',
      'traceloop.association.properties.thread_id',
      'ai.telemetry.metadata.sessionId',
    ];
    for (let i = 0; i < keys.length; i++) {
      const rest = Object.fromEntries(keys.slice(i).map((key) => [key, key]));
      expect(callWith(rest).start.threadId).toBe(keys[i]);
    }
  });

  const child = { parentSpanId: '00000000000000aa' };
  it.each([
    ['told so', { 'wandb.thread_id': 't', 'wandb.is_turn': true }, child, true],
    ['told not', { 'wandb.thread_id': 't', 'wandb.is_turn': false }, {}, false],
    ['thread alone', { 'wandb.thread_id': 't' }, {}, false],
    ['no thread', { 'wandb.is_turn': true }, {}, false],
    ['ADK session', { 'gcp.vertex.agent.session_id': 's' }, child, true],
    ['root of a conversation', { 'gen_ai.conversation.id': 'c' }, {}, true],
    ['child in a conversation', { 'gen_ai.conversation.id': 'c' }, child, false],
    [
      'root of a conversation, told not',
      { 'gen_ai.conversation.id': 'c', 'wandb.is_turn': false },
      {},
      false,
    ],
  ])('is a turn or not: %s', (_name, attributes, more, turn) => {
    const { start, id } = callWith(attributes, more);
    expect(start.turnId).toBe(turn ? id : null);
  });

  it.each([
    [{ wb_run_id: 'a', 'wandb.wb_run_id': 'b' }, {}, 'acme/otel-lab:a'],
    [{ 'wandb.wb_run_id': 'b' }, {}, 'acme/otel-lab:b'],
    [{ 'wandb.wb_run_id': 'b' }, { 'wandb.wb_run_id': 'r' }, 'acme/otel-lab:r'],
    [{ 'wandb.wb_run_id': 'acme/p:abc' }, {}, null],
    [{ 'wandb.wb_run_id': 'a:b' }, {}, null],
  ])('run of %j with resource %j is %s', (attributes, resource, runId) => {
    expect(callWith(attributes, {}, resource).start.runId).toBe(runId);
  });

  it('reads run steps', () => {
    const call = callWith({ 'wandb.wb_run_step': 7, 'wandb.wb_run_step_end': '8' });
    expect([call.start.runStep, call.end.runStepEnd]).toEqual([7, 8]);
    expect(callWith({ 'wandb.wb_run_step': 'x' }).start.runStep).toBeNull();
  });
});

describe('times', () => {
  const us = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 678_901;
  it.each([
    ['ISO 8601', '2026-01-02T03:04:05.678901Z'],
    ['ISO with offset', '2026-01-02T05:04:05.678901+02:00'],
    ['nanoseconds as int', BigInt(us) * 1000n],
    ['nanoseconds as digits', `${us}000`],
    ['seconds', us / 1e6],
  ])('are overridden by %s', (_name, value) => {
    const call = callWith({ 'langfuse.startTime': value, 'langfuse.endTime': value });
    expect(Math.abs(call.start.startedAtUs - us)).toBeLessThanOrEqual(1);
    expect(Math.abs(call.end.endedAtUs - us)).toBeLessThanOrEqual(1);
    expect(call.end.summary.weave.latency_ms).toBe(1500);
  });

  it('ignore overrides that are none', () => {
    for (const value of ['soon', true, '', [1]]) {
      expect(callWith({ 'langfuse.startTime': value }).start.startedAtUs).toBe(1767225600000000);
    }
  });

  it('take a missing edge from the other', () => {
    const noEnd = callWith({}, { endTimeUnixNano: '0' });
    expect([noEnd.start.startedAtUs, noEnd.end.endedAtUs]).toEqual([1767225600000000, 1767225600000000]);
    expect(noEnd.end.summary.weave.latency_ms).toBe(0);
  });
});

describe('errors', () => {
  const exception = {
    name: 'exception',
    attributes: [{ key: 'exception.message', value: { stringValue: 'from event' } }],
  };
  it.each([
    ['unset', {}, {}, null],
    ['ok', {}, { status: { code: 1 } }, null],
    ['status message', {}, { status: { code: 2, message: 'boom' }, events: [exception] }, 'boom'],
    ['exception event', {}, { status: { code: 2 }, events: [exception] }, 'from event'],
    ['nothing said', {}, { status: { code: 2 } }, ''],
    [
      'Langfuse level',
      { 'langfuse.observation.level': 'ERROR', 'langfuse.observation.status_message': 'slow' },
      {},
      'slow',
    ],
    ['Langfuse warning', { 'langfuse.observation.level': 'WARNING' }, {}, null],
    ['unknown code', {}, { status: { code: 7 } }, null],
  ])('%s', (_name, attributes, more, message) => {
    const { end } = callWith(attributes, more);
    expect(end.exception).toBe(message);
    expect(end.summary.weave.status).toBe(message === null ? 'success' : 'error');
  });
});
