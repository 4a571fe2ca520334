import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
import {
  batch,
  endOf,
  json,
  openTestStore,
  startOf,
  type StartLike,
  type TestStore,
} from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { BreakdownDimension, BreakdownQuery } from './types.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
let projects = 0;
const newProject = () => `e/breakdown${++projects}`;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES calls');
  ({ reader, writer } = store.open());
}, 60_000);
afterAll(() => store?.close(), 60_000);

const HOUR = 3_600_000_000;
const T = Date.UTC(2026, 0, 5) * 1000;
const write = async (calls: readonly CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);
const query = (projectId: string, ...by: BreakdownDimension[]): BreakdownQuery => ({
  range: { projectId, filter: {}, fromUs: T, toUs: T + 2 * HOUR, bucketStartsUs: [T, T + HOUR] },
  by,
});

interface Made extends StartLike {
  readonly usage?: object;
  readonly ms?: number;
  readonly exception?: string;
}
const call = (p: string, atUs: number, { usage = {}, ms = 1000, exception, ...start }: Made): CallPart => {
  const id = newId();
  const summary = json(JSON.stringify({ usage }));
  return {
    ...startOf(p, id, { startedAtUs: atUs, ...start, complete: true }),
    ...endOf(p, id, { endedAtUs: atUs + ms * 1000, summary, exception: exception ?? null, complete: true }),
  };
};
const keysOf = (groups: readonly { readonly key: readonly string[] }[]) => groups.map(({ key }) => key);

describe('a breakdown', () => {
  const EVIL = "a'\\\u0000\t\n‮{x:String}";

  it('has the first groups by what is asked for, and the others together', async () => {
    const p = newProject();
    const op = (version: string) => `weave:///${p}/op/answer:${version}`;
    await write([
      call(p, T, { opName: op('v1'), userId: 'ada', ms: 100, usage: { m: { prompt_tokens: 10, completion_tokens: 1 } } }),
      call(p, T + HOUR, { opName: op('v2'), userId: 'ada', ms: 300, exception: 'no' }),
      call(p, T, { opName: 'slow', userId: 'bob', ms: 9000, usage: { m: { prompt_tokens: 100 }, n: { prompt_tokens: 7, total_tokens: 8 } } }),
      call(p, T, { opName: EVIL, userId: EVIL, ms: 1 }),
      call(p, T + 2 * HOUR, { opName: 'late', userId: 'bob' }),
    ]); // prettier-ignore
    const byOp = query(p, 'op');
    expect(keysOf(await reader.topGroups(byOp, 'calls', 10))).toEqual([['answer'], [EVIL], ['slow']]);
    expect(keysOf(await reader.topGroups(byOp, 'errors', 10))).toEqual([['answer']]);
    expect(keysOf(await reader.topGroups(byOp, 'latency', 2))).toEqual([['slow'], ['answer']]);
    expect(keysOf(await reader.topGroups(query(p, 'user'), 'tokens', 10))).toEqual([['bob'], ['ada']]);
    expect(keysOf(await reader.topGroups(query(p, 'model', 'user'), 'tokens', 10))).toEqual([
      ['m', 'bob'],
      ['m', 'ada'],
      ['n', 'bob'],
    ]);

    const [answer] = await reader.topGroups(byOp, 'calls', 1);
    const calls = await reader.breakdownCalls(byOp, [answer!], true);
    const of = (group: number, bucketStartUs: number | null) =>
      calls.find((row) => row.group === group && row.bucketStartUs === bucketStartUs);
    expect(of(0, null)).toEqual({ group: 0, bucketStartUs: null, calls: 2, errors: 1, p50Ms: 200, p95Ms: 290, p99Ms: 298 }); // prettier-ignore
    expect(of(0, T + HOUR)).toMatchObject({ calls: 1, errors: 1, p50Ms: 300 });
    expect(of(-1, null)).toMatchObject({ calls: 2, errors: 0, p50Ms: 4500.5 });
    expect(of(-1, T + HOUR)).toBeUndefined();
    expect(calls).toHaveLength(5);

    const evil = (await reader.topGroups(query(p, 'user'), 'calls', 10)).find(({ key }) => key[0] === EVIL);
    const [ofEvil] = await reader.breakdownCalls(query(p, 'user'), [evil!], false);
    expect(await reader.breakdownCalls(query(p, 'user'), [evil!], false)).toHaveLength(2);
    expect(ofEvil).toMatchObject({ group: -1, calls: 3 });
  });

  it('counts tokens by group, model and price', async () => {
    const p = newProject();
    await write([
      call(p, T, { userId: 'ada', usage: { m: { prompt_tokens: 10, completion_tokens: 1, cache_read_input_tokens: 4 } } }),
      call(p, T + HOUR, { userId: 'ada', usage: { m: { prompt_tokens: 20 }, n: { prompt_tokens: 3, completion_tokens: 2 } } }),
      call(p, T, { userId: 'bob', usage: { m: { prompt_tokens: 5 } } }),
    ]); // prettier-ignore
    const q = query(p, 'user');
    const [ada] = await reader.topGroups(q, 'tokens', 1);
    const rows = await reader.breakdownTokens(q, [ada!], [T + HOUR], 100);
    const row = (group: number, bucketStartUs: number, model: string, tokens: object) => ({
      ...{ group, bucketStartUs, model, sinceUs: bucketStartUs === T ? 0 : T + HOUR, count: 1 },
      ...{ output: 0, completion: 0, cacheRead: 0, cacheCreation: 0, ...tokens },
    });
    expect(rows).toEqual([
      row(-1, T, 'm', { input: 5, total: 5, uncached: 5 }),
      row(0, T, 'm', { input: 10, output: 1, completion: 1, total: 11, uncached: 6, cacheRead: 4 }),
      row(0, T + HOUR, 'm', { input: 20, total: 20, uncached: 20 }),
      row(0, T + HOUR, 'n', { input: 3, output: 2, completion: 2, total: 5, uncached: 3 }),
    ]);
    expect(await reader.breakdownTokens(q, [ada!], [], 1)).toHaveLength(1);
    const byModel = query(p, 'model', 'user');
    const groups = await reader.topGroups(byModel, 'tokens', 10);
    const sums = await reader.breakdownTokens(byModel, groups, [], 100);
    expect(sums.map(({ group, input }) => [...groups[group]!.key, input]).sort()).toEqual([
      ['m', 'ada', 10],
      ['m', 'ada', 20],
      ['m', 'bob', 5],
      ['n', 'ada', 3],
    ]);
  });

  it('counts a call once that was sent in two parts', async () => {
    const p = newProject();
    const id = newId();
    await write([startOf(p, id, { startedAtUs: T })]);
    await write([endOf(p, id, { endedAtUs: T + 5000, summary: json('{}') })]);
    const rows = await reader.breakdownCalls(query(p), [], false);
    expect(rows).toEqual([expect.objectContaining({ group: -1, calls: 1, p50Ms: 5 })]);
    expect(await reader.breakdownCalls(query(newProject()), [], true)).toEqual([]);
    expect(await reader.topGroups(query(newProject(), 'thread'), 'tokens', 3)).toEqual([]);
  });
});
