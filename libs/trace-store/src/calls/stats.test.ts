import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart, type EndFields } from '@weft/model';
import { openClickHouse } from '../clickhouse.ts';
import {
  batch,
  completeOf,
  endOf,
  json,
  openTestStore,
  renameOf,
  startOf,
  type StartLike,
  type TestStore,
} from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { StatsRange } from './stats-types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/stats${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  // Everything has to hold with every superseded row still on disk.
  await store.command('SYSTEM STOP MERGES calls');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const HOUR = 3_600_000_000;
const T = Date.UTC(2026, 0, 5) * 1000;
const write = async (calls: readonly CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);
const range = (projectId: string, given: Partial<StatsRange> = {}): StatsRange => ({
  projectId, filter: {}, fromUs: T, toUs: T + 3 * HOUR, bucketStartsUs: [T, T + HOUR, T + 2 * HOUR], ...given,
}); // prettier-ignore
const sum = { aggregations: ['sum'], percentiles: [] } as const;

interface Used extends StartLike {
  readonly ms?: number;
  readonly exception?: string;
}
const call = (p: string, atUs: number, usage: object, { ms = 1000, exception, ...start }: Used = {}): CallPart => {
  const end: Partial<EndFields> = {
    endedAtUs: atUs + ms * 1000,
    summary: json(JSON.stringify({ usage })),
    exception: exception ?? null,
  };
  const id = newId();
  return { ...startOf(p, id, { startedAtUs: atUs, ...start, complete: true }), ...endOf(p, id, { ...end, complete: true }) };
}; // prettier-ignore

describe('usage', () => {
  it('is summed by bucket and model', async () => {
    const p = newProject();
    await write([
      call(p, T, { a: { prompt_tokens: 10, completion_tokens: 1, cache_read_input_tokens: 4 } }),
      call(p, T + HOUR - 1, { a: { input_tokens: 20, output_tokens: 2, total_tokens: 99 } }),
      call(p, T + HOUR, {
        a: { prompt_tokens: 100 },
        b: { prompt_tokens: 7, cache_creation_input_tokens: 3 },
      }),
      call(p, T + 3 * HOUR, { a: { prompt_tokens: 1 } }),
      call(p, T - 1, { a: { prompt_tokens: 1 } }),
      call(p, T, {}),
    ]);
    const metrics = (['input_tokens', 'output_tokens', 'total_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'] as const)
      .map((metric) => ({ metric, ...sum })); // prettier-ignore
    expect(await reader.usageStats(range(p), metrics, 100)).toEqual([
      { bucketStartUs: T, model: 'a', count: 2, values: [[30], [3], [110], [4], [0]] },
      { bucketStartUs: T + HOUR, model: 'a', count: 1, values: [[100], [0], [100], [0], [0]] },
      { bucketStartUs: T + HOUR, model: 'b', count: 1, values: [[7], [0], [7], [0], [3]] },
    ]);
    expect(await reader.usageStats(range(p), metrics, 1)).toHaveLength(1);
    expect(await reader.tokenSums(range(p), [], 100)).toEqual([
      {
        bucketStartUs: T,
        model: 'a',
        sinceUs: 0,
        count: 2,
        uncached: 26,
        completion: 3,
        cacheRead: 4,
        cacheCreation: 0,
      },
      {
        bucketStartUs: T + HOUR,
        model: 'a',
        sinceUs: 0,
        count: 1,
        uncached: 100,
        completion: 0,
        cacheRead: 0,
        cacheCreation: 0,
      },
      {
        bucketStartUs: T + HOUR,
        model: 'b',
        sinceUs: 0,
        count: 1,
        uncached: 4,
        completion: 0,
        cacheRead: 0,
        cacheCreation: 3,
      },
    ]);
  });

  it('is told apart where prices change', async () => {
    const p = newProject();
    await write([0, 1, 2].map((n) => call(p, T + n * 1000, { a: { prompt_tokens: 10 ** n } })));
    const sums = await reader.tokenSums(range(p), [T + 1000, T + 1500], 100);
    expect(sums.map(({ sinceUs, uncached }) => [sinceUs, uncached])).toEqual([[0, 1], [T + 1000, 10], [T + 1500, 100]]);
  }); // prettier-ignore

  it('has every aggregation and exact percentiles', async () => {
    const p = newProject();
    await write(Array.from({ length: 101 }, (_, i) => call(p, T + i, { a: { prompt_tokens: i } })));
    const metric = {
      metric: 'input_tokens',
      aggregations: ['sum', 'avg', 'min', 'max', 'count', 'count_true', 'count_false'],
      percentiles: [0, 50, 99.5, 100],
    } as const;
    expect(await reader.usageStats(range(p), [metric], 10)).toEqual([
      { bucketStartUs: T, model: 'a', count: 101, values: [[5050, 50, 0, 100, 101, 1, 1, 0, 50, 99.5, 100]] },
    ]);
  });

  it('falls into buckets of different lengths', async () => {
    const p = newProject();
    const starts = [T - HOUR, T + HOUR / 2, T + 2 * HOUR];
    await write([0, HOUR / 2 - 1, HOUR / 2, 2.5 * HOUR].map((at) => call(p, T + at, { a: { prompt_tokens: 1 } })));
    const rows = await reader.usageStats(range(p, { bucketStartsUs: starts }), [{ metric: 'input_tokens', ...sum }], 10);
    expect(rows.map((row) => [row.bucketStartUs, row.count])).toEqual([[starts[0], 2], [starts[1], 1], [starts[2], 1]]);
  }); // prettier-ignore

  it('of roots also counts calls made of spans, which repeat nothing', async () => {
    const p = newProject();
    const span = { ...call(p, T, { a: { prompt_tokens: 100 } }, { parentId: 'x' }), spanTraceId: 't' };
    await write([
      call(p, T, { a: { prompt_tokens: 1 } }),
      call(p, T, { a: { prompt_tokens: 10 } }, { parentId: 'x' }),
      span,
    ]);
    const used = async (filter: StatsRange['filter']) =>
      (await reader.usageStats(range(p, { filter }), [{ metric: 'input_tokens', ...sum }], 10))[0]?.values;
    expect(await used({})).toEqual([[111]]);
    expect(await used({ traceRootsOnly: true })).toEqual([[101]]);
    expect(await used({ parentIds: ['x'] })).toEqual([[110]]);
  });

  it('of rows from before its columns is read out of the summary', async () => {
    const p = newProject();
    const several = '{"usage":{"a":{"prompt_tokens":5,"completion_tokens":2,"cache_read_input_tokens":1},"b":{"input_tokens":3,"total_tokens":9}}}';
    const one = '{"usage":{"a":{"prompt_tokens":50,"cache_creation_input_tokens":4}}}';
    const rows = [several, one, '', '{}'].map((summary, i) => {
      const model = summary.length > 5 ? 'a' : '';
      return `('${p}', fromUnixTimestamp64Micro(${T + i}), 'old${i}', fromUnixTimestamp64Micro(${T + 9}), 1, 1, ${i + 1}, '${model}', 50, 0, '${summary}')`;
    });
    const db = openClickHouse(store.writer);
    await db.command(
      `INSERT INTO calls (project_id, started_at, id, ended_at, start_ver, end_ver, ver, model, prompt_tokens, completion_tokens, summary) VALUES ${rows.join(', ')}`,
    );
    await db.close();
    const metrics = (['input_tokens', 'total_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'] as const)
      .map((metric) => ({ metric, ...sum }));
    expect(await reader.usageStats(range(p), metrics, 100)).toEqual([
      { bucketStartUs: T, model: 'a', count: 2, values: [[55], [57], [1], [4]] },
      { bucketStartUs: T, model: 'b', count: 1, values: [[3], [9], [0], [0]] },
    ]);
  }); // prettier-ignore
});

