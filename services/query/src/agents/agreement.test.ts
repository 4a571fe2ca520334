import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import {
  AGENT_ATTRIBUTES,
  agentColumn,
  agentColumnType,
  CUSTOM_SOURCES,
  emptyBatch,
  migrate,
  openTraceReader,
  openTraceWriter,
  partVersion,
  type AgentGroupsQuery,
  type AgentValue,
  type StoredAgentSpan,
  type TraceReader,
} from '@weft/trace-store';
import { readSpans, spanToCall, type OtlpSpan } from '@weft/otlp';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAgentSpan, type AgentSpan } from './agent-span.ts';

/** Spans are found by SQL and shown by this service: both must read the same out of them. */

const PROJECT = 'e/agents';
const closing: (() => Promise<unknown>)[] = [];
let reader: TraceReader;
let spans: AgentSpan[];

/** Every attribute of a span gets one of these. */
const VALUES: readonly object[] = [
  { stringValue: 'Some text' },
  { stringValue: '12' },
  { stringValue: '12.7' },
  { stringValue: '1e3' },
  { stringValue: '-5' },
  { stringValue: '' },
  { stringValue: 'x'.repeat(100) },
  { stringValue: '{"a": 1}' },
  { stringValue: '["a", "b"]' },
  { stringValue: 'quo"te \\ é \u{1f600}' },
  { intValue: '42' },
  { intValue: '-3' },
  { intValue: '9007199254740993' },
  { doubleValue: 0.25 },
  { doubleValue: 12.75 },
  { boolValue: true },
  { boolValue: false },
  {},
];
const KEYS = [...new Set(AGENT_ATTRIBUTES.flatMap(({ keys }) => keys))];
const span = (n: number, name: string, attributes: readonly object[], more: object = {}): object => {
  const id = n.toString(16).padStart(16, '0');
  return { traceId: id.repeat(2), spanId: id, name, kind: n % 6, startTimeUnixNano: `${1767323045 + n}000000000`, endTimeUnixNano: `${1767323047 + n}500000000`, attributes, ...more }; // prettier-ignore
};
const marked = { key: 'gen_ai.mark', value: { boolValue: true } };
const event = { name: 'exception', timeUnixNano: '1', attributes: [{ key: 'exception.type', value: { stringValue: 'Oops' } }, { key: 'exception.message', value: { stringValue: 'went wrong' } }] }; // prettier-ignore
const SENT: readonly object[] = [
  ...VALUES.map((value, i) => span(i + 1, 'plain', [...KEYS.map((key) => ({ key, value })), { key: 'custom.key', value }])),
  span(100, 'plain', AGENT_ATTRIBUTES.flatMap(({ keys }) => [...keys.slice(0, -1).map((key) => ({ key, value: { stringValue: '' } })), { key: keys.at(-1), value: { stringValue: '8' } }])),
  // Only the last name of each.
  span(101, 'plain', AGENT_ATTRIBUTES.map(({ keys }, i) => ({ key: keys.at(-1), value: { stringValue: `v${i}` } }))),
  // The last of equal keys, and an empty one before another name.
  span(102, 'plain', [
    { key: 'gen_ai.agent.name', value: { stringValue: 'first' } },
    { key: 'gen_ai.agent.name', value: { stringValue: 'second' } },
    { key: 'custom.key', value: { intValue: '1' } },
  ]),
  ...['invoke_agent  Bob ', 'Chat with me', 'EXECUTE_TOOL x', 'embeddings', 'other', 'invoke_agent'].map((name, i) => span(110 + i, name, [marked])),
  span(120, 'chat', [marked], { status: { code: 2 }, events: [event] }),
  span(121, 'chat', [marked], { status: { code: 2, message: 'said' }, events: [event] }),
  span(122, 'chat', [marked], { status: { code: 1 }, events: [event] }),
  span(123, 'chat', [marked], { status: { code: 2 } }),
  span(124, 'no agent', [{ key: 'custom.key', value: { stringValue: 'x' } }]),
]; // prettier-ignore

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'agents-'));
  closing.push(() => rm(dir, { recursive: true, force: true }));
  const engine = await openEmbeddedClickHouse({ dataDir: dir, logger: createLogger({ name: 'test', level: 'silent' }) });
  closing.push(() => engine.stop());
  const { url, database } = engine;
  await migrate({ url, database, ...engine.writer });
  const writer = openTraceWriter({ url, database, ...engine.writer });
  closing.push(() => writer.close());
  reader = openTraceReader({ url, database, ...engine.reader });
  closing.push(() => reader.close());
  const request = { resourceSpans: [{ scopeSpans: [{ spans: SENT }] }] };
  const { spans: read, rejected } = readSpans(Buffer.from(JSON.stringify(request)), 'json');
  expect(rejected).toEqual([]);
  expect(await writer.write({ ...emptyBatch(), calls: read.map(callOf) })).toEqual([]);
  const stored: StoredAgentSpan[] = [];
  const all = { projectId: PROJECT, sort: [], limit: 1000, offset: 0, details: true };
  for await (const page of reader.streamAgentSpans(all)) stored.push(...page);
  spans = stored.map(readAgentSpan);
}, 60_000); // prettier-ignore

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

