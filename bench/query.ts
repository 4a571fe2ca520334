/**
 * `pnpm --filter @weft/bench query [--rows 1000000] [--samples 40] [--data-dir DIR] [--weft-only]`: how long what a UI asks
 * for takes, and what is read for it: p50 and p99 of the wall clock of one client, CPU of engine and client (whatever else
 * the engine does meanwhile included), rows and bytes that the engine selects. The same calls in Weft's schema (loaded
 * through TraceWriter, read through TraceReader) and in the two of W&B's trace server (`wandb-schemas.ts`), in one embedded
 * ClickHouse. With --data-dir the data stay and are used again, also by `reads`.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import type { CallPart } from '@weft/model';
import { parseQuery } from '@weft/query-language';
import { createLogger } from '@weft/runtime';
import { cpuMs } from '@weft/testkit';
import {
  callFields,
  emptyBatch,
  openTraceReader,
  openTraceWriter,
  partVersion,
  type StatsRange,
  type StoreOptions,
} from '@weft/trace-store';
import { openClickHouse, type ClickHouse } from '../libs/trace-store/src/clickhouse.ts';
import { percentile } from './figures.ts';
import { createCallSource, PROJECT } from './read-data.ts';
import { loadOrReuse, type Loaded } from './read-load.ts';
import {
  copyStatements,
  readComplete,
  readMerged,
  type PageQuery,
  type Search,
  type WandbReads,
} from './wandb-schemas.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '40' },
    'data-dir': { type: 'string' },
    'weft-only': { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);
const samples = Number(values.samples);
const dataDir = values['data-dir'] ?? mkdtempSync(join(tmpdir(), 'weft-query-'));
/** A read is repeated for so long at most. */
const MAX_MS = 20_000;

const engine = await openEmbeddedClickHouse({
  dataDir,
  logger: createLogger({ name: 'bench', level: 'warn' }),
});
const options: StoreOptions = { url: engine.url, ...engine.writer, database: `reads_${rows}` };

type Run = (i: number) => Promise<readonly string[] | number>;
type Form = ReadonlyMap<string, Run>;

const OBJECTS = 2000;
const TABLE_ROWS = 20_000;

async function main(): Promise<void> {
  const loaded = await loadOrReuse(options, rows, dataDir, values['weft-only']);
  const db = openClickHouse(options);
  const forms = new Map<string, Form>([['Weft', await weft(loaded)]]);
  if (!values['weft-only']) {
    forms.set('calls_complete FINAL', wandb(loaded, readComplete(db, true)));
    forms.set('calls_merged', wandb(loaded, readMerged(db)));
    forms.set('calls_complete, no FINAL', wandb(loaded, readComplete(db, false)));
  }
  for (const [form, reads] of forms) {
    console.log(
      `\n## ${form}, ${rows} calls\n\n| read | found | p50 ms | p99 ms | CPU ms | rows read | MB read |\n|---|---:|---:|---:|---:|---:|---:|`,
    );
    for (const [name, run] of reads) console.log(await line(db, name, run));
  }
  await db.close();
}

async function line(db: ClickHouse, name: string, run: Run): Promise<string> {
  const first = await run(0);
  const found = typeof first === 'number' ? first : first.length;
  const before = await selected(db);
  const [engineFrom, nodeFrom] = [cpuMs(engine.pid!), process.cpuUsage()];
  const times: number[] = [];
  const until = performance.now() + MAX_MS;
  for (let i = 1; i <= samples && (i <= 3 || performance.now() < until); i++) {
    const from = performance.now();
    await run(i);
    times.push(performance.now() - from);
  }
  const node = process.cpuUsage(nodeFrom);
  const cpu = (cpuMs(engine.pid!) - engineFrom + (node.user + node.system) / 1000) / times.length;
  const after = await selected(db);
  times.sort((a, b) => a - b);
  const of = (event: string) => ((after.get(event) ?? 0) - (before.get(event) ?? 0)) / times.length;
  const ms = (p: number) => percentile(times, p).toFixed(1);
  return `| ${name} | ${found} | ${ms(50)} | ${ms(99)} | ${cpu.toFixed(1)} | ${Math.round(of('SelectedRows'))} | ${(of('SelectedBytes') / 1e6).toFixed(1)} |`;
}

async function selected(db: ClickHouse): Promise<Map<string, number>> {
  const sql =
    "SELECT event, toInt64(value) FROM system.events WHERE event IN ('SelectedRows', 'SelectedBytes')";
  return new Map(await db.all({ sql }, (row) => [row.text(), row.int64()] as const));
}

