import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@weft/testkit';
import { newId } from '@weft/model';
import { Sweeper } from './calls/sweep.ts';
import { openClickHouse, type ClickHouse, type StoreOptions } from './clickhouse.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/list.ts';
import { openTraceReader } from './reader.ts';
import { openTestCluster, type TestCluster } from './testing/cluster.ts';
import { feedbackRow } from './testing/feedback.ts';
import { batch, completeOf, endOf, json, renameOf, startOf, T0 } from './testing/store.ts';
import type { CallsQuery, TraceReader, TraceWriter, WriteBatch } from './trace-store.ts';
import { openTraceWriter } from './writer.ts';

/** The same is written to two shards and to one server, and must be read alike. */
interface Side {
  readonly writer: TraceWriter;
  readonly reader: TraceReader;
}

let cluster: TestCluster;
let shards: Side;
let plain: Side;
let direct: ClickHouse;

const PROJECTS = Array.from({ length: 6 }, (_, i) => `e/p${i}`);

beforeAll(async () => {
  cluster = await openTestCluster();
  const onePlain: StoreOptions = { ...cluster.hosts[0]!, database: 'plain' };
  await migrate(cluster.writer);
  await migrate(onePlain);
  const open = (writer: StoreOptions, reader: StoreOptions): Side => ({
    writer: openTraceWriter({ ...writer, sweepIntervalMs: 0 }),
    reader: openTraceReader(reader),
  });
  shards = open(cluster.writer, cluster.reader);
  plain = open(onePlain, onePlain);
  direct = openClickHouse(cluster.writer);
}, 60_000);

afterAll(async () => {
  for (const side of [shards, plain]) {
    await side?.writer.close();
    await side?.reader.close();
  }
  await direct?.close();
  await cluster?.close();
}, 60_000);

async function writeBoth(rows: WriteBatch): Promise<void> {
  expect(await shards.writer.write(rows)).toEqual([]);
  expect(await plain.writer.write(rows)).toEqual([]);
}

/** @returns what both sides say. */
async function readBoth<T>(read: (reader: TraceReader) => Promise<T>): Promise<T> {
  const [ofShards, ofPlain] = [await read(shards.reader), await read(plain.reader)];
  expect(ofShards).toEqual(ofPlain);
  return ofShards;
}

async function calls(reader: TraceReader, query: Partial<CallsQuery> & { projectId: string }) {
  const found = [];
  const asked: CallsQuery = { filter: {}, sort: [], payloads: ['inputs', 'output'], ...query };
  for await (const page of reader.streamCalls(asked)) found.push(...page);
  return found;
}

const ids = Array.from({ length: 30 }, () => newId());
const at = (i: number) => T0 + i * 1_000;

