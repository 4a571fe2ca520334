/**
 * `pnpm --filter @weft/bench reads [--rows 1000000] [--samples 9] [--data-dir DIR]`: what reading costs, in CPU of the engine
 * plus CPU of this process, at two sizes (rows / 10 and rows): the same calls in Weft's schema (loaded through TraceWriter,
 * read through TraceReader) and in the two of W&B's trace server (`wandb-schemas.ts`), in one embedded ClickHouse, the forms
 * taking turns. All of them go through one HTTP client, as RowBinary, and every row is decoded. With --data-dir the data
 * stay and are used again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import { cpuMs } from '@weft/testkit';
import { openTraceReader, type StoreOptions } from '@weft/trace-store';
import { openClickHouse, type ClickHouse } from '../libs/trace-store/src/clickhouse.ts';
import { addSuperseded, loadOrReuse, type Loaded } from './read-load.ts';
import { PROJECT } from './read-data.ts';
import { readComplete, readMerged, type PageQuery, type WandbReads } from './wandb-schemas.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '9' },
    'data-dir': { type: 'string' },
    'weft-only': { type: 'boolean', default: false },
    'no-edits': { type: 'boolean', default: false },
  },
});
const samples = Number(values.samples);
const sizes = [Number(values.rows) / 10, Number(values.rows)] as const;
const dataDir = values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'weft-reads-'));

/** CPU that a sample should take, so that ticks of 10 ms do not show; slow reads run once. */
const SAMPLE_CPU_S = 0.4;
const MAX_REPETITIONS = 50;

const engine = await openEmbeddedClickHouse({
  dataDir,
  logger: createLogger({ name: 'bench', level: 'warn' }),
});
const optionsOf = (database: string): StoreOptions => ({ url: engine.url, ...engine.writer, database });

interface Read {
  readonly name: string;
  /** Runs it once, the i-th time; returns what was found, for the check. */
  readonly run: (i: number) => Promise<readonly string[] | number>;
}
interface Form {
  readonly name: string;
  readonly loaded: Loaded;
  readonly reads: readonly Read[];
  readonly close: () => Promise<void>;
}
interface Cost {
  readonly engineMs: number;
  readonly nodeMs: number;
}

async function main(): Promise<void> {
  const stores: Loaded[] = [];
  for (const rows of sizes)
    stores.push(await loadOrReuse(optionsOf(`reads_${rows}`), rows, dataDir, values['weft-only']));
  for (const loaded of stores) await describe(loaded);
  const forms = stores.flatMap((loaded) => (values['weft-only'] ? [weft(loaded)] : allForms(loaded)));
  await check(forms);
  const costs = await measure(forms);
  print(forms, costs);
  for (const form of forms) await form.close();

  if (values['no-edits']) return;
  const large = stores[1]!;
  const edited = await addSuperseded(large);
  await describe(edited, ['calls', 'calls_superseded']);
  const form = weft(edited);
  await check([form]);
  const after = await measure([form]);
  console.log(`\n## ${edited.rows} rows, merges stopped, ${edited.superseded} superseded rows\n`);
  console.log('| read | CPU ms | engine | Node |\n|---|---:|---:|---:|');
  for (const { name } of form.reads) {
    const cost = after.get(key(form, name))!;
    console.log(`| ${name} | ${ms(total(cost))} | ${ms(cost.engineMs)} | ${ms(cost.nodeMs)} |`);
  }
  await form.close();
}

function allForms(loaded: Loaded): Form[] {
  const db = openClickHouse(loaded.options);
  return [
    weft(loaded),
    wandb('calls_complete FINAL', loaded, db, readComplete(db, true)),
    wandb('calls_merged', loaded, db, readMerged(db)),
    wandb('calls_complete, no FINAL', loaded, db, readComplete(db, false)),
  ];
}

/** What is asked of every form. */
function queries({ facts }: Loaded): readonly { name: string; query: (i: number) => PageQuery }[] {
  const newest = { projectId: PROJECT, newestFirst: true, limit: 100, payloads: true };
  const pick = (i: number) => facts.samples[i % facts.samples.length]!;
  return [
    { name: 'newest 100, payloads', query: () => newest },
    { name: 'newest 100 roots, payloads', query: () => ({ ...newest, rootsOnly: true }) },
    { name: 'newest 100, list columns', query: () => ({ ...newest, payloads: false }) },
    { name: 'page of 100 at offset 5,000', query: () => ({ ...newest, offset: 5000 }) },
    { name: 'common op, newest 100', query: () => ({ ...newest, opName: facts.commonOp }) },
    { name: 'rare op, newest 100', query: () => ({ ...newest, opName: facts.rareOp }) },
    {
      name: 'one trace by id',
      query: (i) => ({ projectId: PROJECT, newestFirst: false, payloads: true, traceId: pick(i).traceId }),
    },
    {
      name: 'one call by id',
      query: (i) => ({
        projectId: PROJECT,
        newestFirst: false,
        payloads: true,
        callId: pick(i).id,
        limit: 1,
      }),
    },
  ];
}

