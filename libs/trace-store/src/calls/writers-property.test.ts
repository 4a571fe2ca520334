import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId, type CallPart } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import { openClickHouse, type ClickHouse } from '../clickhouse.ts';
import { openTraceReader } from '../reader.ts';
import {
  completeOf,
  contentOfLogs,
  endOf,
  json,
  logOf,
  logsOf,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { CallsQuery, TraceReader } from '../trace-store.ts';
import { CallCache } from './cache.ts';
import { foldParts } from './fold.ts';
import { reconcile } from './reconcile.ts';
import { writeCalls } from './write.ts';

let store: TestStore;
let db: ClickHouse;
let reader: TraceReader;

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES calls');
  db = openClickHouse(store.writer);
  reader = openTraceReader(store.reader);
}, 60_000);

afterAll(async () => {
  await reader?.close();
  await db?.close();
  await store?.close();
}, 60_000);

type Fate = 'stored' | 'late' | 'dies before the marks' | 'stored, not committed';

/** A process with a memory of its own. What it sends can get stuck on the way and land later. */
class Process {
  private readonly cache = new CallCache(1000, 1 << 20);
  private fate: Fate = 'stored';
  private stuck: { readonly land: () => Promise<void> }[] = [];

  forget(): void {
    this.cache.clear();
  }

  /** @returns whether the batch may be committed. */
  async write(parts: readonly CallPart[], fate: Fate): Promise<boolean> {
    this.fate = fate;
    return await writeCalls(this.through(), this.cache, parts, { contentOfLogs }).then(
      () => fate === 'stored',
      () => false,
    );
  }

  async land(): Promise<void> {
    const landing = this.stuck;
    this.stuck = [];
    for (const { land } of landing) await land();
  }

  async reconcile(): Promise<void> {
    const write = async (parts: readonly CallPart[]): Promise<void> => {
      await writeCalls(db, this.cache, parts, { contentOfLogs, isAnew: true });
    };
    await reconcile(db, write, 3_600_000);
  }

  private through(): ClickHouse {
    const insert: ClickHouse['insert'] = async (table, columns, rows, sizeBytes) => {
      if (this.fate === 'late' && table === 'calls') {
        this.stuck.push({ land: () => db.insert(table, columns, rows, sizeBytes) });
        throw new Error('stopped');
      }
      if (this.fate === 'dies before the marks' && table !== 'calls') throw new Error('died');
      await db.insert(table, columns, rows, sizeBytes);
    };
    return { ...db, insert };
  }
}

interface Partition {
  readonly events: readonly CallPart[];
  committed: number;
  owner: number;
}

const projectOf = (seed: number) => `e/random${seed}`;

/** Events of calls of every kind in one partition, renames of spans in another. */
function makeEvents(seed: number, random: () => number): CallPart[][] {
  const p = projectOf(seed);
  const pick = () => Math.floor(random() * 3);
  const calls: CallPart[] = [];
  const renames: CallPart[] = [];
  const ids = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? newId() : `span${i}`));
  for (let round = 0; round < 6; round++) {
    for (const [i, id] of ids.entries()) {
      const isSpan = id.startsWith('span');
      // What is not found by its id keeps its instant.
      const startedAtUs = T0 + (isSpan ? 0 : pick());
      const endedAtUs = T0 + 10 + pick();
      const salt = `${pick()}`;
      const roll = random();
      if (isSpan && i % 4 === 1) {
        const trace = `t${pick() % 2}`;
        const [inputs, output] = [
          pick() > 0 ? { inputs: json('{}') } : {},
          pick() > 0 ? { output: json('{}') } : {},
        ];
        if (roll < 0.3) calls.push(spanOf(p, trace, id, { salt, ...inputs }, { endedAtUs, ...output }));
        else if (roll < 0.45) renames.push(renameOf(p, id, `n${pick()}`, T0 + pick()));
        else if (roll < 0.75)
          calls.push(logsOf(p, trace, id, logOf(pick() > 0 ? 'inputs' : 'output', `${pick()}`)));
      } else if (roll < 0.3) calls.push(startOf(p, id, { startedAtUs, salt }));
      else if (roll < 0.55) calls.push(endOf(p, id, { endedAtUs, salt }));
      else if (roll < 0.7) calls.push(completeOf(p, id, { startedAtUs, salt }, { endedAtUs, salt }));
      else if (roll < 0.8 && !isSpan) calls.push(renameOf(p, id, `n${pick()}`, T0 + pick()));
    }
  }
  return [calls, renames];
}

