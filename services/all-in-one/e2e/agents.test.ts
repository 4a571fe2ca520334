import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from './program.ts';
import { newProject, openStack, type Stack } from './stack.ts';

/** Spans of agents: sent over OTLP or by the Conversation SDK, read as agents, spans, figures and chats. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Json = Readonly<Record<string, unknown>>;

const START_NS = 1_767_323_045_000_000_000n;
const at = (ms: number) => String(START_NS + BigInt(ms) * 1_000_000n);
const iso = (ms: number) => new Date(Number(START_NS / 1_000_000n) + ms).toISOString().replace('Z', '000Z');
const TRACE = 'a'.repeat(32);
const OTHER = 'b'.repeat(32);

function any(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(any) } };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Starts and ends in milliseconds. */
function span(id: string, parent: string, name: string, fromMs: number, toMs: number, attributes: Json = {}, more: object = {}): object {
  return {
    traceId: TRACE, spanId: id.repeat(16), ...(parent === '' ? {} : { parentSpanId: parent.repeat(16) }), name, kind: 3,
    startTimeUnixNano: at(fromMs), endTimeUnixNano: at(toMs),
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: any(value) })), ...more,
  };
} // prettier-ignore

async function send(
  project: string,
  spans: readonly object[],
  path = '/agents/otel/v1/traces',
): Promise<void> {
  const headers = { 'content-type': 'application/json', project_id: project };
  const res = await stack.send(path, { resourceSpans: [{ scopeSpans: [{ spans }] }] }, headers);
  expect(await res.json()).toEqual({});
}

const CONVERSATION = { 'gen_ai.conversation.id': 'c-1' };
const says = (role: string, content: string) =>
  JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);
const ASK = says('user', 'What is the weather in Rome, and what should I wear there?');

/** An agent asks a model, calls a tool, and asks again; the tool fails once. */
const TURN = [
  span('1', '', 'invoke_agent guide', 0, 1000, {
    ...CONVERSATION, 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'guide', 'gen_ai.agent.version': '2', 'gen_ai.agent.id': 'g',
    'gen_ai.provider.name': 'OpenAI',
  }),
  span('2', '1', 'chat', 100, 300, {
    'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1', 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5,
    'gen_ai.input.messages': ASK, retries: 2, score: 0.5, team: 'north', fast: true, big: 'x'.repeat(100),
    'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'tool_call', id: 't1', name: 'weather', arguments: { city: 'Rome' } }] }]),
  }),
  span('3', '1', 'execute_tool weather', 300, 500, {
    'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'weather', 'gen_ai.tool.call.id': 't1', 'gen_ai.tool.call.arguments': '{"city": "Rome", "n": 9007199254740993}',
  }, { status: { code: 2, message: 'no net' }, events: [{ name: 'exception', timeUnixNano: at(500), attributes: [{ key: 'exception.type', value: any('Timeout') }] }] }),
  span('4', '1', 'chat', 600, 900, {
    'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1', 'gen_ai.response.model': 'm-1-2026', 'gen_ai.usage.input_tokens': 30,
    'gen_ai.usage.output_tokens': 7, 'gen_ai.usage.cache_read.input_tokens': 8, retries: 4,
    'gen_ai.output.messages': says('assistant', 'Wear a coat.'),
  }),
  span('5', '1', 'GET /weather', 310, 320, { 'http.method': 'GET' }),
] as const; // prettier-ignore
const SECOND_TURN = [
  span('6', '', 'chat', 5000, 6000, {
    ...CONVERSATION, 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-2', 'gen_ai.usage.input_tokens': 1, 'gen_ai.system': 'X',
    'gen_ai.input.messages': JSON.stringify([{ role: 'user', content: 'old' }, { role: 'assistant', content: 'older' }, { role: 'user', content: 'Thanks' }]),
    'gen_ai.output.messages': says('assistant', 'Bye.'),
  }, { traceId: OTHER }),
]; // prettier-ignore