function callOf(span: OtlpSpan) {
  const { id, start, end } = spanToCall(span, { projectId: PROJECT, userId: 'u' });
  return {
    projectId: PROJECT,
    id,
    spanTraceId: span.traceId,
    start: { ...start, version: partVersion(start.startedAtUs, true, id, span.raw) },
    end: { ...end, version: partVersion(end.endedAtUs, true, id, span.raw) },
  };
}

const grouped = (value: AgentValue): AgentGroupsQuery => ({
  projectId: PROJECT,
  groupBy: [{ kind: 'column', column: 'span_id' }, value],
  measures: [],
  bounds: [],
  sort: [],
  limit: 1000,
  offset: 0,
});

async function foundBySql(value: AgentValue): Promise<Map<unknown, unknown>> {
  const groups = await reader.agentGroups(grouped(value));
  return new Map(groups.map(({ keys: [id, cell] }) => [id, cell]));
}

const COLUMNS = [
  ...new Set([
    ...AGENT_ATTRIBUTES.flatMap(({ column }) => agentColumn(column) ?? []),
    'span_name',
    'span_kind',
    'status_code',
    'status_message',
    'conversation_id',
    'trace_id',
    'wb_user_id',
  ]),
].filter((column) => agentColumnType(column) !== 'datetime');

describe('spans of agents', () => {
  it('are all but those that say nothing of agents', () => {
    expect(spans).toHaveLength(SENT.length - 1);
  });

  it.each(COLUMNS)('have the same %s in SQL', async (column) => {
    const found = await foundBySql({ kind: 'column', column });
    const shown = spans.map((span) => {
      const value = (span as unknown as Record<string, unknown>)[column];
      return [span.span_id, column === 'eval_trial_index' ? (value ?? -1) : value] as const;
    });
    // What is absurd for a place in a list of trials is unknown.
    const wanted = shown.map(([id, value]) => [id, value === -1 && Number(found.get(id)) < 0 ? found.get(id) : value]);
    expect([...found].sort()).toEqual(wanted.sort());
  }); // prettier-ignore

  it.each(CUSTOM_SOURCES)('have the same custom attribute in SQL: %s', async (source) => {
    const found = await foundBySql({ kind: 'custom', source, key: 'custom.key' });
    for (const span of spans) {
      // How a whole number was sent is not known: SQL takes it for both.
      const shown = source === 'custom_attrs_float' ? { ...span.custom_attrs_int, ...span.custom_attrs_float } : span[source]; // prettier-ignore
      const value = shown['custom.key'];
      expect([span.span_id, found.get(span.span_id)]).toEqual([span.span_id, value ?? null]);
    }
  });

  it('list the same custom attributes', async () => {
    const found = await reader.customAttributes({ projectId: PROJECT }, 100, 0);
    for (const source of CUSTOM_SOURCES) {
      const shown = spans.filter((span) => 'custom.key' in span[source]).length;
      expect(found.find((each) => each.source === source && each.key === 'custom.key')?.spanCount ?? 0).toBe(
        shown,
      );
    }
  });
});