describe('calls', () => {
  it('are counted with their errors and times, running ones too', async () => {
    const p = newProject();
    await write([
      call(p, T, {}, { ms: 100 }),
      call(p, T, {}, { ms: 300, exception: 'no' }),
      startOf(p, newId(), { startedAtUs: T }),
      call(p, T + 2 * HOUR, {}, { ms: 7, exception: '' }),
    ]);
    const metrics = [
      { metric: 'call_count', ...sum },
      { metric: 'error_count', aggregations: ['sum', 'count_true', 'count_false'], percentiles: [] },
      { metric: 'latency_ms', aggregations: ['avg', 'min', 'max', 'count'], percentiles: [50] },
    ] as const;
    expect(await reader.callStats(range(p), metrics)).toEqual([
      { bucketStartUs: T, count: 3, values: [[3], [1, 1, 2], [200, 100, 300, 2, 200]] },
      { bucketStartUs: T + 2 * HOUR, count: 1, values: [[1], [1, 1, 0], [7, 7, 7, 1, 7]] },
    ]);
    expect(await reader.callStats(range(newProject()), metrics)).toEqual([]);
  });

  it('count once, with every row they ever had on disk, and not when they are deleted', async () => {
    const p = newProject();
    const [twoParts, renamed, deleted, moved] = [newId(), newId(), newId(), newId()];
    const end = { summary: json('{"usage":{"a":{"prompt_tokens":10}}}'), endedAtUs: T + 5 };
    const start = { startedAtUs: T };
    await write([startOf(p, twoParts, start)]);
    await write([endOf(p, twoParts, end)]);
    await write([completeOf(p, renamed, start, end)]);
    await write([renameOf(p, renamed, 'again')]);
    await write([completeOf(p, deleted, start, end)]);
    await writer.write(batch({ deletedCalls: [{ projectId: p, id: deleted, deletedAtUs: T }] }));
    await write([startOf(p, moved, { startedAtUs: T + 1 })]);
    await write([startOf(p, moved, { startedAtUs: T + HOUR, salt: 'later' }), endOf(p, moved, end)]);
    const usage = await reader.usageStats(range(p), [{ metric: 'input_tokens', ...sum }], 10);
    expect(usage.map((row) => [row.bucketStartUs, row.count, row.values])).toEqual([[T, 2, [[20]]], [T + HOUR, 1, [[10]]]]);
    const sums = await reader.tokenSums(range(p), [], 10);
    expect(sums.map((row) => row.uncached)).toEqual([20, 10]);
    const calls = await reader.callStats(range(p), [{ metric: 'call_count', ...sum }]);
    expect(calls.map((row) => [row.bucketStartUs, row.count])).toEqual([[T, 2], [T + HOUR, 1]]);
    expect(Number((await store.query(`SELECT toString(count()) FROM calls WHERE project_id = '${p}'`))[0])).toBeGreaterThan(4);
  }); // prettier-ignore
});