function everyTable(projectId: string): WriteBatch {
  const createdAtUs = T0;
  return batch({
    calls: ids.map((id, i) =>
      completeOf(projectId, id, {
        startedAtUs: at(i),
        traceId: `trace-${i % 3}`,
        parentId: i < 3 ? null : ids[i - 3]!,
      }),
    ),
    deletedCalls: [{ projectId, id: ids[7]!, deletedAtUs: T0 }],
    objects: [
      {
        projectId,
        objectId: 'o',
        digest: 'd',
        kind: 'object',
        baseObjectClass: null,
        leafObjectClass: null,
        val: json('{"of":"' + projectId + '"}'),
        refs: [],
        userId: 'u',
        createdAtUs,
        deletedAtUs: null,
      },
    ],
    tables: [{ projectId, digest: 't', rowDigests: [], chunks: [{ digest: 'c', rowCount: 2 }], createdAtUs }],
    tableChunks: [{ projectId, digest: 'c', rowDigests: ['r', 'r'], createdAtUs }],
    tableRows: [{ projectId, digest: 'r', val: json('{"a":1}'), createdAtUs }],
    files: [{ projectId, digest: 'f', name: 'n', bytes: json('bytes'), createdAtUs }],
    feedback: [feedbackRow(projectId, { id: 'fb', createdAtUs, weaveRef: 'ref' })],
    feedbackPurges: [{ projectId, id: 'gone', purgedAtUs: createdAtUs }],
    tags: [{ projectId, objectId: 'o', digest: 'd', tag: 't', isSet: true, userId: 'u', atUs: createdAtUs }],
    aliases: [{ projectId, objectId: 'o', digest: 'd', alias: 'a', userId: 'u', atUs: createdAtUs }],
    prices: [
      {
        projectId,
        id: 'price',
        llmId: 'm',
        providerId: 'default',
        effectiveAtUs: createdAtUs,
        promptTokenCost: 1,
        completionTokenCost: 1,
        cacheReadInputTokenCost: 0,
        cacheCreationInputTokenCost: 0,
        promptTokenCostUnit: 'USD',
        completionTokenCostUnit: 'USD',
        createdAtUs,
        createdBy: 'u',
      },
    ],
    pricePurges: [{ projectId, id: 'gone', purgedAtUs: createdAtUs }],
    queues: [
      {
        projectId,
        id: 'q',
        version: 1n,
        name: 'n',
        description: '',
        scorerRefs: [],
        createdBy: 'u',
        createdAtUs,
        updatedAtUs: createdAtUs,
        deletedAtUs: null,
      },
    ],
    queueItems: [
      {
        projectId,
        id: 'i',
        version: 1n,
        queueId: 'q',
        callId: ids[0]!,
        callOpName: 'op',
        callTraceId: 'trace-0',
        callStartedAtUs: createdAtUs,
        callEndedAtUs: null,
        displayFields: [],
        addedBy: 'u',
        createdAtUs,
      },
    ],
    queueProgress: [
      {
        projectId,
        itemId: 'i',
        version: 1n,
        queueId: 'q',
        annotator: 'u',
        state: 'completed',
        updatedAtUs: createdAtUs,
      },
    ],
  });
}

