import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findRefs, type CallPart } from '@weft/model';
import { evaluate, parseQuery } from '@weft/query-language';
import {
  batch,
  completeOf,
  json,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { CallsQuery, StoredCall, TraceReader } from '../trace-store.ts';
import { rowOfCall } from './evaluate-row.ts';
import { callFields } from './fields.ts';

/** What a monitor decides of a call in memory is what the store finds when it is asked. */

const P = 'e/rows';
let store: TestStore;
let reader: TraceReader;
let calls: readonly StoredCall[];

beforeAll(async () => {
  store = await openTestStore();
  const clients = store.open();
  reader = clients.reader;
  expect(await clients.writer.write(batch({ calls: CALLS }))).toEqual([]);
  calls = await read({});
}, 60_000);

afterAll(() => store?.close(), 60_000);

async function read(query: Partial<CallsQuery>): Promise<StoredCall[]> {
  const rows: StoredCall[] = [];
  const all = {
    projectId: P,
    filter: {},
    sort: [],
    payloads: ['attributes', 'inputs', 'output', 'summary'] as const,
  };
  for await (const page of reader.streamCalls({ ...all, ...query })) rows.push(...page);
  return rows;
}

interface Told {
  readonly inputs?: string;
  readonly output?: string;
  readonly summary?: string;
  readonly exception?: string;
  readonly opName?: string;
  readonly displayName?: string;
  readonly attributes?: string;
  readonly seconds?: number;
  readonly threadId?: string;
  readonly parentId?: string;
  readonly otelDump?: object;
}

function told({ inputs = '{}', output = 'null', summary = '{}', exception, opName = 'op', displayName, attributes = '{}', seconds = 1, threadId, parentId, otelDump }: Told) {
  const start = {
    startedAtUs: T0, opName, displayName: displayName ?? null, threadId: threadId ?? null, parentId: parentId ?? null,
    attributes: json(attributes), inputs: json(inputs), inputRefs: findRefs(json(inputs)), userId: 'ada', runStep: 3,
    otelDump: otelDump === undefined ? null : json(JSON.stringify(otelDump)),
  };
  const end = {
    endedAtUs: T0 + seconds * 1e6, output: json(output), outputRefs: findRefs(json(output)), summary: json(summary), exception: exception ?? null,
  };
  return { start, end };
} // prettier-ignore

const done = (id: string, each: Told = {}): CallPart => {
  const { start, end } = told(each);
  return completeOf(P, id, start, end);
};
const ofSpan = (id: string, each: Told): CallPart => {
  const { start, end } = told(each);
  return spanOf(P, 'trace', id, start, end);
};

const INPUTS = '{"question":"long text in here","n":7}';
const from = INPUTS.indexOf('"long');
const dump = {
  v: 1, trace: 'trace', span: 's1', parent: 'p0', name: 'chat gpt', kind: 3, start: '1', end: '2', status: [2, 'broken'],
  attributes: [
    ['gen_ai.request.model', 'gpt-4o'], ['gen_ai.request.model', 'second'], ['n', 0.5], ['big', { i: '9223372036854775807' }], ['nan', { d: 'NaN' }],
    ['bytes', { b: 'AAEC' }], ['yes', true], ['nothing', null], ['list', ['a', 1]], ['pairs', { m: [['a', 1]] }],
    ['prompt', { in: [from, from + '"long text in here"'.length, 1] }], ['part', { in: [from + 1, from + 5] }], ['answer', { out: [1, 3] }],
  ],
  resource: { attributes: [['service.name', 'shop']] }, scope: { name: 'tracer', version: '1.2', attributes: [['k', 'v']] },
}; // prettier-ignore

const CALLS: readonly CallPart[] = [
  done('plain'),
  done('failed', { exception: 'boom', seconds: 2.0019 }),
  done('below', { summary: '{"status_counts":{"error":2},"usage":{"m":{"input_tokens":3}}}', parentId: 'plain' }),
  startOf(P, 'running', told({ inputs: '{"a":1}' }).start),
  done('ref', { opName: `weave:///${P}/op/answer:v1`, inputs: `{"model":"weave:///${P}/object/m:1","list":["weave:///${P}/object/m:1"]}` }),
  done('oddRef', { opName: `weave:///${P}/op/:v1` }),
  done('shown', { opName: `weave:///${P}/op/answer:v2`, displayName: 'Shown', output: `"weave:///${P}/object/o:1"` }),
  done('renamed'),
  renameOf(P, 'renamed', 'Renamed'),
  done('thread', { threadId: 'th', output: '{"score":0.5,"text":"Grüße 😀"}', attributes: '{"env":"prod","otel_span":{"name":"fake"}}' }),
  done('early', { seconds: -0.0015 }),
  ofSpan('span', { inputs: INPUTS, output: '"hi"', opName: 'chat', otelDump: dump }),
  ofSpan('bareSpan', { opName: 'tool', otelDump: { v: 1, trace: 'trace', span: 's2', name: '', kind: 0, start: '1', end: '2', status: [0, ''], attributes: [], resource: { attributes: [] }, scope: { name: '', version: '' } } }),
]; // prettier-ignore

const field = (name: string) => ({ $getField: name });
const eq = (name: string, value: unknown) => ({ $eq: [field(name), { $literal: value }] });
const gt = (name: string, value: unknown) => ({ $gt: [field(name), { $literal: value }] });
const has = (name: string, substr: string) => ({ $contains: { input: field(name), substr: { $literal: substr }, case_insensitive: true } }); // prettier-ignore

/** Beside each how many match, so that agreeing on nothing does not pass. */
const QUERIES: readonly (readonly [found: number, expr: object])[] = [
  [9, eq('summary.weave.status', 'success')],
  [1, eq('summary.weave.status', 'error')],
  [1, eq('summary.weave.status', 'descendant_error')],
  [1, eq('summary.weave.status', 'running')],
  [1, eq('summary.weave.latency_ms', 2001)],
  [1, eq('summary.weave.latency_ms', -1)],
  [1, eq('summary.weave.latency_ms', null)],
  [1, gt('summary.weave.latency_ms', 1000.5)],
  [1, eq('summary.weave.trace_name', 'answer')],
  [1, eq('summary.weave.trace_name', 'Shown')],
  [1, eq('summary.weave.trace_name', 'Renamed')],
  [1, eq('summary.weave.trace_name', '')],
  [1, eq('display_name', 'Renamed')],
  [2, { $in: [field('id'), [{ $literal: 'plain' }, { $literal: 'span' }, { $literal: 'nope' }]] }],
  [12, eq('project_id', P)],
  [12, gt('started_at', T0 / 1e6 - 1)],
  [1, gt('ended_at', T0 / 1e6 + 1.5)],
  [1, eq('ended_at', null)],
  [12, eq('deleted_at', null)],
  [12, eq('wb_user_id', 'ada')],
  [12, eq('wb_username', null)],
  [12, eq('wb_run_step', 3)],
  [12, eq('wb_run_step_end', null)],
  [1, eq('parent_id', 'plain')],
  [1, eq('thread_id', 'th')],
  [12, eq('turn_id', null)],
  [1, has('op_name', 'TOOL')],
  [11, eq('exception', null)],
  [1, has('exception', 'BOO')],
  [1, { $gt: [{ $size: field('input_refs') }, { $literal: 0 }] }],
  [1, { $eq: [{ $size: field('output_refs') }, { $literal: 1 }] }],
  [1, eq('inputs.a', 1)],
  [1, eq('inputs.n', 7)],
  [1, gt('output.score', 0.4)],
  [1, has('output.text', 'GRÜ')],
  [1, eq('attributes.env', 'prod')],
  [1, eq('summary.usage.m.input_tokens', 3)],
  [1, eq('attributes.otel_span.name', 'chat gpt')],
  [1, eq('attributes.otel_span.kind', 'CLIENT')],
  [1, eq('attributes.otel_span.kind', 'UNSPECIFIED')],
  [1, eq('attributes.otel_span.parent_id', 'p0')],
  [1, eq('attributes.otel_span.status.code', 'ERROR')],
  [1, eq('attributes.otel_span.status.message', 'broken')],
  [2, eq('attributes.otel_span.context.trace_id', 'trace')],
  [1, eq('attributes.otel_span.context.span_id', 's1')],
  [1, eq('attributes.otel_span.scope.name', 'tracer')],
  [1, eq('attributes.otel_span.scope.version', '1.2')],
  [1, eq('attributes.otel_span.scope.attributes.k', 'v')],
  [1, eq('attributes.otel_span.resource.attributes.service.name', 'shop')],
  [1, eq('attributes.otel_span.attributes.gen_ai.request.model', 'gpt-4o')],
  [0, eq('attributes.otel_span.attributes.gen_ai.request.model', 'second')],
  [1, eq('attributes.otel_span.attributes.n', 0.5)],
  [1, gt('attributes.otel_span.attributes.big', 9e18)],
  [1, eq('attributes.otel_span.attributes.nan', 'NaN')],
  [1, eq('attributes.otel_span.attributes.bytes', 'AAEC')],
  [1, eq('attributes.otel_span.attributes.yes', true)],
  [12, eq('attributes.otel_span.attributes.nothing', null)],
  [1, has('attributes.otel_span.attributes.list', '"a",1')],
  [1, has('attributes.otel_span.attributes.pairs', '[["a",1]]')],
  [1, eq('attributes.otel_span.attributes.prompt', 'long text in here')],
  [1, eq('attributes.otel_span.attributes.part', 'long')],
  [1, eq('attributes.otel_span.attributes.answer', 'hi')],
  [2, has('attributes.otel_span.start_time', '2026-01-02T03:04:05')],
  [2, has('attributes.otel_span.end_time', '2026-01-02T03:04:06')],
  [12, eq('feedback.[wandb.note.1].payload.note', null)],
  [0, gt('feedback.[*].payload.output.score', 0)],
  [12, { $not: [gt('feedback.[*].payload.output.score', 0)] }],
  [0, eq('annotation_queue_items.queue_id', 'q')],
  [3, { $or: [eq('summary.weave.status', 'error'), eq('inputs.a', 1), eq('attributes.otel_span.attributes.yes', true)] }],
  [1, { $and: [eq('op_name', 'op'), { $not: [eq('exception', null)] }] }],
]; // prettier-ignore

describe('a call in memory', () => {
  it.each(QUERIES)('matches as in the store: %j %j', async (found, expr) => {
    const condition = parseQuery({ $expr: expr }, callFields());
    const inStore = (await read({ condition })).map(({ id }) => id);
    const inMemory = calls.filter((call) => evaluate(condition, rowOfCall(call))).map(({ id }) => id);
    expect([inMemory, inStore.length]).toEqual([inStore, found]);
  });
});