const COUNT = 'count of a project';

function weft(loaded: Loaded): Form {
  const reader = openTraceReader(loaded.options);
  const page = async (query: PageQuery): Promise<string[]> => {
    const ids: string[] = [];
    const pages = reader.streamCalls({
      projectId: query.projectId,
      filter: {
        ...(query.rootsOnly ? { traceRootsOnly: true } : {}),
        ...(query.opName === undefined ? {} : { opNames: [query.opName] }),
        ...(query.traceId === undefined ? {} : { traceIds: [query.traceId] }),
        ...(query.callId === undefined ? {} : { callIds: [query.callId] }),
      },
      sort: query.newestFirst ? [{ field: 'started_at', direction: 'desc' }] : [],
      payloads: query.payloads ? ['attributes', 'inputs', 'output', 'summary'] : [],
      ...(query.limit === undefined ? {} : { limit: query.limit }),
      ...(query.offset === undefined ? {} : { offset: query.offset }),
    });
    for await (const calls of pages) {
      for (const call of calls) {
        ids.push(call.id);
        if (query.payloads && call.inputs.length === 0) throw new Error(`no inputs: ${call.id}`);
      }
    }
    return ids;
  };
  return {
    name: 'Weft',
    loaded,
    reads: [
      ...queries(loaded).map(({ name, query }) => ({ name, run: (i: number) => page(query(i)) })),
      {
        name: COUNT,
        run: async () => (await reader.countCalls({ projectId: PROJECT, filter: {} })).count,
      },
    ],
    close: () => reader.close(),
  };
}

function wandb(name: string, loaded: Loaded, db: ClickHouse, reads: WandbReads): Form {
  return {
    name,
    loaded,
    reads: [
      ...queries(loaded).map(({ name: of, query }) => ({
        name: of,
        run: async (i: number) => (await reads.page(query(i))).map((call) => call.id),
      })),
      { name: COUNT, run: () => reads.count(PROJECT) },
    ],
    close: () => db.close(),
  };
}

/** Every form must find the same calls in the same order, and Weft what was written. */
async function check(forms: readonly Form[]): Promise<void> {
  for (const { loaded, reads } of forms.filter((form) => form.name === 'Weft')) {
    const { facts } = loaded;
    const expected = new Map<string, readonly string[] | number>([
      ['newest 100, payloads', facts.newest.slice(0, 100).map((c) => c.id)],
      ['newest 100, list columns', facts.newest.slice(0, 100).map((c) => c.id)],
      [
        'newest 100 roots, payloads',
        facts.newest
          .filter((c) => c.isRoot)
          .slice(0, 100)
          .map((c) => c.id),
      ],
      ['page of 100 at offset 5,000', facts.newest.slice(5000, 5100).map((c) => c.id)],
      ['one call by id', [facts.samples[0]!.id]],
      [COUNT, facts.count],
    ]);
    const others = forms.filter((form) => form.loaded === loaded && form.name !== 'Weft');
    for (const read of reads) {
      const found = JSON.stringify(await read.run(0));
      const wanted = expected.get(read.name);
      if (wanted !== undefined && JSON.stringify(wanted) !== found)
        console.log(`WRONG: Weft at ${loaded.rows}: ${read.name}\n  ${found.slice(0, 200)}`);
      for (const other of others) {
        const theirs = JSON.stringify(await other.reads.find((r) => r.name === read.name)!.run(0));
        if (theirs !== found)
          console.log(
            `DIFFERS: ${other.name} at ${loaded.rows}: ${read.name}\n  ${theirs.slice(0, 150)}\n  ${found.slice(0, 150)}`,
          );
      }
    }
    console.log(`checked ${loaded.rows} rows: ${others.length + 1} forms, ${reads.length} reads`);
  }
}

