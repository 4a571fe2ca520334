import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
import { openClickHouse, type ClickHouse } from '../clickhouse.ts';
import { migrate } from '../migrate.ts';
import { openTraceReader } from '../reader.ts';
import { openTestCluster, type TestCluster } from '../testing/cluster.ts';
import { endOf, renameOf, spanOf, startOf, T0 } from '../testing/store.ts';
import type { TraceReader } from '../trace-store.ts';
import { CallCache } from './cache.ts';
import { reconcile } from './reconcile.ts';
import { writeCalls } from './write.ts';

let cluster: TestCluster;
let db: ClickHouse;
let reader: TraceReader;

beforeAll(async () => {
  cluster = await openTestCluster();
  await migrate(cluster.writer);
  db = openClickHouse(cluster.writer);
  reader = openTraceReader(cluster.reader);
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await db?.close();
  await cluster?.close();
}, 60_000);

const guarded = () => db.guardedBy({ isHeld: () => true });

/** A writer that looked before anything was stored. */
async function unaware(...parts: CallPart[]): Promise<void> {
  const blind: ClickHouse = { ...guarded(), all: () => Promise.resolve([]) };
  await writeCalls(blind, new CallCache(10, 1 << 20), parts);
}

it('what two writers tore apart is repaired on every shard', async () => {
  const projects = Array.from({ length: 4 }, (_, i) => `e/p${i}`);
  for (const p of projects) {
    const [moved, torn] = [newId(), newId()];
    await unaware(startOf(p, moved));
    await unaware(startOf(p, moved, { startedAtUs: T0 + 7 }));
    await unaware(startOf(p, torn));
    await unaware(endOf(p, torn));
    await unaware(spanOf(p, 'ta', 'span'));
    await unaware(renameOf(p, 'span', 'new'));
    expect((await reader.countCalls({ projectId: p, filter: {} })).count).toBe(4);
  }
  const cache = new CallCache(1000, 1 << 20);
  const write = async (parts: readonly CallPart[]): Promise<void> => {
    await writeCalls(guarded(), cache, parts, { isAnew: true });
  };
  await reconcile(db, write, 600_000);
  for (const projectId of projects) {
    const calls = [];
    const sort = [{ field: 'display_name', direction: 'asc' }] as const;
    for await (const page of reader.streamCalls({ projectId, filter: {}, sort, payloads: [] }))
      calls.push(...page);
    expect(calls).toHaveLength(3);
    expect(calls.map((call) => [call.displayName, call.startedAtUs, call.endedAtUs])).toEqual(
      expect.arrayContaining([
        ['new', T0, T0 + 1e6],
        [null, T0 + 7, null],
        [null, T0, T0 + 1e6],
      ]),
    );
    expect((await reader.countCalls({ projectId, filter: {} })).count).toBe(3);
  }
  const onShards = await Promise.all(
    cluster.hosts.map((_, host) =>
      cluster.query(host, 'SELECT toString(count()) FROM calls_superseded_local'),
    ),
  );
  expect(onShards.flat().every((count) => Number(count) > 0)).toBe(true);
});
