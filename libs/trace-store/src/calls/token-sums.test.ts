import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import { openClickHouse } from '../clickhouse.ts';
import { batch, completeOf, json, openTestStore, renameOf, type TestStore } from '../testing/store.ts';
import type { TraceReader, TraceWriter } from '../trace-store.ts';
import type { StatsRange, TokenSums } from './stats-types.ts';
import { compileTokenSums } from './token-sums.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const T = Date.UTC(2026, 0, 5) * 1000;
const PROJECT = 'e/sums';

interface Usage {
  readonly prompt: number;
  readonly completion: number;
  readonly hits: number;
  readonly misses: number;
}
interface Made {
  readonly id: string;
  readonly atUs: number;
  readonly isRoot: boolean;
  readonly usage: ReadonlyMap<string, Usage>;
}

const random = mulberry32(7);
const below = (n: number) => Math.floor(random() * n);

function make(): Made {
  const models = ['a', 'b', 'c'].filter(() => below(2) === 0);
  const usage = new Map(models.map((model) => [model, { prompt: below(20), completion: below(9), hits: below(9), misses: below(9) }]));
  return { id: newId(), atUs: T + below(12 * 60) * MINUTE + below(3), isRoot: below(2) === 0, usage };
} // prettier-ignore

function partOf({ id, atUs, isRoot, usage }: Made): CallPart {
  const members = [...usage].map(([model, { prompt, completion, hits, misses }]) => [model, { prompt_tokens: prompt, completion_tokens: completion, cache_read_input_tokens: hits, cache_creation_input_tokens: misses }]);
  const summary = json(JSON.stringify({ usage: Object.fromEntries(members) }));
  return completeOf(PROJECT, id, { startedAtUs: atUs, parentId: isRoot ? null : 'x' }, { endedAtUs: atUs + 5, summary });
} // prettier-ignore

function expected(calls: readonly Made[], range: StatsRange, changesUs: readonly number[]): TokenSums[] {
  const sums = new Map<string, TokenSums>();
  const last = (starts: readonly number[], us: number) => starts.findLast((start) => start <= us) ?? 0;
  for (const { atUs, isRoot, usage } of calls) {
    if (atUs < range.fromUs || atUs >= range.toUs || (range.filter.traceRootsOnly === true && !isRoot)) continue;
    for (const [model, { prompt, completion, hits, misses }] of usage) {
      const [bucketStartUs, sinceUs] = [last(range.bucketStartsUs, atUs), last(changesUs, atUs)];
      const key = `${bucketStartUs} ${model} ${sinceUs}`;
      const before = sums.get(key);
      sums.set(key, {
        bucketStartUs, model, sinceUs,
        count: (before?.count ?? 0) + 1,
        uncached: (before?.uncached ?? 0) + (hits + misses <= prompt ? prompt - hits - misses : prompt),
        completion: (before?.completion ?? 0) + completion,
        cacheRead: (before?.cacheRead ?? 0) + hits,
        cacheCreation: (before?.cacheCreation ?? 0) + misses,
      });
    }
  }
  return [...sums.values()].sort((x, y) => x.bucketStartUs - y.bucketStartUs || (x.model < y.model ? -1 : x.model > y.model ? 1 : x.sinceUs - y.sinceUs));
} // prettier-ignore

const range = (given: Partial<StatsRange> = {}): StatsRange => ({
  projectId: PROJECT, filter: {}, fromUs: T, toUs: T + 12 * HOUR,
  bucketStartsUs: Array.from({ length: 12 }, (_, i) => T + i * HOUR), ...given,
}); // prettier-ignore

describe('token sums', () => {
  it('are those of the calls, wherever buckets and prices cut, before and after merges', async () => {
    const calls = Array.from({ length: 1500 }, make);
    const write = async (parts: readonly CallPart[]) =>
      expect(await writer.write(batch({ calls: parts }))).toEqual([]);
    await store.command('SYSTEM STOP MERGES calls');
    for (let at = 0; at < calls.length; at += 500) await write(calls.slice(at, at + 500).map(partOf));
    await write(calls.slice(0, 40).map(({ id }) => renameOf(PROJECT, id, "renamed")));
    const deletedCalls = calls
      .slice(30, 60)
      .map(({ id }) => ({ projectId: PROJECT, id, deletedAtUs: T }));
    await writer.write(batch({ deletedCalls }));
    const left = [...calls.slice(0, 30), ...calls.slice(60)];

    const ranges = [
      range(),
      range({ filter: { traceRootsOnly: true } }),
      range({ fromUs: T + 7 * MINUTE, toUs: T + 11 * HOUR + 1 }),
      range({ bucketStartsUs: [T - HOUR, T + 95 * MINUTE, T + 96 * MINUTE, T + 4 * HOUR] }),
      range({ bucketStartsUs: Array.from({ length: 720 }, (_, i) => T + i * MINUTE) }),
      range({ fromUs: T + HOUR, toUs: T + HOUR + 20 * MINUTE }),
    ];
    const changes = [[], [T + HOUR], [T + 20 * MINUTE, T + 2 * HOUR + 1, T + 3 * HOUR]];
    const check = async () => {
      for (const each of ranges)
        for (const changesUs of changes)
          expect(await reader.tokenSums(each, changesUs, 10_000)).toEqual(expected(left, each, changesUs));
    };
    await check();
    await store.command('SYSTEM START MERGES calls');
    await store.command('OPTIMIZE TABLE calls FINAL');
    await check();
    // What the sweep does with rows that merges leave behind.
    await store.command(`DELETE FROM calls WHERE project_id = '${PROJECT}' AND id IN (SELECT id FROM call_deletes)`);
    await check();
  }, 60_000); // prettier-ignore

  it('are read from sums of hours', async () => {
    const { sql, params } = compileTokenSums(range({ fromUs: T + 1 }), [T + HOUR], 10, {
      superseded: false,
      deleted: false,
      contained: true,
    });
    const db = openClickHouse(store.reader);
    const plan = await db.all({ sql: `EXPLAIN projections = 1 ${sql}`, params: { ...params, project: PROJECT } }, (row) => row.text());
    await db.close();
    expect(plan.join('\n')).toMatch(/ReadFromMergeTree \(usage_sums\)|ReadFromRemote/);
  }); // prettier-ignore
});
