import { describe, expect, it } from '@jest/globals';
import { callWith, type JsonObject } from './testing/build.ts';

const usageOf = (attributes: JsonObject): JsonObject =>
  Object.values(callWith(attributes).end.summary.usage as object)[0];
const attributesOf = (attributes: JsonObject, more: JsonObject = {}): JsonObject =>
  callWith(attributes, more).start.attributes;
const PARENT = { parentSpanId: '00000000000000aa' };

describe('Traceloop', () => {
  it('sends messages and calls of tools under numbers', () => {
    const call = callWith({
      'gen_ai.prompt.0.role': 'user',
      'gen_ai.prompt.0.content': 'Weather in Paris?',
      'gen_ai.prompt.1.role': 'assistant',
      'gen_ai.prompt.1.tool_calls.0.id': 'call_1',
      'gen_ai.prompt.1.tool_calls.0.name': 'get_weather',
      'gen_ai.prompt.1.tool_calls.0.arguments': '{"city":"Paris"}',
      'gen_ai.completion.0.finish_reason': 'stop',
      'gen_ai.completion.0.content': '21 degrees',
    });
    expect(call.start.inputs['gen_ai.prompt']).toEqual([
      { role: 'user', content: 'Weather in Paris?' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } }],
      },
    ]);
    expect(call.end.output).toEqual({
      'gen_ai.completion': [{ finish_reason: 'stop', content: '21 degrees' }],
    });
    expect(call.start.attributes.finish_reasons).toEqual(['stop']);
  });

  it('keeps eleven messages in their order, however they were sent', () => {
    const keys = Array.from({ length: 11 }, (_, i) => i).reverse();
    const sent = Object.fromEntries(keys.map((i) => [`gen_ai.prompt.${i}.content`, `text ${i}`]));
    expect(callWith(sent).start.inputs['gen_ai.prompt']).toEqual(
      keys.toReversed().map((i) => ({ content: `text ${i}` })),
    );
  });

  it('names entities, of which some are tools and some agents', () => {
    const entity = (kind: string): JsonObject =>
      attributesOf({ 'traceloop.span.kind': kind, 'traceloop.entity.name': 'weather' });
    expect(entity('tool')).toMatchObject({ tool: { name: 'weather' } });
    expect(entity('agent')).toMatchObject({ agent_name: 'weather' });
    expect(entity('task')).toEqual({ kind: 'task', scope: { name: 'test', version: '1' } });
  });
});

describe('OpenInference', () => {
  it('sends contents of messages under numbers, images among them', () => {
    const prefix = 'llm.input_messages.0.message';
    const call = callWith({
      [`${prefix}.role`]: 'user',
      [`${prefix}.contents.0.message_content.type`]: 'text',
      [`${prefix}.contents.0.message_content.text`]: 'What is this?',
      [`${prefix}.contents.1.message_content.type`]: 'image',
      [`${prefix}.contents.1.message_content.image.image.url`]: 'data:image/png;base64,iVBORw0KGgo=',
    });
    expect(call.start.inputs['llm.input_messages'][0].message.contents[1]).toEqual({
      message_content: { type: 'image', image: { image: { url: 'data:image/png;base64,iVBORw0KGgo=' } } },
    });
  });

  it('has the reason to stop in the response alone before 4.0', () => {
    const response = { choices: [{ finish_reason: 'tool_calls', message: {} }] };
    const output = { 'output.value': JSON.stringify(response) };
    expect(attributesOf(output)['finish_reasons']).toEqual(['tool_calls']);
    expect(attributesOf({ ...output, 'llm.finish_reason': 'stop' })['finish_reasons']).toEqual(['stop']);
    expect(attributesOf({ 'output.value': '{"choices":[]}' })['finish_reasons']).toBeUndefined();
  });
});

