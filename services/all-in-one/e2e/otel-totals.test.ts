import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newProject, openStack, type Stack } from './stack.ts';

/** What a trace of spans used: agents and frameworks tell again what the model calls below them used, totals do not. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Attribute {
  readonly key: string;
  readonly value: object;
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
}
interface Scope {
  readonly scope?: object;
  readonly spans: readonly Span[];
}
interface Sent {
  readonly scope: object | undefined;
  readonly span: Span;
}

/** Spans of a captured request. */
function captured(name: string): Sent[] {
  const file = new URL(`../../../libs/otlp/fixtures/${name}.json`, import.meta.url);
  const { resourceSpans } = JSON.parse(readFileSync(file, 'utf8')) as { resourceSpans: { scopeSpans: Scope[] }[] };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ scope, spans }) => spans.map((span) => ({ scope, span }))));
} // prettier-ignore

const TRACE = 'c'.repeat(32);
const idOf = (n: number) => n.toString(16).padStart(16, '0');
function made(n: number, parent: number | null, name: string, given: Readonly<Record<string, string | number>>): Sent {
  const attributes = Object.entries(given).map(([key, value]) => ({ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }));
  const at = 1_767_323_045_000_000_000n + BigInt(n) * 1_000_000n;
  const times = { startTimeUnixNano: String(at), endTimeUnixNano: String(at + 5_000_000_000n) };
  return { scope: { name: 'test' }, span: { traceId: TRACE, spanId: idOf(n), ...(parent === null ? {} : { parentSpanId: idOf(parent) }), name, ...times, attributes } };
} // prettier-ignore
const used = (input: number, output: number, operation: string) => ({
  'gen_ai.operation.name': operation,
  'gen_ai.request.model': 'some-model',
  'gen_ai.usage.input_tokens': input,
  ...(output === 0 ? {} : { 'gen_ai.usage.output_tokens': output }),
});

async function send(project: string, spans: readonly Sent[]): Promise<void> {
  const body = {
    resourceSpans: [{ scopeSpans: spans.map(({ scope, span }) => ({ scope, spans: [span] })) }],
  };
  const headers = { 'content-type': 'application/json', project_id: project };
  const res = await stack.send('/otel/v1/traces', body, headers);
  expect([res.status, await res.json()]).toEqual([200, {}]);
}

type Tokens = readonly [input: number, output: number, total: number];
interface Stats {
  readonly usage_buckets: readonly Readonly<Record<string, number>>[];
}
interface Usage {
  readonly call_usage: Record<
    string,
    Record<string, { prompt_tokens: number; completion_tokens: number; total_tokens: number }>
  >;
}

const NS_PER_HOUR = 3_600_000_000_000n;
const MS_PER_NS = 1_000_000n;

/** What `/calls/stats` says of the hours around the spans; of tokens and of costs it has to count the same calls. */
async function overTime(project: string, spans: readonly Sent[]): Promise<Tokens> {
  const starts = spans.map(({ span }) => BigInt(span.startTimeUnixNano));
  const first = starts.reduce((a, b) => (a < b ? a : b));
  const last = starts.reduce((a, b) => (a > b ? a : b));
  const at = (ns: bigint) => new Date(Number(ns / MS_PER_NS)).toISOString();
  const asked = (metrics: readonly string[]) =>
    stack.post<Stats>('/calls/stats', {
      project_id: project,
      start: at(first - 3n * NS_PER_HOUR),
      end: at(last + 3n * NS_PER_HOUR),
      granularity: 3600,
      usage_metrics: metrics.map((metric) => ({ metric })),
    });
  const sumOf = ({ usage_buckets: buckets }: Stats, name: string) =>
    buckets.reduce((sum, bucket) => sum + (bucket[name] ?? 0), 0);
  const tokens = await asked(['input_tokens', 'output_tokens', 'total_tokens']);
  expect(sumOf(await asked(['total_cost']), 'count')).toBe(sumOf(tokens, 'count'));
  return [
    sumOf(tokens, 'sum_input_tokens'),
    sumOf(tokens, 'sum_output_tokens'),
    sumOf(tokens, 'sum_total_tokens'),
  ];
}

/** Of the traces' roots, with all below them. */
async function ofTraces(project: string, spans: readonly Sent[]): Promise<Tokens> {
  const roots = spans.filter(({ span }) => (span.parentSpanId ?? '') === '').map(({ span }) => span.spanId);
  const { call_usage: byCall } = await stack.post<Usage>('/calls/usage', {
    project_id: project,
    call_ids: roots,
  });
  const totals = roots.flatMap((id) => Object.values(byCall[id]!));
  const sum = (name: 'prompt_tokens' | 'completion_tokens' | 'total_tokens') => totals.reduce((all, total) => all + total[name], 0);
  const traced = await Promise.all(
    [...new Set(spans.map(({ span }) => span.traceId))].map((id) =>
      stack.post<Usage>('/trace/usage', { project_id: project, filter: { trace_ids: [id] } }),
    ),
  );
  for (const id of roots) expect(traced.find(({ call_usage: usage }) => id in usage)?.call_usage[id]).toEqual(byCall[id]);
  return [sum('prompt_tokens'), sum('completion_tokens'), sum('total_tokens')];
} // prettier-ignore