const ids = (spans: readonly { span_id: string }[]) => spans.map((each) => each.span_id[0]).join('');
const eq = (field: string, value: unknown) => ({
  $expr: { $eq: [{ $getField: field }, { $literal: value }] },
});

describe('spans of agents', () => {
  const project = newProject('agents');
  const post = <T>(path: string, body: object = {}) => stack.post<T>(path, { project_id: project, ...body });
  const spans = (body: object = {}) =>
    post<{ spans: (Json & { span_id: string })[]; groups: Json[]; total_count: number }>(
      '/agents/spans/query',
      {
        sort_by: [{ field: 'started_at', direction: 'asc' }],
        ...body,
      },
    );
  const groups = async (body: object) => (await spans({ sort_by: [], ...body })).groups;

  beforeAll(async () => {
    await send(project, TURN);
    await send(project, SECOND_TURN, '/otel/v1/traces');
    // A repetition changes nothing.
    await send(project, [TURN[1]]);
  });

  it('are told from other spans, with whose they are', async () => {
    const { spans: found, total_count: total } = await spans();
    expect(ids(found)).toBe('12346');
    expect(total).toBe(5);
    expect(found[3]).toMatchObject({
      trace_id: TRACE, span_id: '4'.repeat(16), parent_span_id: '1'.repeat(16), operation_name: 'chat', span_kind: 'CLIENT', status_code: 'UNSET',
      started_at: iso(600), ended_at: iso(900), agent_name: 'guide', agent_version: '2', agent_id: 'g', conversation_id: 'c-1',
      input_tokens: 30, output_tokens: 7, cache_read_input_tokens: 8, response_model: 'm-1-2026', input_messages: [], raw_span_dump: null,
    }); // prettier-ignore
    expect(found[2]).toMatchObject({
      status_code: 'ERROR',
      status_message: 'no net',
      error_type: 'Timeout',
      tool_name: 'weather',
    });
    expect(found[4]).toMatchObject({ agent_name: '', conversation_id: 'c-1', provider_name: 'x' });
  });

  it('have details where they are asked for', async () => {
    const { spans: found } = await spans({ include_details: true });
    expect(found[2]!.tool_call_arguments).toBe('{"city": "Rome", "n": 9007199254740993}');
    expect(found[3]!.output_messages).toEqual([
      { role: 'assistant', content: '[{"type":"text","content":"Wear a coat."}]', finish_reason: '' },
    ]);
    expect(found[4]!.input_messages).toHaveLength(3);
    expect(JSON.parse(String(found[0]!.raw_span_dump))).toMatchObject({ name: 'invoke_agent guide' });
  });

  it.each<[string, object, string]>([
    ['a column', eq('operation_name', 'chat'), '246'],
    ['an attribute', eq('gen_ai.operation.name', 'execute_tool'), '3'],
    ['a short name', eq('usage.input_tokens', 30), '4'],
    ['the agent of the trace', eq('agent.name', 'guide'), '1234'],
    ['the conversation of the trace', eq('conversation_id', 'c-1'), '12346'],
    ['an error of an event', eq('error_type', 'Timeout'), '3'],
    ['a custom attribute', eq('team', 'north'), '2'],
    ['a custom number', { $expr: { $gt: [{ $getField: 'retries' }, { $literal: 3 }] } }, '4'],
    ['a custom attribute of a type', eq('custom_attrs_bool.fast', true), '2'],
    ['a custom attribute of another type', eq('custom_attrs_string.retries', '2'), ''],
    ['a missing one', eq('custom_attrs_int.nope', null), '12346'],
    ['a long text', { $expr: { $contains: { input: { $getField: 'gen_ai.input.messages' }, substr: { $literal: 'should I wear' } } } }, '2'],
    ['the arguments of a tool', { $expr: { $contains: { input: { $getField: 'tool_call_arguments' }, substr: { $literal: 'Rome' } } } }, '3'],
    ['a duration', { $expr: { $gte: [{ $getField: 'duration_ms' }, { $literal: 300 }] } }, '146'],
    ['a time', { $expr: { $gte: [{ $getField: 'started_at' }, { $literal: iso(600) }] } }, '46'],
  ])('are found by %s', async (_, query, expected) => {
    const { spans: found, total_count: total } = await spans({ query });
    expect(ids(found)).toBe(expected);
    expect(total).toBe(expected.length);
  }); // prettier-ignore

  it('are sorted, cut, and kept to a time', async () => {
    expect(ids((await spans({ sort_by: [{ field: 'input_tokens', direction: 'desc' }], limit: 2 })).spans)).toBe('42');
    expect(ids((await spans({ sort_by: [], limit: 2, offset: 1 })).spans)).toBe('43');
    expect(ids((await spans({ started_after: iso(100), started_before: iso(600) })).spans)).toBe('23');
    const custom = { custom_attr_columns: [{ source: 'custom_attrs_int', key: 'retries' }] };
    const { spans: found } = await spans({ ...custom, sort_by: [{ field: 'custom_attrs_int.retries', direction: 'desc' }], query: eq('operation_name', 'chat') });
    expect(found.map((each) => (each.custom_attrs_int as Json).retries)).toEqual([4, 2, undefined]);
    expect(await spans({ limit: 0 })).toEqual({ spans: [], groups: [], total_count: 5 });
  }); // prettier-ignore

  it('are grouped, with figures, bounds and previews', async () => {
    const [group, ...more] = await groups({
      group_by: [{ source: 'column', key: 'conversation_id' }],
      measures: [
        { alias: 'errors', aggregation: 'count_true', value: { source: 'derived', key: 'is_error' } },
        { alias: 'chats', aggregation: 'count', filter: eq('operation_name', 'chat') },
        { alias: 'last', aggregation: 'max', value: { key: 'started_at' } },
      ],
    });
    expect(more).toEqual([]);
    expect(group).toMatchObject({
      group_keys: { conversation_id: 'c-1' }, span_count: 5, invocation_count: 1, conversation_count: 1, total_input_tokens: 41,
      total_cache_read_input_tokens: 8, total_output_tokens: 12, total_duration_ms: 2700, error_count: 1, agent_names: ['guide'], request_models: ['m-1', 'm-2'],
      provider_names: ['openai', 'x'], first_seen: iso(0), last_seen: iso(5000), metrics: { errors: 1, chats: 3, last: iso(5000) },
      first_message: { role: 'user_message', text: 'old' },
      last_message: { role: 'assistant_message', text: 'Bye.' }, total_cost_usd: null,
    }); // prettier-ignore
    const byModel = { group_by: [{ key: 'request.model', alias: 'model' }] };
    const keys = async (body: object) =>
      (await groups({ ...byModel, ...body })).map((each) => (each.group_keys as Json).model);
    expect(await keys({ sort_by: [{ field: 'total_input_tokens', direction: 'desc' }] })).toEqual([
      'm-1',
      'm-2',
      '',
    ]);
    const tokens = { alias: 'tokens', aggregation: 'sum', value: { key: 'input_tokens' } };
    expect(await keys({ group_filters: [{ measure: tokens, min: 1, max: 39 }] })).toEqual(['m-2']);
    const filtered = await spans({ sort_by: [], ...byModel, group_filters: [{ measure: tokens, min: 1 }] });
    expect(filtered.total_count).toBe(2);
    expect(await groups({ group_by: [{ source: 'custom_attrs_string', key: 'team' }] })).toMatchObject([
      { group_keys: { team: null }, span_count: 4 },
      { group_keys: { team: 'north' }, span_count: 1 },
    ]);
  });

  it('tell how custom attributes are distributed in groups', async () => {
    const [group] = await groups({
      group_by: [{ key: 'conversation_id' }],
      group_distributions: [
        { alias: 'r', value: { source: 'custom_attrs_int', key: 'retries' }, bins: 2 },
        { alias: 't', value: { source: 'custom_attrs_string', key: 'team' } },
      ],
    });
    expect(group!.distributions).toMatchObject({
      r: { value_type: 'int', total_count: 5, present_count: 2, missing_count: 3, bins: [{ index: 0, min: 2, max: 3, count: 1 }, { index: 1, min: 3, max: 4, count: 1 }] },
      t: { value_type: 'string', present_count: 1, other_count: 0, values: [{ value: 'north', count: 1 }] },
    }); // prettier-ignore
  });

  it('are counted by agents and versions', async () => {
    const agent = {
      project_id: project, agent_name: 'guide', invocation_count: 1, span_count: 1, error_count: 0, total_input_tokens: 0, total_output_tokens: 0,
      total_duration_ms: 1000, first_seen: iso(0), last_seen: iso(0), total_cost_usd: null,
    }; // prettier-ignore
    expect(await post('/agents/query')).toEqual({ agents: [agent], total_count: 1 });
    expect(await post('/agents/query', { filters: { agent_name: 'nobody' } })).toEqual({ agents: [], total_count: 0 }); // prettier-ignore
    expect(await post('/agents/agent-versions/query', { agent_name: 'guide' })).toEqual({
      versions: [{ ...agent, agent_version: '2' }],
      total_count: 1,
    });
  });

  it('cost what their models cost', async () => {
    const own = newProject('agents-cost');
    await stack.post('/cost/create', { project_id: own, costs: { 'm-1': { prompt_token_cost: 0.5, completion_token_cost: 2 } } }); // prettier-ignore
    await send(own, TURN);
    const query = { project_id: own, include_costs: true };
    const { spans: found } = await stack.post<{ spans: Json[] }>('/agents/spans/query', { ...query, sort_by: [{ field: 'total_cost_usd', direction: 'desc' }], query: eq('span_name', 'chat') }); // prettier-ignore
    expect(found.map((each) => each.total_cost_usd)).toEqual([15, null]);
    const by = { ...query, group_by: [{ key: 'agent_name' }] };
    expect(await stack.post('/agents/spans/query', by)).toMatchObject({
      groups: [{ total_cost_usd: 15, total_input_cost_usd: 5, total_output_cost_usd: 10 }],
    });
    expect(await stack.post('/agents/query', query)).toMatchObject({ agents: [{ total_cost_usd: null }] });
    expect(await stack.post('/agents/traces/chat', { project_id: own, trace_id: TRACE })).toMatchObject({
      total_cost_usd: 15,
    });
  });

  it('make figures over time', async () => {
    const tokens = { alias: 'tokens', value_type: 'number', value: { key: 'input_tokens' }, aggregations: ['sum', 'max'], percentiles: [50] }; // prettier-ignore
    const stats = (body: object) =>
      post<{ columns: { name: string }[]; rows: Json[]; granularity: number | null }>('/agents/spans/stats', {
        start: iso(0), end: iso(7000), granularity: 5, metrics: [tokens], ...body,
      }); // prettier-ignore
    const { columns, rows } = await stats({});
    expect(columns.map(({ name }) => name)).toEqual(['timestamp', 'sum_tokens', 'max_tokens', 'p50_tokens']);
    expect(rows).toEqual([
      { timestamp: '2026-01-02T03:04:05+00:00', sum_tokens: 40, max_tokens: 30, p50_tokens: 5 },
      { timestamp: '2026-01-02T03:04:10+00:00', sum_tokens: 1, max_tokens: 1, p50_tokens: 1 },
    ]);
    const grouped = await stats({ group_by: [{ key: 'agent_name' }], granularity: 60, metrics: [{ ...tokens, aggregations: ['count'], percentiles: [] }] }); // prettier-ignore
    expect(grouped.rows.map(({ agent_name: name, count_tokens: count }) => [name, count])).toEqual([['', 1], ['guide', 4]]); // prettier-ignore
    const some = await stats({
      granularity: 60, metrics: [{ ...tokens, aggregations: ['count'], percentiles: [] }],
      group_filters: [{ group_by: [{ key: 'trace_id' }], measure: { alias: 'n', aggregation: 'count' }, min: 2 }],
    }); // prettier-ignore
    expect(some.rows).toMatchObject([{ count_tokens: 4 }]);
  });

  it('make figures by ranges of a value', async () => {
    const stats = (bucketBy: object) =>
      post('/agents/spans/stats', { start: iso(0), end: iso(7000), bucket_by: { type: 'number', bins: 2, ...bucketBy } }); // prettier-ignore
    expect(await stats({ value: { key: 'input_tokens' } })).toMatchObject({
      bucket_type: 'number', granularity: null,
      rows: [{ bucket_index: 0, bucket_min: 0, bucket_max: 15, count: 4 }, { bucket_index: 1, bucket_min: 15, bucket_max: 30, count: 1 }],
    }); // prettier-ignore
    const perTrace = {
      group_by: [{ key: 'trace_id' }],
      measure: { alias: 'n', aggregation: 'sum', value: { source: 'custom_attrs_int', key: 'retries' } },
    };
    expect(await stats(perTrace)).toMatchObject({
      rows: [{ bucket_index: 0, bucket_min: 6, bucket_max: 6, count: 1 }],
    });
    expect(await stats({ value: { source: 'custom_attrs_int', key: 'nope' } })).toMatchObject({ rows: [] });
  });

  it('have custom attributes that can be listed', async () => {
    const { attributes } = await post<{ attributes: Json[] }>('/agents/spans/custom-attrs/schema');
    const named = attributes.map(({ key, source, span_count: n }) => [key, source, n]);
    expect(named).toEqual([
      ['retries', 'custom_attrs_int', 2], ['big', 'custom_attrs_string', 1], ['fast', 'custom_attrs_bool', 1],
      ['score', 'custom_attrs_float', 1], ['team', 'custom_attrs_string', 1],
    ]); // prettier-ignore
    expect(await post('/agents/spans/custom-attrs/schema', { limit: 1, offset: 1 })).toMatchObject({ attributes: [{ key: 'big' }], has_more: true }); // prettier-ignore
  });

  it('are searched by what was said', async () => {
    const search = (body: object) =>
      post<{ results: Json[]; total_conversations: number }>('/agents/search', body);
    const matches = async (body: object) =>
      (await search(body)).results.flatMap(({ conversation_id: id, matched_messages: of }) =>
        (of as Json[]).map(({ span_id: span, role }) => [id, String(span)[0], role].join(' ')),
      );
    expect(await matches({ query: 'Rome' })).toEqual(['__NO_CONVERSATION__ 3 tool_call', '__NO_CONVERSATION__ 2 assistant', '__NO_CONVERSATION__ 2 user']); // prettier-ignore
    expect(await matches({ query: 'Rome', roles: ['tool'] })).toEqual(['__NO_CONVERSATION__ 3 tool_call']);
    expect(await matches({ query: 'Thank', conversation_id: 'c-1' })).toEqual(['c-1 6 user']);
    expect(await matches({ query: 'thank' })).toEqual([]);
    expect(await matches({ query: '', trace_id: TRACE, limit: 1, offset: 1 })).toHaveLength(1);
    const [found] = (await search({ query: 'wear there?', request_model: 'm-1' })).results;
    expect(found).toMatchObject({ last_activity: iso(100), agent_name: '', matched_messages: [{ trace_id: TRACE, started_at: iso(100) }] }); // prettier-ignore
  });

  it('read as a chat of the trace', async () => {
    const chat = await post<{ messages: Json[] } & Json>('/agents/traces/chat', { trace_id: TRACE });
    const told = ({ type, agent_name: agent, ...more }: Json) => [type, agent, (more[String(type)] as Json).text ?? (more[String(type)] as Json).tool_name]; // prettier-ignore
    expect(chat.messages.map(told)).toEqual([
      ['user_message', 'User', 'What is the weather in Rome, and what should I wear there?'],
      ['agent_start', 'guide', undefined],
      ['tool_call', 'guide', 'weather'],
      ['assistant_message', 'guide', 'Wear a coat.'],
    ]);
    expect(chat).toMatchObject({
      trace_id: TRACE, root_span_name: 'guide', agent_version: '2', provider: 'openai', total_duration_ms: 1000, total_input_tokens: 40,
      total_output_tokens: 12, total_cache_read_input_tokens: 8, feedback: null,
    }); // prettier-ignore
    expect(chat.messages[2]).toMatchObject({
      status_code: 'ERROR', error_type: 'Timeout', tool_call: { tool_arguments: '{"city": "Rome", "n": 9007199254740993}', tool_result: '', duration_ms: 200 },
    }); // prettier-ignore
    const asked = await post<{ messages: Json[] }>('/agents/traces/chat', {
      trace_id: TRACE,
      include_model_tool_calls: true,
    });
    // The request has an execution, so that is shown.
    expect(asked.messages.map(told)).toEqual(chat.messages.map(told));
    expect(await post('/agents/traces/chat', { trace_id: 'none' })).toMatchObject({ messages: [], status_code: null }); // prettier-ignore
  });

  it('read as the turns of a conversation, with feedback', async () => {
    const give = (ref: string, payload: string) =>
      stack.send('/feedback/create', `{"project_id":"${project}","weave_ref":"${ref}","feedback_type":"wandb.agent_user_feedback","payload":${payload},"scorer_tags":["good"],"scorer_ratings":{"fit":0.5}}`); // prettier-ignore
    expect((await give(`weave:///${project}/agent_turn/${OTHER}`, '{"n":9007199254740993}')).status).toBe(
      200,
    );
    expect((await give(`weave:///${project}/agent_conversation/c-1`, '{}')).status).toBe(200);
    const res = await stack.send('/agents/conversations/chat', { project_id: project, conversation_id: 'c-1', include_feedback: true }); // prettier-ignore
    const text = await res.text();
    const chat = JSON.parse(text) as { turns: (Json & { messages: Json[]; feedback: unknown[] })[] } & Json;
    expect(text).toContain('"payload":{"n":9007199254740993}');
    expect(chat).toMatchObject({ conversation_id: 'c-1', total_turns: 2, has_more: false, limit: 50, offset: 0, feedback: [{ scorer_tags: ['good'] }] }); // prettier-ignore
    expect(chat.turns.map(({ trace_id: id, feedback }) => [id, feedback.length])).toEqual([[TRACE, 0], [OTHER, 1]]); // prettier-ignore
    expect(chat.turns[1]!.messages.map(({ type }) => type)).toEqual(['user_message', 'assistant_message']);
    const first = await post<{ turns: Json[]; has_more: boolean }>('/agents/conversations/chat', { conversation_id: 'c-1', limit: 1 }); // prettier-ignore
    expect([first.turns[0]!.trace_id, first.has_more]).toEqual([OTHER, true]);

    const { conversations } = await post<{ conversations: Json[] }>('/agents/conversations/spans', { conversation_ids: ['c-1', 'none'] }); // prettier-ignore
    expect(conversations).toEqual([
      {
        conversation_id: 'c-1',
        spans: [
          { operation_name: 'invoke_agent', trace_id: TRACE, span_id: '1'.repeat(16), status: 'UNSET', duration_ms: 1000 },
          { operation_name: 'chat', trace_id: OTHER, span_id: '6'.repeat(16), status: 'UNSET', duration_ms: 1000 },
        ],
        spans_feedback: [
          { trace_id: null, feedback_type: 'wandb.agent_user_feedback', tags: ['good'], ratings: [{ name: 'fit', value: 0.5, reason: null, confidence: null }] },
          { trace_id: OTHER, feedback_type: 'wandb.agent_user_feedback', tags: ['good'], ratings: [{ name: 'fit', value: 0.5, reason: null, confidence: null }] },
        ],
      },
      { conversation_id: 'none', spans: [], spans_feedback: [] },
    ]); // prettier-ignore
    const signals = { group_by: [{ key: 'conversation_id' }], signal_filters: { tags: ['good'], ratings: [{ scorer_key: 'fit', op: 'gte', value: 0.5 }] } }; // prettier-ignore
    expect(await groups(signals)).toHaveLength(1);
    expect(await groups({ ...signals, signal_filters: { tags: ['bad'] } })).toEqual([]);
  });

  it.each<[string, object, RegExp, number]>([
    ['an unknown sort field', { sort_by: [{ field: 'nope' }] }, /sort_by\[0\]\.field/, 400],
    ['an unknown group', { group_by: [{ key: 'nope' }] }, /group_by\[0\]\.key/, 422],
    ['figures without groups', { measures: [{ alias: 'n', aggregation: 'count' }] }, /measures: require group_by/, 422],
    ['a sum of texts', { group_by: [{ key: 'agent_name' }], measures: [{ alias: 'n', aggregation: 'sum', value: { key: 'agent_name' } }] }, /measures\[0\]\.aggregation/, 422],
    ['a taken name', { group_by: [{ key: 'agent_name' }], measures: [{ alias: 'span_count', aggregation: 'count' }] }, /measures\[0\]\.alias/, 422],
    ['an empty custom field', { query: eq('custom_attrs_int.', 1) }, /query\.\$expr\.\$eq\[0\]/, 422],
    ['too many', { limit: 10_001 }, /limit/, 422],
  ])('refuse %s with its place', async (_, body, message, status) => {
    const res = await stack.send('/agents/spans/query', { project_id: project, ...body });
    expect([res.status, await res.text()]).toEqual([status, expect.stringMatching(message)]);
  }); // prettier-ignore

  it('are gone when their calls are', async () => {
    const own = newProject('agents-gone');
    await send(own, TURN);
    await stack.post('/calls/delete', { project_id: own, call_ids: ['1'.repeat(16)] });
    expect(await stack.post('/agents/query', { project_id: own })).toEqual({ agents: [], total_count: 0 });
    expect(await stack.post('/agents/spans/query', { project_id: own })).toMatchObject({ total_count: 0 });
  });
});