describe('AI SDK', () => {
  it('sends lists of JSON', () => {
    const call = callWith({
      'ai.values': ['"hello"', '"say \\"hi\\""'],
      'ai.embeddings': ['[0.25,-0.5]', '[1]'],
      'ai.prompt.tools': ['{"name":"get_weather"}'],
      'gen_ai.input.messages': '',
    });
    expect(call.start.attributes.tool.definitions).toEqual([{ name: 'get_weather' }]);
    expect(call.end.output).toEqual({ 'ai.embeddings': [[0.25, -0.5], [1]] });
    const values = (sent: unknown): unknown => callWith({ 'ai.values': sent }).start.inputs;
    expect(values(['"hello"', '"say \\"hi\\""'])).toEqual({ 'ai.values': ['hello', 'say "hi"'] });
    // Not JSON: as it was sent.
    expect(values(['hello', 'x'])).toEqual({ 'ai.values': ['hello', 'x'] });
  });

  it('has cached and reasoning tokens of version 4 in metadata, which the root repeats of its last request', () => {
    const sent = {
      'ai.usage.promptTokens': 43,
      'ai.response.providerMetadata': '{"openai":{"reasoningTokens":4,"cachedPromptTokens":32}}',
    };
    expect(usageOf({ ...sent, 'ai.operationId': 'ai.generateText.doGenerate' })).toEqual({
      prompt_tokens: 43,
      cache_read_input_tokens: 32,
      reasoning_tokens: 4,
    });
    expect(usageOf({ ...sent, 'ai.operationId': 'ai.generateText' })).toEqual({ prompt_tokens: 43 });
  });

  it('says things about an answer that are none, beside the messages of version 7', () => {
    const beside = { 'ai.response.providerMetadata': '{"openai":{"x":1}}', 'ai.prompt.toolChoice': '"auto"' };
    const messages = { 'gen_ai.input.messages': '[1]', 'gen_ai.output.messages': '[2]' };
    const call = callWith({ ...beside, ...messages });
    expect([call.start.inputs, call.end.output]).toEqual([
      { 'gen_ai.input.messages': [1] },
      { 'gen_ai.output.messages': [2] },
    ]);
    const text = { ...messages, ...beside, 'ai.response.text': 'hi' };
    expect(callWith(text).end.output).toEqual({
      'ai.response': { providerMetadata: { openai: { x: 1 } }, text: 'hi' },
    });
    // Alone they are what there is.
    expect(callWith({ 'ai.response.finishReason': 'stop' }).end.output).toEqual({
      'ai.response': { finishReason: 'stop' },
    });
  });

  it('has a context in place of metadata in version 7, which is no parameter of the model', () => {
    const call = callWith({
      'ai.operationId': 'ai.generateText',
      'ai.settings.maxRetries': 2,
      'ai.settings.context.sessionId': 's',
      'ai.settings.context.userId': 'u',
    });
    expect(call.start.threadId).toBe('s');
    expect(call.start.attributes).toMatchObject({
      user_id: 'u',
      metadata: { sessionId: 's', userId: 'u' },
      model_parameters: { maxRetries: 2 },
    });
    expect(call.start.attributes.model_parameters).toEqual({ maxRetries: 2 });
  });

  it('ranks documents', () => {
    const call = callWith({
      'ai.operationId': 'ai.rerank.doRerank',
      'ai.documents': ['"a"', '{"b":1}'],
      'ai.ranking': ['{"index":1}'],
      'ai.ranking.type': 'text',
    });
    expect(call.start.attributes.kind).toBe('reranker');
    expect(call.start.inputs).toEqual({ 'ai.documents': ['a', { b: 1 }] });
    expect(call.end.output).toEqual({ 'ai.ranking': [{ index: 1 }] });
  });

  it('has usage of version 6 on the root too', () => {
    expect(
      usageOf({
        'ai.operationId': 'ai.generateText',
        'ai.usage.inputTokens': 86,
        'ai.usage.outputTokens': 34,
        'ai.usage.totalTokens': 120,
        'ai.usage.inputTokenDetails.cacheReadTokens': 64,
        'ai.usage.reasoningTokens': 8,
      }),
    ).toEqual({
      input_tokens: 86,
      output_tokens: 34,
      total_tokens: 120,
      cache_read_input_tokens: 64,
      reasoning_tokens: 8,
    });
  });
});