const REQUEST = made(1, null, 'POST /chat', {});
const AGENT_ALONE = [made(2, null, 'invoke_agent x', used(43, 17, 'invoke_agent')), made(3, 2, 'execute_tool y', { 'gen_ai.operation.name': 'execute_tool' })]; // prettier-ignore
const STRANDS = [
  made(2, null, 'invoke_agent Strands Agents', {
    ...used(86, 34, 'invoke_agent'),
    'gen_ai.usage.total_tokens': 120,
  }),
  made(3, 2, 'execute_event_loop_cycle', {}),
  made(4, 3, 'chat', used(43, 17, 'chat')),
  made(5, 3, 'execute_tool get_weather', { 'gen_ai.operation.name': 'execute_tool' }),
  made(6, 2, 'execute_event_loop_cycle', {}),
  made(7, 6, 'chat', used(43, 17, 'chat')),
];
const below = (spans: readonly Sent[], parent: Sent): Sent[] => [
  parent,
  ...spans.map(({ scope, span }) => ({ scope, span: { parentSpanId: parent.span.spanId, ...span } })),
];

describe('totals of spans', () => {
  it.each<[name: string, spans: readonly Sent[], expected: Tokens]>([
    ['vercel-v4-tools, whose root tells the last step', captured('vercel-v4-tools'), [86, 34, 120]],
    ['vercel-v5-tools', captured('vercel-v5-tools'), [86, 34, 120]],
    ['vercel-v6-tools', captured('vercel-v6-tools'), [86, 34, 120]],
    ['vercel-v7-tools', captured('vercel-v7-tools'), [86, 34, 120]],
    ['vercel-v7-legacy-stream-tools', captured('vercel-v7-legacy-stream-tools'), [86, 34, 120]],
    ['openinference-vercel-tools', captured('openinference-vercel-tools'), [86, 34, 120]],
    ['vercel-v4-embed-many', captured('vercel-v4-embed-many'), [0, 0, 8]],
    ['vercel-v6-embed', captured('vercel-v6-embed'), [0, 0, 8]],
    ['vercel-v7-embed-many', captured('vercel-v7-embed-many'), [8, 0, 8]],
    ['synthetic-pydantic-ai', captured('synthetic-pydantic-ai'), [43, 17, 60]],
    ['vertex-adk-agents', captured('vertex-adk-agents'), [86, 26, 120]],
    ['Strands', STRANDS, [86, 34, 120]],
    ['an agent in a request', below(STRANDS, REQUEST), [86, 34, 120]],
    ['an agent that alone tells', AGENT_ALONE, [43, 17, 60]],
    ['an agent in a request that alone tells', below(AGENT_ALONE, REQUEST), [43, 17, 60]],
    ['embeddings that look alike', [made(2, null, 'embeddings e', used(8, 0, 'embeddings')), made(3, 2, 'embeddings e', used(8, 0, 'embeddings'))], [8, 0, 8]],
  ])('%s', async (_, spans, expected) => {
    const [together, apart] = [newProject('totals'), newProject('totals')];
    await send(together, spans);
    for (const span of spans.toReversed()) await send(apart, [span]);
    await send(apart, spans);
    for (const project of [together, apart]) {
      expect(await ofTraces(project, spans)).toEqual(expected);
      expect(await overTime(project, spans)).toEqual(expected);
    }
  }); // prettier-ignore

  it('are the same in views of agents', async () => {
    const project = newProject('totals');
    const spans = captured('vercel-v7-tools');
    await send(project, spans);
    const chat = await stack.post<Record<string, number>>('/agents/traces/chat', {
      project_id: project,
      trace_id: spans[0]!.span.traceId,
    });
    expect([chat.total_input_tokens, chat.total_output_tokens]).toEqual([86, 34]);
    const { agents } = await stack.post<{ agents: Record<string, number>[] }>('/agents/query', { project_id: project }); // prettier-ignore
    expect(agents.map((agent) => [agent.total_input_tokens, agent.total_output_tokens])).toEqual([[86, 34]]);
  });

  it('leave what each span tells on its call', async () => {
    const project = newProject('totals');
    await send(project, STRANDS);
    const [root] = await stack.lines<{ summary: { usage: object } }>('/calls/stream_query', {
      project_id: project,
      filter: { call_ids: [idOf(2)] },
    });
    expect(root!.summary.usage).toEqual({
      'some-model': { input_tokens: 86, output_tokens: 34, total_tokens: 120 },
    });
  });
});