/** What is asked of every form. */
function pages({ facts }: Loaded): readonly (readonly [name: string, query: (i: number) => PageQuery])[] {
  const newest = { projectId: PROJECT, newestFirst: true, limit: 100, payloads: true };
  const pick = (i: number) => facts.samples[i % facts.samples.length]!;
  const inContent = (text: string): Search => ({
    path: 'inputs.messages.0.content',
    jsonPath: '$."messages"[0]."content"',
    by: 'contains',
    text,
  });
  const model = (text: string): Search => ({
    path: 'inputs.model',
    jsonPath: '$."model"',
    by: 'equals',
    text,
  });
  return [
    ['newest page', () => newest],
    ['newest page of roots', () => ({ ...newest, rootsOnly: true })],
    ['op, newest page', () => ({ ...newest, opName: facts.rareOp })],
    ['inputs.model = the usual one, newest page', () => ({ ...newest, search: model('gpt-4o-mini') })],
    ['inputs.model = none has it', () => ({ ...newest, search: model('gpt-5-nano-absent') })],
    ['text in inputs, one call has it', (i) => ({ ...newest, search: inContent(phrases[i % phrases.length]!) })],
    ['text in inputs, none has it', () => ({ ...newest, search: inContent('xylophone quartz') })],
    ['one trace', (i) => ({ projectId: PROJECT, newestFirst: false, payloads: true, traceId: pick(i).traceId })],
    ['one call', (i) => ({ projectId: PROJECT, newestFirst: false, payloads: true, callId: pick(i).id, limit: 1 })],
  ]; // prettier-ignore
}

let phrases: readonly string[] = [];
/** Of the three commonest words of the texts: every call has each of them, one of a few thousand has them in a row. */
const commonPhrase = 'or er ly';
const field = (path: string) => ({ $getField: path });

async function weft(loaded: Loaded): Promise<Form> {
  const reader = openTraceReader(options);
  await addObjects();
  phrases = await addOrders(loaded);
  const page = async (query: PageQuery): Promise<string[]> => {
    const ids: string[] = [];
    const found = reader.streamCalls({
      projectId: query.projectId,
      filter: {
        ...(query.rootsOnly ? { traceRootsOnly: true } : {}),
        ...(query.opName === undefined ? {} : { opNames: [query.opName] }),
        ...(query.traceId === undefined ? {} : { traceIds: [query.traceId] }),
        ...(query.callId === undefined ? {} : { callIds: [query.callId] }),
      },
      ...(query.search === undefined ? {} : { condition: conditionOf(query.search) }),
      sort: query.newestFirst ? [{ field: 'started_at', direction: 'desc' }] : [],
      payloads: ['attributes', 'inputs', 'output', 'summary'],
      ...(query.limit === undefined ? {} : { limit: query.limit }),
    });
    for await (const calls of found) for (const call of calls) ids.push(call.id);
    return ids;
  };
  const count = async (expr?: object) =>
    (
      await reader.countCalls({
        projectId: PROJECT,
        filter: {},
        ...(expr && { condition: parseQuery({ $expr: expr }, callFields()) }),
      })
    ).count;
  const own: [string, Run][] = [
    ['text in any case in inputs, one call has it', (i) => page({ projectId: PROJECT, newestFirst: true, limit: 100, payloads: true, search: { path: 'inputs.messages.0.content', jsonPath: '', by: 'contains', text: phrases[i % phrases.length]!.toUpperCase() } })],
    ['sorted by latency, first page', async () => {
      const ids: string[] = [];
      for await (const calls of reader.streamCalls({ projectId: PROJECT, filter: {}, sort: [{ field: 'summary.weave.latency_ms', direction: 'desc' }], payloads: ['inputs'], limit: 100 }))
        for (const call of calls) ids.push(call.id);
      return ids;
    }],
    ['phrase of common words in inputs', () => page({ projectId: PROJECT, newestFirst: true, limit: 100, payloads: true, search: { path: 'inputs.messages.0.content', jsonPath: '', by: 'contains', text: commonPhrase } })],
    ['sorted by inputs.model, first page', async () => {
      const ids: string[] = [];
      for await (const calls of reader.streamCalls({ projectId: PROJECT, filter: {}, sort: [{ field: callFields()('inputs.model')!, direction: 'desc' }], payloads: ['inputs'], limit: 100 }))
        for (const call of calls) ids.push(call.id);
      return ids;
    }],
    ['tokens of 30 days by day, model and price', async () => (await reader.tokenSums(month(loaded), month(loaded).bucketStartsUs.slice(1), 100_000)).length],
    ['count of a project', () => count()],
    ['count by status', () => count({ $eq: [field('summary.weave.status'), 'error'] })],
    ['count of the last day', () => count({ $gte: [field('started_at'), loaded.facts.toUs / 1e6 - 86_400] })],
    ['objects, newest page', async () => {
      const ids: string[] = [];
      for await (const objects of reader.streamObjects({ projectId: PROJECT, filter: {}, sort: [{ field: 'created_at', direction: 'desc' }], limit: 100, vals: true, labels: true })) for (const object of objects) ids.push(object.objectId);
      return ids;
    }],
    ['page of a table', async (i) => {
      const ids: string[] = [];
      for await (const found of reader.streamTableRows({ projectId: PROJECT, digest: 'bench-table', limit: 100, offset: (i * 997) % (TABLE_ROWS - 100) })) for (const row of found) ids.push(row.digest);
      return ids;
    }],
  ]; // prettier-ignore
  return new Map([
    ...pages(loaded).map(([name, query]) => [name, (i: number) => page(query(i))] as const),
    ...own,
  ]);
}