describe('Langfuse', () => {
  const details = (value: JsonObject): JsonObject =>
    usageOf({ 'langfuse.observation.usage_details': JSON.stringify(value) });

  it('takes parts for additions, unless input and output are the total', () => {
    const parts = { input_cached_tokens: 32, output_reasoning_tokens: 4 };
    expect(details({ input: 11, output: 13, total: 60, ...parts })).toMatchObject({
      input_tokens: 43,
      output_tokens: 17,
    });
    expect(details({ input: 43, output: 17, total: 60, ...parts })).toMatchObject({
      input_tokens: 43,
      output_tokens: 17,
    });
    expect(details({ prompt_tokens: 43, completion_tokens: 17, total_tokens: 60 })).toEqual({
      prompt_tokens: 43,
      completion_tokens: 17,
      total_tokens: 60,
    });
  });

  it('takes the total of costs, or the sum, and no zero', () => {
    const cost = (json: string): unknown =>
      callWith({ 'langfuse.observation.cost_details': json }).end.summary.usage?.usage.reported_cost;
    expect(cost('{"input":0.25,"output":0.5,"total":1}')).toBe(1);
    expect(cost('{"input":0.25,"output":0.5}')).toBe(0.75);
    expect(cost('{"input":0,"output":0,"total":0}')).toBeUndefined();
    expect(cost('{}')).toBeUndefined();
  });

  it('tells when the answer began, and which tool it was', () => {
    expect(
      attributesOf(
        {
          'langfuse.observation.type': 'tool',
          'langfuse.observation.completion_start_time': '"2026-01-01T00:00:00.250Z"',
        },
        { name: 'get_weather' },
      ),
    ).toMatchObject({ kind: 'tool', tool: { name: 'get_weather' }, time_to_first_token: 0.25 });
    const before = { 'langfuse.observation.type': 'span', 'langfuse.observation.completion_start_time': '"2020-01-01T00:00:00Z"' }; // prettier-ignore
    expect(attributesOf(before)).toEqual({ kind: 'span', scope: { name: 'test', version: '1' } });
  });
});

describe('OpenLIT', () => {
  it('names parts of the usage in its own way in 1.10', () => {
    expect(
      usageOf({
        'gen_ai.usage.input_tokens': 43,
        'gen_ai.usage.prompt_tokens_details.cache_read': 32,
        'gen_ai.usage.completion_tokens_details.reasoning': 4,
      }),
    ).toEqual({ input_tokens: 43, cache_read_input_tokens: 32, reasoning_tokens: 4 });
  });

  it('sends the prompt as lines, which stay the text they are', () => {
    const lines = 'system: You are terse.\nuser: [1] is it?\nassistant: null';
    expect(callWith({ 'gen_ai.content.prompt': lines }).start.inputs).toEqual({
      'gen_ai.content.prompt': lines,
    });
  });
});

describe('Google ADK', () => {
  const response = { usageMetadata: { promptTokenCount: 43, candidatesTokenCount: 13, totalTokenCount: 60 } };

  it.each([
    ['JS', response],
    [
      'Python',
      { usage_metadata: { prompt_token_count: 43, candidates_token_count: 13, total_token_count: 60 } },
    ],
  ])('has counts of tokens in the response: %s', (_name, json) => {
    expect(usageOf({ 'gcp.vertex.agent.llm_response': JSON.stringify(json) })).toEqual({
      input_tokens: 43,
      output_tokens: 13,
      total_tokens: 60,
    });
  });

  it('has the model in the request, and is told by its name where content is not sent', () => {
    expect(attributesOf({ 'gcp.vertex.agent.llm_request': '{"model":"gemini"}' })).toMatchObject({
      kind: 'llm',
      model: 'gemini',
    });
    const off = { 'gcp.vertex.agent.llm_request': '{}', 'gcp.vertex.agent.llm_response': '{}' };
    expect(attributesOf(off, { name: 'call_llm' })['kind']).toBe('llm');
    expect(attributesOf(off, { name: 'execute_tool x' })['kind']).toBeUndefined();
  });
});