describe("W&B's Conversation SDK", () => {
  it('has a conversation and reads it back', async () => {
    const project = newProject('agents-sdk');
    const read = await runProgram<Record<string, any>>(stack, 'agents.py', project);
    expect(read.agents).toMatchObject([
      { agent_name: 'planner', span_count: 3, invocation_count: 3, error_count: 1 },
      { agent_name: 'critic', span_count: 1 },
    ]);
    expect(read.versions).toMatchObject([{ agent_version: 'v2', span_count: 3 }]);
    expect(read.spans).toHaveLength(9);
    expect(read.of_critic).toHaveLength(1);
    expect(read.turns).toMatchObject({ conversation_id: 'trip-1', total_turns: 3 });
    const told = read.turn.messages.map((each: Json) => each.type);
    expect(told).toEqual([
      'user_message', 'agent_start', 'assistant_message', 'tool_call', 'agent_start', 'assistant_message', 'assistant_message',
    ]); // prettier-ignore
    expect(read.turn.messages[1].agent_start.system_instructions).toBe('You plan trips.');
    expect(read.turn.messages[2].assistant_message).toMatchObject({ text: 'I look it up.', reasoning_content: 'It is winter.', reasoning_tokens: 2 }); // prettier-ignore
    expect(read.turns.turns[2].messages.at(-1)).toMatchObject({
      status_code: 'ERROR',
      error_type: 'ValueError',
    });
    const tokens = read.stats.rows.reduce(
      (sum: number, row: Record<string, number>) => sum + row.sum_tokens!,
      0,
    );
    expect(tokens).toBe(33);
    const custom = read.custom.attributes.map(
      ({ key, value_type: type }: Json) => `${String(key)} ${String(type)}`,
    );
    expect(custom).toEqual(
      expect.arrayContaining(['attempt int', 'fast bool', 'score float', 'team string']),
    );
    expect(read.search.results).toMatchObject([{ conversation_id: 'trip-1', conversation_name: '' }]);
  });
});