async function play(seed: number): Promise<CallPart[]> {
  const random = mulberry32(seed);
  const processes = [new Process(), new Process()];
  const partitions = makeEvents(seed, random).map((events): Partition => ({
    events,
    committed: 0,
    owner: 0,
  }));
  const fates: readonly Fate[] = [
    'stored',
    'stored',
    'late',
    'dies before the marks',
    'stored, not committed',
  ];
  while (partitions.some(({ events, committed }) => committed < events.length)) {
    for (const partition of partitions) {
      if (partition.committed >= partition.events.length) continue;
      const batch = partition.events.slice(
        partition.committed,
        partition.committed + 1 + Math.floor(random() * 25),
      );
      const fate = random() < 0.75 ? 'stored' : fates[Math.floor(random() * fates.length)]!;
      if (await processes[partition.owner]!.write(batch, fate)) partition.committed += batch.length;
      if (fate !== 'stored' || random() < 0.1) {
        // The other takes over: each forgets what it knew.
        partition.owner = 1 - partition.owner;
        for (const process of processes) process.forget();
      }
      if (random() < 0.15) await processes[Math.floor(random() * 2)]!.land();
    }
  }
  for (const process of processes) await process.land();
  await Promise.all(processes.map((process) => process.reconcile()));
  await Promise.all(processes.map((process) => process.reconcile()));
  return partitions.flatMap(({ events }) => events);
}

/** What a reader should see: one line per call. */
function expected(parts: readonly CallPart[]): string[] {
  const keys = new Map<string, CallPart[]>();
  for (const part of parts) {
    const key = `${part.id} ${part.spanTraceId ?? ''}`;
    keys.set(key, [...(keys.get(key) ?? []), part]);
  }
  const lines: string[] = [];
  for (const [key, own] of keys) {
    const [id, trace] = key.split(' ') as [string, string];
    const names = trace === '' ? [] : parts.filter((part) => part.id === id && part.rename !== undefined);
    const {
      start,
      end,
      rename,
      logs = [],
    } = foldParts([...own, ...names.map(({ rename }) => ({ projectId: '', id, rename }))]);
    if (start === undefined) continue;
    const name = rename === undefined ? start.displayName : rename.displayName;
    const said = contentOfLogs(logs);
    const shown = (own: Uint8Array | undefined, other: Uint8Array | null) =>
      own !== undefined && Buffer.from(own).toString() === '{}' && other !== null ? other : own;
    lines.push(
      line(
        id,
        start.traceId,
        start.startedAtUs,
        end?.endedAtUs ?? null,
        shown(start.inputs, said.inputs)!,
        shown(end?.output, said.output),
        name,
        logs.map(({ bytes }) => bytes),
      ),
    );
  }
  return lines.sort();
}

function line(
  id: string,
  traceId: string,
  startedAtUs: number,
  endedAtUs: number | null,
  inputs: Uint8Array,
  output: Uint8Array | undefined,
  name: string | null,
  logs: readonly Uint8Array[],
): string {
  const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
  return `${id} ${traceId} ${startedAtUs} ${endedAtUs} ${text(inputs)} ${text(output)} ${name} ${logs.map(text).sort().join()}`;
}

async function read(seed: number, query: Partial<CallsQuery>): Promise<string[]> {
  const all: CallsQuery = {
    projectId: projectOf(seed),
    filter: {},
    sort: [],
    payloads: ['attributes', 'inputs', 'output'],
    ...query,
  };
  const lines: string[] = [];
  for await (const page of reader.streamCalls(all))
    for (const c of page)
      lines.push(
        line(c.id, c.traceId, c.startedAtUs, c.endedAtUs, c.inputs, c.output, c.displayName, c.otelLogs),
      );
  return lines.sort();
}

/** Rows that a filter may meet: not marked, and not running where the call has ended. Copies of one row are one. */
const SEEN = `SELECT toString(uniqExact(id, span_trace_id, ver)) FROM calls
WHERE project_id = '{p}' AND start_ver > 0 AND ver NOT IN (SELECT ver FROM calls_superseded WHERE project_id = '{p}')
AND (end_ver > 0 OR (started_at, id, span_trace_id) NOT IN (
  SELECT started_at, id, span_trace_id FROM calls WHERE project_id = '{p}' AND end_ver > 0))`;

it.each([1, 2, 3, 4, 5, 6])(
  'two writers that take over from each other, die and land late: reads are the fold of the events (seed %d)',
  async (seed) => {
    const should = expected(await play(seed));
    expect(should.length).toBeGreaterThan(20);
    expect(await read(seed, {})).toEqual(should);
    expect(await read(seed, { sort: [{ field: 'op_name', direction: 'asc' }] })).toEqual(should);
    expect(await read(seed, { filter: { traceIds: ['t0', 't1', 'trace'] } })).toEqual(should);
    expect(Number((await store.query(SEEN.replaceAll('{p}', projectOf(seed))))[0])).toBe(should.length);
    // Two copies of one row are counted twice until they are merged.
    await store.command('SYSTEM START MERGES calls');
    await store.command('OPTIMIZE TABLE calls FINAL');
    await store.command('SYSTEM STOP MERGES calls');
    const { count } = await reader.countCalls({ projectId: projectOf(seed), filter: {} });
    expect(count).toBe(should.length);
    expect(await read(seed, { sort: [{ field: 'display_name', direction: 'asc' }] })).toEqual(should);
  },
);