/** Forms take turns within each round, so that a busy machine is busy for all of them. Medians over the rounds. */
async function measure(forms: readonly Form[]): Promise<Map<string, Cost>> {
  const taken = new Map<string, Cost[]>();
  const repetitions = new Map<string, number>();
  for (const form of forms) {
    for (const read of form.reads) {
      await read.run(0);
      const probe = await cost(read, 5, 1);
      const repeat = Math.ceil((SAMPLE_CPU_S * 1000) / Math.max(1, total(probe)));
      repetitions.set(key(form, read.name), Math.min(MAX_REPETITIONS, repeat));
      taken.set(key(form, read.name), []);
    }
  }
  for (let round = 0; round < samples; round++) {
    for (const { name } of forms[0]!.reads) {
      for (const form of forms) {
        const of = key(form, name);
        const read = form.reads.find((r) => r.name === name)!;
        const times = repetitions.get(of)!;
        taken.get(of)!.push(await cost(read, times, round * times));
      }
    }
    console.error(`round ${round + 1} of ${samples}`);
  }
  return new Map(
    [...taken].map(([of, costs]) => [
      of,
      costs.sort((a, b) => total(a) - total(b))[Math.floor(costs.length / 2)]!,
    ]),
  );
}

async function cost(read: Read, times: number, first: number): Promise<Cost> {
  const [engineFrom, nodeFrom] = [cpuMs(engine.pid!), process.cpuUsage()];
  for (let i = 0; i < times; i++) await read.run(first + i);
  const node = process.cpuUsage(nodeFrom);
  return {
    engineMs: (cpuMs(engine.pid!) - engineFrom) / times,
    nodeMs: (node.user + node.system) / 1000 / times,
  };
}

function print(forms: readonly Form[], costs: ReadonlyMap<string, Cost>): void {
  const [small, large] = sizes;
  const names = [...new Set(forms.map((form) => form.name))];
  const formOf = (name: string, rows: number) =>
    forms.find((form) => form.name === name && form.loaded.rows === rows)!;
  const at = (form: string, rows: number, read: string) => total(costs.get(key(formOf(form, rows), read))!);
  const reads = forms[0]!.reads.map((read) => read.name);
  for (const rows of sizes) {
    console.log(`\n## ${rows} rows, CPU ms of engine + Node\n`);
    console.log(
      `| read | ${names.join(' | ')} | best correct W&B : Weft |\n|---|${names.map(() => '---:|').join('')}---:|`,
    );
    for (const read of reads) {
      const correct = names.filter((name) => name === 'calls_complete FINAL' || name === 'calls_merged');
      const best = Math.min(...correct.map((name) => at(name, rows, read)));
      const ratio = correct.length === 0 ? '–' : `${(best / at('Weft', rows, read)).toFixed(1)}×`;
      console.log(`| ${read} | ${names.map((name) => ms(at(name, rows, read))).join(' | ')} | ${ratio} |`);
    }
  }
  console.log(`\n## Growth from ${small} to ${large} rows\n`);
  console.log(
    `| read | ${names.join(' | ')} | Weft: engine + Node at ${large} |\n|---|${names.map(() => '---:|').join('')}---:|`,
  );
  for (const read of reads) {
    const growth = names.map((name) => `${(at(name, large, read) / at(name, small, read)).toFixed(2)}×`);
    const own = costs.get(key(formOf('Weft', large), read))!;
    console.log(`| ${read} | ${growth.join(' | ')} | ${ms(own.engineMs)} + ${ms(own.nodeMs)} |`);
  }
}

async function describe(
  { options, rows }: Loaded,
  tables = ['calls', 'calls_complete', 'calls_merged', 'call_parts'],
): Promise<void> {
  const db = openClickHouse(options);
  const lines = await db.all(
    {
      sql: `SELECT concat(table, ': ', toString(sum(rows)), ' rows, ', toString(count()), ' parts, ', toString(round(sum(bytes_on_disk) / {rows:UInt64})), ' bytes per call')
        FROM system.parts WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)} GROUP BY table ORDER BY table`,
      params: { rows, tables },
    },
    (row) => row.text(),
  );
  console.log([`${rows} calls`, ...lines].join('\n  '));
  await db.close();
}

function key(form: Form, read: string): string {
  return `${form.name}/${form.loaded.rows}/${read}`;
}
function total(cost: Cost): number {
  return cost.engineMs + cost.nodeMs;
}
function ms(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}

try {
  await main();
} finally {
  await engine.stop();
  if (values['data-dir'] === undefined) rmSync(dataDir, { recursive: true, force: true });
}
