import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallPart } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import { batch, completeOf, json, openTestStore, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { StatsRange } from './stats-types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const HOUR = 3_600_000_000;
const T = Date.UTC(2026, 0, 5) * 1000;

interface Span {
  readonly id: string;
  readonly parentId?: string;
  readonly trace?: string;
  readonly used?: readonly [prompt: number, completion: number];
  /** Default: it has usage and is not called `chat…`. */
  readonly marked?: boolean;
  readonly threadId?: string;
  readonly atUs?: number;
}

function partOf(projectId: string, { id, parentId = undefined, trace = 't', used, marked, threadId, atUs = T }: Span): CallPart {
  const usage = used === undefined ? {} : { usage: { [id.startsWith('embed') ? 'e' : 'm']: { input_tokens: used[0], output_tokens: used[1] } } };
  const mayRepeatUsage = marked ?? (used !== undefined && !id.startsWith('chat'));
  return {
    ...completeOf(
      projectId,
      id,
      { startedAtUs: atUs, traceId: trace, parentId: parentId ?? null, threadId: threadId ?? null },
      { endedAtUs: atUs + 5, summary: json(JSON.stringify(usage)), ...(mayRepeatUsage ? { mayRepeatUsage } : {}) },
    ),
    spanTraceId: trace,
  };
} // prettier-ignore

const range = (projectId: string, given: Partial<StatsRange> = {}): StatsRange => ({
  projectId, filter: {}, fromUs: T - HOUR, toUs: T + 12 * HOUR,
  bucketStartsUs: Array.from({ length: 13 }, (_, i) => T + (i - 1) * HOUR), ...given,
}); // prettier-ignore

/** Tokens in and out, both ways; they have to agree. */
async function totals(projectId: string, given: Partial<StatsRange> = {}): Promise<[number, number]> {
  const asked = range(projectId, given);
  const sum = { aggregations: ['sum' as const], percentiles: [] };
  const rows = await reader.usageStats(asked, [{ metric: 'input_tokens', ...sum }, { metric: 'output_tokens', ...sum }], 1000); // prettier-ignore
  const stats = [0, 1].map((i) => rows.reduce((total, { values }) => total + (values[i]![0] ?? 0), 0));
  const sums = await reader.tokenSums(asked, [], 1000);
  const summed = [
    sums.reduce((total, each) => total + each.uncached, 0),
    sums.reduce((total, each) => total + each.completion, 0),
  ];
  expect(summed).toEqual(stats);
  expect(sums.reduce((total, { count }) => total + count, 0)).toBe(
    rows.reduce((total, { count }) => total + count, 0),
  );
  return stats as [number, number];
}

let projects = 0;
async function written(spans: readonly Span[], size = spans.length): Promise<string> {
  const projectId = `e/containers${projects++}`;
  for (let at = 0; at < spans.length; at += size)
    expect(
      await writer.write(batch({ calls: spans.slice(at, at + size).map((span) => partOf(projectId, span)) })),
    ).toEqual([]);
  return projectId;
}

const AGENT: readonly Span[] = [
  { id: 'agent', used: [86, 34] },
  { id: 'step 1', parentId: 'agent' },
  { id: 'chat 1', parentId: 'step 1', used: [43, 17] },
  { id: 'step 2', parentId: 'agent' },
  { id: 'chat 2', parentId: 'step 2', used: [43, 17] },
];
const inside = (spans: readonly Span[], ...above: string[]): Span[] => [
  ...above.map((id, i) => ({ id, ...(i === 0 ? {} : { parentId: above[i - 1]! }) })),
  ...spans.map((span) => ({ ...span, parentId: span.parentId ?? above.at(-1)! })),
];

describe('usage that spans tell again', () => {
  it.each<[name: string, spans: readonly Span[], expected: [number, number]]>([
    ['of a root', AGENT, [86, 34]],
    ['of an agent in a request', inside(AGENT, 'GET /', 'handler'), [86, 34]],
    ['by agents in agents', inside(([...AGENT, { id: 'outer agent', used: [100, 40] }, { id: 'tool', parentId: 'outer agent' }] satisfies Span[]).map((span): Span => (span.id === 'agent' ? { ...span, parentId: 'tool' } : span)), 'GET /'), [86, 34]],
    ['by nobody below', [{ id: 'agent', used: [43, 17] }, { id: 'step', parentId: 'agent' }], [43, 17]],
    ['by nobody below an agent in a request', inside([{ id: 'agent', used: [43, 17] }, { id: 'step', parentId: 'agent' }], 'GET /'), [43, 17]],
    ['by embeddings that look alike', [{ id: 'embed', used: [8, 0] }, { id: 'embed 2', parentId: 'embed', used: [8, 0] }], [8, 0]],
    ['by embeddings in a request', inside([{ id: 'embed', used: [8, 0] }, { id: 'embed 2', parentId: 'embed', used: [8, 0] }], 'GET /'), [8, 0]],
    ['by embeddings beside texts', [{ id: 'agent', used: [43, 17] }, { id: 'embed', parentId: 'agent', used: [8, 0] }], [51, 17]],
    ['in another trace', [{ id: 'agent', used: [43, 17] }, { id: 'chat', parentId: 'agent', trace: 'other', used: [43, 17] }], [86, 34]],
    ['that is nothing', [{ id: 'agent', used: [43, 17] }, { id: 'chat', parentId: 'agent', used: [0, 0] }], [43, 17]],
    ['beside agents that tell nothing else', inside([...AGENT, { id: 'lone agent', used: [5, 2] }], 'GET /'), [91, 36]],
  ])('counts once: %s', async (_, spans, expected) => {
    const random = mulberry32(3);
    for (const [order, size] of [[spans, spans.length], [spans.toReversed(), 1], [spans.map((span) => [random(), span] as const).sort((a, b) => a[0] - b[0]).map(([, span]) => span), 2]] as const)
      expect(await totals(await written(order, size))).toEqual(expected);
  }); // prettier-ignore

  it('counts what is asked for, and where it lies', async () => {
    const later = { atUs: T + 3 * HOUR };
    const spans = inside(AGENT, 'GET /').map((span) => ({
      ...span,
      ...(span.id.startsWith('chat') ? later : {}),
      ...(span.id === 'agent' ? { threadId: 'thread' } : {}),
    }));
    const project = await written(spans);
    expect(await totals(project)).toEqual([86, 34]);
    expect(await totals(project, { toUs: T + HOUR })).toEqual([0, 0]);
    expect(await totals(project, { fromUs: T + HOUR })).toEqual([86, 34]);
    expect(await totals(project, { filter: { threadIds: ['thread'] } })).toEqual([86, 34]);
    expect(await totals(project, { filter: { traceRootsOnly: true } })).toEqual([86, 34]);
  });

  it('comes back when the spans below are deleted', async () => {
    const project = await written(inside(AGENT, 'GET /'));
    const remove = (...ids: string[]) =>
      writer.write(batch({ deletedCalls: ids.map((id) => ({ projectId: project, id, deletedAtUs: T })) }));
    await remove('chat 1');
    expect(await totals(project)).toEqual([43, 17]);
    await remove('chat 2');
    expect(await totals(project)).toEqual([86, 34]);
    await remove('agent');
    expect(await totals(project)).toEqual([0, 0]);
  });

  it('survives circles, and stays where rows are rewritten', async () => {
    const circle: Span[] = [
      { id: 'a', parentId: 'b' },
      { id: 'b', parentId: 'a' },
      { id: 'agent', parentId: 'a', used: [3, 1] },
      { id: 'self', parentId: 'self', used: [2, 1], marked: false },
    ];
    const project = await written(circle);
    expect(await totals(project)).toEqual([5, 2]);
    const agents = await written(AGENT);
    await writer.write(batch({ calls: [{ projectId: agents, id: 'agent', rename: { version: 9n << 64n, displayName: 'x' } }] })); // prettier-ignore
    expect(await totals(agents)).toEqual([86, 34]);
  });
});