describe('turns of agents', () => {
  const agent = { 'gen_ai.operation.name': 'invoke_agent' };
  it.each([
    ['asked in a conversation', { ...agent, 'gen_ai.conversation.id': 'c' }, true],
    ['told not', { ...agent, 'gen_ai.conversation.id': 'c', 'wandb.is_turn': false }, false],
    ['in a session, which the root has too', { ...agent, 'session.id': 's' }, false],
    ['in no thread', agent, false],
    ['only a request', { 'gen_ai.operation.name': 'chat', 'gen_ai.conversation.id': 'c' }, false],
  ])('below a root: %s', (_name, attributes, turn) => {
    const { start, id } = callWith(attributes, PARENT);
    expect(start.turnId).toBe(turn ? id : null);
  });
});

describe('HTTP and databases', () => {
  const url = 'https://user:secret@api.example.com/v1/chat?key=secret#x';
  it.each([
    ['GET', { 'url.full': url }, 'GET https://api.example.com/v1/chat'],
    ['HTTP POST', { 'http.url': 'http://localhost:1/a' }, 'POST http://localhost:1/a'],
    ['GET /users/:id', { 'url.full': url }, null],
    ['SELECT', { 'db.query.text': 'SELECT *\n  FROM t\n WHERE id = $1' }, 'SELECT * FROM t WHERE id = $1'],
    ['SELECT shop.t', { 'db.statement': 'SELECT 1' }, null],
    ['SELECT', { 'db.statement': `SELECT ${'x'.repeat(300)}` }, `SELECT ${'x'.repeat(190)}...`],
    ['GET', { 'url.full': url, 'wandb.display_name': 'mine' }, 'mine'],
  ])('%s with %j is shown as %s', (name, attributes, shown) => {
    expect(callWith(attributes, { name }).start.displayName).toBe(shown);
  });

  it('keep all their attributes, and nothing is taken from them', () => {
    const call = callWith(
      { 'http.request.method': 'GET', 'url.full': url, 'server.port': 443 },
      { name: 'GET' },
    );
    expect(call.start.attributes).toEqual({
      http: { request: { method: 'GET' } },
      url: { full: url },
      server: { port: 443 },
    });
    expect([call.start.inputs, call.end.output, call.end.summary.usage]).toEqual([{}, {}, undefined]);
  });
});

describe('values in other forms', () => {
  it('takes messages as structures, and a list of texts as such', () => {
    const messages = [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }];
    const inputs = { 'gen_ai.input.messages': messages };
    expect(callWith(inputs).start.inputs).toEqual(inputs);
    expect(callWith({ 'gen_ai.input.messages': JSON.stringify(messages) }).start.inputs).toEqual(inputs);
    expect(callWith({ 'gen_ai.output.messages': [{ finish_reason: 'stop' }] }).start.attributes.finish_reasons).toEqual(['stop']); // prettier-ignore
    expect(attributesOf({ 'gen_ai.response.finish_reasons': '["stop"]' })['finish_reasons']).toEqual([
      'stop',
    ]);
  });

  it('keeps long texts whole', () => {
    const text = 'naïve 日本語 "quoted" \\ '.repeat(4000);
    const messages = [{ role: 'user', parts: [{ type: 'text', content: text }] }];
    const call = callWith({ 'gen_ai.input.messages': JSON.stringify(messages), 'output.value': text });
    expect(call.start.inputs).toEqual({ 'gen_ai.input.messages': messages });
    expect(call.end.output).toEqual({ 'output.value': text });
  });
});
