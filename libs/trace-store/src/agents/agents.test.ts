import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseQuery } from '@weft/query-language';
import { batch, json, openTestStore, renameOf, spanOf, T0, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import { agentColumn, agentField, CUSTOM_SOURCES } from './fields.ts';
import { AGENT_ATTRIBUTES } from './attributes.ts';
import type { AgentFilter, AgentGroupsQuery, AgentSpansQuery, AgentValue } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/agents${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES calls');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const SECOND = 1_000_000;

/** A span as `writeDump` of libs/otlp stores it. */
function span(project: string, trace: string, id: string, attributes: Readonly<Record<string, unknown>>, seconds = 0, more: { readonly salt?: string; readonly threadId?: string; readonly parentId?: string; readonly mayRepeatUsage?: boolean } = {}) {
  const dump = { v: 1, trace, span: id, name: `span ${id}`, kind: 1, start: '0', end: '0', status: [id === 'bad' ? 2 : 0, ''], attributes: Object.entries(attributes), resource: { attributes: [] }, scope: { name: '', version: '' } };
  const startedAtUs = T0 + seconds * SECOND;
  const { mayRepeatUsage = false, ...started } = more;
  const usage = { m: { input_tokens: attributes['gen_ai.usage.input_tokens'] ?? 0, output_tokens: attributes['gen_ai.usage.output_tokens'] ?? 0 } };
  return spanOf(project, trace, id, { startedAtUs, otelDump: json(JSON.stringify(dump)), ...started }, { endedAtUs: startedAtUs + SECOND, summary: json(JSON.stringify({ usage })), mayRepeatUsage, ...(more.salt === undefined ? {} : { salt: more.salt }) });
} // prettier-ignore

const write = async (...calls: ReturnType<typeof span>[]) =>
  expect(await writer.write(batch({ calls }))).toEqual([]);
const agent = (name: string, version = '') => ({
  'gen_ai.agent.name': name,
  'gen_ai.agent.version': version,
});
const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.usage.input_tokens': 5 };

async function ids(filter: AgentFilter, more: Partial<AgentSpansQuery> = {}): Promise<string[]> {
  const found: string[] = [];
  const query: AgentSpansQuery = { ...filter, sort: [], limit: 100, offset: 0, details: false, ...more };
  for await (const page of reader.streamAgentSpans(query)) found.push(...page.map(({ spanId }) => spanId));
  expect(await reader.countAgentSpans(filter)).toBe(found.length);
  return found;
}

const where = (field: string, value: unknown) =>
  parseQuery({ $expr: { $eq: [{ $getField: field }, { $literal: value }] } }, agentField);
const groups = (projectId: string, ...groupBy: AgentValue[]): AgentGroupsQuery => ({
  projectId, groupBy, measures: [], bounds: [], sort: [], limit: 100, offset: 0,
}); // prettier-ignore

describe('spans of agents', () => {
  it('are one however often they are sent, renamed or changed', async () => {
    const p = newProject();
    const one = span(p, 't', 'a', { ...agent('x'), ...chat });
    await write(one);
    await write(one);
    expect(await ids({ projectId: p })).toEqual(['a']);
    await writer.write(batch({ calls: [renameOf(p, 'a', 'named')] }));
    await write(span(p, 't', 'a', { ...agent('x'), ...chat, more: 1 }, 1, { salt: 'later' }));
    expect(await ids({ projectId: p })).toEqual(['a']);
    const listed = { projectId: p, sort: [], limit: 10, offset: 0 };
    expect(await reader.listAgents(listed)).toMatchObject([{ name: 'x', spanCount: 1, inputTokens: 5 }]);
    await writer.write(batch({ deletedCalls: [{ projectId: p, id: 'a', deletedAtUs: T0 }] }));
    expect(await ids({ projectId: p })).toEqual([]);
    expect(await reader.listAgents(listed)).toEqual([]);
  });

  it('of one id are apart by their traces, and projects by themselves', async () => {
    const [p, other] = [newProject(), newProject()];
    await write(span(p, 't1', 'a', chat), span(p, 't2', 'a', chat, 1), span(other, 't3', 'a', chat));
    expect(await ids({ projectId: p })).toEqual(['a', 'a']);
    expect(await ids({ projectId: p, traceIds: ['t2'] })).toEqual(['a']);
    expect(await ids({ projectId: other })).toEqual(['a']);
  });

  it('have the agent of their trace: name, version and id of one span', async () => {
    const p = newProject();
    await write(
      span(p, 't', 'late', agent('second', '2'), 9),
      span(p, 't', 'first', agent('first', ''), 1),
      span(p, 't', 'version', { 'gen_ai.agent.version': 'of nobody' }, 0),
      span(p, 't', 'none', chat, 5, { threadId: 'c' }),
      span(p, 'u', 'else', chat, 6),
    );
    expect((await ids({ projectId: p, where: where('agent_name', 'first') })).sort()).toEqual(['first', 'none', 'version']); // prettier-ignore
    expect(await ids({ projectId: p, where: where('agent_version', '2') })).toEqual(['late']);
    expect(await ids({ projectId: p, where: where('agent_version', 'of nobody') })).toEqual([]);
    expect((await ids({ projectId: p, where: where('conversation_id', 'c') })).length).toBe(4);
    expect((await reader.traceIdentities(p, ['t', 'u'])).get('t')).toEqual({
      agentName: 'first', agentVersion: '', agentId: '', conversationId: 'c',
    }); // prettier-ignore
    expect(await reader.countAgentGroups(groups(p, { kind: 'column', column: 'agent_name' }))).toBe(3);
  });

  it('can be found, sorted, grouped and measured by every column', async () => {
    const p = newProject();
    await write(
      span(p, 't', 'a', { ...agent('x'), ...chat, n: 1 }),
      span(p, 't', 'bad', { ...chat, n: 2.5 }, 1),
    );
    const columns = [...new Set(AGENT_ATTRIBUTES.flatMap(({ column }) => agentColumn(column) ?? []))];
    const values: AgentValue[] = [
      ...[...columns, 'span_name', 'started_at', 'ended_at', 'wb_run_step'].map((column) => ({ kind: 'column', column }) as const),
      ...CUSTOM_SOURCES.map((source) => ({ kind: 'custom', source, key: 'n' }) as const),
      { kind: 'derived', key: 'duration_ms' },
      { kind: 'derived', key: 'is_error' },
    ]; // prettier-ignore
    const sort = values.map((by) => ({ by, direction: 'asc' as const }));
    expect(await ids({ projectId: p }, { sort })).toHaveLength(2);
    const measures = values.map((value) => ({ value, aggregation: 'count_distinct' as const }));
    const [one, ...others] = await reader.agentGroups({ ...groups(p, ...values), measures });
    expect(others).toHaveLength(1);
    expect(one!.measures.every((n) => n === 1 || n === 0)).toBe(true);
    const query = {
      $expr: { $or: columns.map((column) => ({ $eq: [{ $getField: column }, { $literal: '77' }] })) },
    };
    expect(await ids({ projectId: p, where: parseQuery(query, agentField) })).toEqual([]);
  });

  it('count once what an agent tells of the spans below it', async () => {
    const p = newProject();
    const used = (n: number) => ({ 'gen_ai.usage.input_tokens': 10 * n, 'gen_ai.usage.output_tokens': n });
    const operation = (name: string) => ({ 'gen_ai.operation.name': name });
    await write(
      span(p, 't', 'agent', { ...agent('a'), ...operation('invoke_agent'), ...used(2), 'gen_ai.request.model': 'm' }, 0, { mayRepeatUsage: true }),
      span(p, 't', 'step', operation('agent_step'), 1, { parentId: 'agent' }),
      span(p, 't', 'one', { ...operation('chat'), ...used(1), 'gen_ai.request.model': 'm' }, 2, { parentId: 'step' }),
      span(p, 't', 'two', { ...operation('chat'), ...used(1), 'gen_ai.request.model': 'm' }, 3, { parentId: 'agent' }),
      span(p, 'u', 'alone', { ...agent('b'), ...operation('invoke_agent'), ...used(5) }, 4, { mayRepeatUsage: true }),
      span(p, 'v', 'named', { ...agent('c'), ...operation('invoke_agent'), ...used(4) }, 5, { mayRepeatUsage: true }),
      span(p, 'v', 'chat', { ...agent('c'), ...operation('chat'), ...used(4) }, 6, { parentId: 'named' }),
    );
    const prices = [{ model: 'm', input: 1, output: 1, cacheRead: 1, cacheCreation: 1 }];
    const byAgent = { ...groups(p, { kind: 'column', column: 'agent_name' } as const), prices };
    const values: AgentValue[] = [{ kind: 'column', column: 'input_tokens' }, { kind: 'derived', key: 'total_tokens' }];
    const measures = values.map((value) => ({ value, aggregation: 'sum' as const }));
    const figures = async (query: AgentGroupsQuery) =>
      Object.fromEntries((await reader.agentGroups({ ...query, measures })).map(({ keys, figures: { total_input_tokens: sent, total_output_tokens: made }, measures: of }) => [keys[0], [sent, made, ...of]]));
    expect(await figures(byAgent)).toEqual({ a: [20, 2, 20, 22], b: [50, 5, 50, 55], c: [40, 4, 40, 44] });
    expect((await reader.agentGroups(byAgent)).find(({ keys }) => keys[0] === 'a')!.costs[0]).toBe(22);
    // Where nothing else is asked for, what the agent tells is all there is.
    expect(await figures({ ...byAgent, where: where('operation_name', 'invoke_agent') })).toEqual({ a: [20, 2, 20, 22], b: [50, 5, 50, 55], c: [40, 4, 40, 44] });
    expect(await figures({ ...byAgent, where: where('operation_name', 'chat') })).toEqual({ a: [20, 2, 20, 22], c: [40, 4, 40, 44] });
    const listed = await reader.listAgents({ projectId: p, sort: [], limit: 10, offset: 0, prices });
    expect(Object.fromEntries(listed.map(({ name, inputTokens, spanCount, costUsd }) => [name, [inputTokens, spanCount, costUsd]]))).toEqual({
      a: [20, 1, 22], b: [50, 1, null], c: [40, 2, null],
    });
  }); // prettier-ignore

  it('are read by turns, and in the sequence of their conversation', async () => {
    const p = newProject();
    const of = (trace: string, id: string, at: number, threadId = 'c') => span(p, trace, id, { ...chat, 'gen_ai.input.messages': 'hi' }, at, { threadId }); // prettier-ignore
    await write(of('t1', 'a', 0), of('t1', 'b', 1, ''), of('t1', 'x', 2, 'other'), of('t2', 'c', 3), of('t3', 'd', 4)); // prettier-ignore
    expect(await reader.conversationTurns(p, 'c', 2, 0)).toEqual(['t3', 't2']);
    expect(await reader.conversationTurns(p, 'c', 2, 2)).toEqual(['t1']);
    expect(await reader.countConversationTurns(p, 'c')).toBe(3);
    const spans = [];
    for await (const page of reader.streamTraceSpans(p, ['t1', 't2'], 10, 'c')) spans.push(...page);
    expect(spans.map(({ spanId }) => spanId)).toEqual(['a', 'b', 'c']);
    const scope = { projectId: p, conversationIds: ['c', 'other'] };
    const last = await reader.conversationSequences(scope, 2);
    expect(last.filter(({ conversationId }) => conversationId === 'c').map(({ spanId }) => spanId)).toEqual(['c', 'd']); // prettier-ignore
    const ends = await reader.conversationEnds(scope);
    expect(ends.find(({ conversationId }) => conversationId === 'c')).toMatchObject({
      first: { spanId: 'a' },
    });
  });
});