const DAY_US = 86_400_000_000;

function month({ facts }: Loaded): StatsRange {
  const fromUs = facts.toUs - 30 * DAY_US;
  const first = Math.floor(fromUs / DAY_US) * DAY_US;
  const bucketStartsUs = Array.from({ length: 31 }, (_, i) => first + i * DAY_US);
  return { projectId: PROJECT, filter: {}, fromUs, toUs: facts.toUs, bucketStartsUs };
}

function conditionOf({ path, by, text }: Search) {
  const expr =
    by === 'equals'
      ? { $eq: [field(path), text] }
      : { $contains: { input: field(path), substr: text, case_insensitive: text === text.toUpperCase() } };
  return parseQuery({ $expr: expr }, callFields());
}

/** Calls from all over the time that speak of an order each; what is looked for begins and ends inside of words. */
async function addOrders({ facts }: Loaded): Promise<string[]> {
  const writer = openTraceWriter(options);
  const source = createCallSource(200, facts.toUs - 29 * 86_400_000_000, facts.toUs, Date.now());
  const orders: string[] = [];
  const calls: CallPart[] = [];
  while (orders.length < 100) {
    const { part, made } = source.next();
    if (made === undefined) continue;
    const order = randomBytes(4).toString('hex');
    const text = Buffer.from(part.start.inputs)
      .toString()
      .replace('"content":"', `"content":"A refund of Order-${order} was `);
    orders.push(`und of Order-${order} wa`);
    const inputs = Buffer.from(text);
    calls.push({
      ...part,
      start: { ...part.start, inputs, version: partVersion(made.startedAtUs, true, made.id, inputs) },
    });
  }
  await writer.write({ ...emptyBatch(), calls });
  await writer.close();
  if (!values['weft-only']) await copyCalls(calls);
  return orders;
}

async function copyCalls(calls: readonly CallPart[]): Promise<void> {
  const db = openClickHouse(options);
  const ids = calls.map(({ id }) => `'${id}'`).join(', ');
  for (const sql of copyStatements(`id IN (${ids})`)) await db.command(sql);
  await db.close();
}

async function addObjects(): Promise<void> {
  const writer = openTraceWriter(options);
  const atUs = Date.UTC(2026, 0, 1) * 1000;
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const rowDigests = Array.from({ length: TABLE_ROWS }, (_, i) => `row-${i}`);
  const refused = await writer.write({
    ...emptyBatch(),
    objects: Array.from({ length: OBJECTS }, (_, i) => ({
      projectId: PROJECT, objectId: `object-${i % 200}`, digest: `digest-${i}`, kind: 'object' as const, baseObjectClass: null, leafObjectClass: null,
      val: json({ i, text: 'x'.repeat(500) }), refs: [], userId: 'user', createdAtUs: atUs + i, deletedAtUs: null,
    })),
    tables: [{ projectId: PROJECT, digest: 'bench-table', rowDigests, createdAtUs: atUs }],
    tableRows: rowDigests.map((digest, i) => ({ projectId: PROJECT, digest, val: json({ i, text: 'y'.repeat(300) }), createdAtUs: atUs })),
  }); // prettier-ignore
  if (refused.length > 0) throw new Error(JSON.stringify(refused[0]));
  await writer.close();
}

function wandb(loaded: Loaded, reads: WandbReads): Form {
  return new Map<string, Run>([
    ...pages(loaded).map(
      ([name, query]) =>
        [name, async (i: number) => (await reads.page(query(i))).map((call) => call.id)] as const,
    ),
    ['count of a project', () => reads.count(PROJECT)],
  ]);
}

try {
  await main();
} finally {
  await engine.stop();
  if (values['data-dir'] === undefined) rmSync(dataDir, { recursive: true, force: true });
}