describe('two shards', () => {
  it('read like one server: pages, traces, counts, renames, deletes', async () => {
    for (const projectId of PROJECTS) await writeBoth(everyTable(projectId));
    // Parts that come apart, contradictions and renames leave marks; all projects in one batch.
    await writeBoth(
      batch({
        calls: PROJECTS.flatMap((p) => [
          renameOf(p, ids[1]!, 'renamed', T0 + 5),
          completeOf(p, ids[2]!, { startedAtUs: at(90), salt: 'b' }),
          startOf(p, 'apart', { startedAtUs: at(50) }),
        ]),
      }),
    );
    await writeBoth(batch({ calls: PROJECTS.map((p) => endOf(p, 'apart', { endedAtUs: at(60) })) }));
    await writeBoth(
      batch({
        deletedCalls: PROJECTS.slice(0, 3).map((projectId) => ({ projectId, id: ids[3]!, deletedAtUs: T0 })),
      }),
    );

    for (const projectId of PROJECTS) {
      const newest: CallsQuery['sort'] = [{ field: 'started_at', direction: 'desc' }];
      const page = await readBoth((r) => calls(r, { projectId, sort: newest, limit: 10 }));
      expect(page.map((call) => call.id).slice(0, 2)).toEqual([ids[2], 'apart']);
      expect(page[1]).toMatchObject({ startedAtUs: at(50), endedAtUs: at(60) });
      const trace = await readBoth((r) => calls(r, { projectId, filter: { traceIds: ['trace-1'] } }));
      expect(trace[0]).toMatchObject({ id: ids[1], displayName: 'renamed' });
      await readBoth((r) =>
        calls(r, { projectId, sort: [{ field: 'op_name', direction: 'asc' }], offset: 5 }),
      );
      await readBoth((r) => calls(r, { projectId, totalStorageSize: true }));
      const total = await readBoth((r) => r.countCalls({ projectId, filter: {}, totalStorageSize: true }));
      expect(total.count).toBe(PROJECTS.indexOf(projectId) < 3 ? 29 : 30);
      await readBoth((r) => r.countCalls({ projectId, filter: { traceRootsOnly: true }, limit: 2 }));
      await readBoth(async (r) => {
        const found: string[] = [];
        for await (const page of r.descendants(projectId, [ids[1]!])) found.push(...page);
        return found.sort();
      });
      const object = await readBoth((r) => r.readObject(projectId, 'o', 'latest'));
      expect(Buffer.from(object!.val).toString()).toContain(projectId);
      await readBoth(async (r) => {
        const rows = [];
        const sort = [{ field: 'a', direction: 'asc' } as const];
        for (const query of [{}, { sort }, { rowDigests: ['r'] }])
          for await (const page of r.streamTableRows({ projectId, digest: 't', ...query }))
            rows.push(...page);
        expect(rows).toHaveLength(6);
        return rows;
      });
      await readBoth((r) => r.findFile(projectId, 'f'));
      await readBoth((r) => r.feedbackOf(projectId, ['ref']));
    }
  }, 60_000);

  it('have every row of a project on one of them', async () => {
    // Nothing is written to table_rows any more.
    const tables = MIGRATIONS.flatMap((migration) => (migration.tables ?? []).map(({ name }) => name)).filter(
      (name) => name !== 'table_rows',
    );
    expect(tables.length).toBeGreaterThanOrEqual(16);
    const holders = new Map<string, number[]>();
    for (const table of tables) {
      for (const host of [0, 1]) {
        for (const p of await cluster.query(host, `SELECT DISTINCT project_id FROM ${table}_local`)) {
          holders.set(p, [...(holders.get(p) ?? []), host]);
        }
      }
    }
    expect([...holders.keys()].sort()).toEqual([...PROJECTS].sort());
    for (const hosts of holders.values()) {
      expect(hosts).toHaveLength(tables.length);
      expect(new Set(hosts).size).toBe(1);
    }
    expect(new Set([...holders.values()].flat()).size).toBe(2);
  });

  it('are swept on both of them', async () => {
    const marks = () =>
      direct.all({ sql: 'SELECT toInt64(count()) FROM calls_superseded' }, (row) => row.int64());
    const before = await readBoth((r) => calls(r, { projectId: PROJECTS[0]! }));
    expect(await marks()).toEqual([2 * PROJECTS.length]);
    const sweeper = new Sweeper(direct, { minAgeMs: 0, maxRowsLeft: 0 });
    for (let round = 0; round < 3; round++) await sweeper.sweep();
    expect(await marks()).toEqual([0]);
    expect(await readBoth((r) => calls(r, { projectId: PROJECTS[0]! }))).toEqual(before);
    const deletes = cluster.front.changes.filter((sql) => sql.startsWith('DELETE'));
    expect(deletes.every((sql) => / FROM calls(_superseded)?_local ON CLUSTER `test` WHERE /.test(sql))).toBe(
      true,
    );
    expect(deletes.length).toBeGreaterThan(1);
  });

  it('take nothing while one of them is away, and answer for the projects of the other', async () => {
    const [here, there] = await Promise.all(
      [0, 1].map(async (host) => (await cluster.query(host, 'SELECT any(project_id) FROM calls_local'))[0]!),
    );
    const straight = { ...cluster.hosts[0]!, cluster: cluster.writer.cluster };
    const reader = openTraceReader(straight);
    const writer = openTraceWriter(straight);
    try {
      // An engine that ended by itself is back within seconds, at the same address.
      const before = await eventually(() => calls(reader, { projectId: here! }).catch(() => undefined));
      await cluster.engines[1]!.stop();
      const parts = [here!, there!].map((p) => completeOf(p, newId(), { startedAtUs: at(500) }));
      await expect(writer.write(batch({ calls: parts }))).rejects.toMatchObject({
        code: 'store_unavailable',
      });
      const after = await eventually(() => calls(reader, { projectId: here! }).catch(() => undefined));
      expect(after).toEqual(before);
      await expect(calls(reader, { projectId: there! })).rejects.toMatchObject({ code: 'store_unavailable' });
    } finally {
      await writer.close();
      await reader.close();
    }
  });
});
