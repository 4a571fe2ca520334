import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { nowUs, type CallPart } from '@weft/model';
import {
  migrate,
  openTraceWriter,
  partVersion,
  type StoreOptions,
  type TraceWriter,
} from '@weft/trace-store';
import { openClickHouse, type ClickHouse } from '../libs/trace-store/src/clickhouse.ts';
import { batchOf, createCallSource, PROJECT, type CallSource, type Made } from './read-data.ts';
import { copyStatements, WANDB_TABLES } from './wandb-schemas.ts';

const BATCH_ROWS = 4000;
const DAY_US = 86_400_000_000;
const HOUR_US = DAY_US / 24;
/** Enough for the deepest page that is checked. */
const NEWEST_KEPT = 20_000;
const SLICES = 20;

/** What was written, as far as the reads have to know it. */
export interface Facts {
  /** Calls of PROJECT. */
  readonly count: number;
  /** The newest ones, newest first. */
  readonly newest: readonly Made[];
  /** Calls from all over the time. */
  readonly samples: readonly Made[];
  readonly commonOp: string;
  readonly rareOp: string;
  /** When the load began: nothing in it is newer. */
  readonly toUs: number;
}

export interface Loaded {
  readonly options: StoreOptions;
  readonly rows: number;
  readonly facts: Facts;
}

/** The schemas with `rows` calls in one database, merges settled: Weft's, and W&B's unless it is not wanted. */
export async function loadOrReuse(
  options: StoreOptions,
  rows: number,
  dataDir: string,
  isWeftOnly = false,
): Promise<Loaded> {
  const factsPath = join(dataDir, `${options.database}.json`);
  const facts = existsSync(factsPath)
    ? (JSON.parse(readFileSync(factsPath, 'utf8')) as Facts)
    : await loadOwn(options, rows);
  writeFileSync(factsPath, JSON.stringify(facts));
  const db = openClickHouse(options);
  if (!isWeftOnly && !(await hasCopy(db))) await copy(db);
  await settled(db);
  await db.close();
  return { options, rows, facts };
}

async function loadOwn(options: StoreOptions, rows: number): Promise<Facts> {
  await migrate(options);
  // The pairs that come later start after everything that is here.
  const toUs = nowUs() - HOUR_US;
  const source = createCallSource(rows, toUs - 30 * DAY_US, toUs, 42);
  return writeCalls(options, source, rows, toUs);
}

async function hasCopy(db: ClickHouse): Promise<boolean> {
  const [there] = await db.all({ sql: 'EXISTS TABLE calls_complete' }, (row) => row.uint8());
  return there === 1;
}

async function writeCalls(
  options: StoreOptions,
  source: CallSource,
  rows: number,
  toUs: number,
): Promise<Facts> {
  const writer = openTraceWriter(options);
  const byOp = new Map<string, number>();
  let newest: Made[] = [];
  const samples: Made[] = [];
  let count = 0;
  for (let done = 0; done < rows;) {
    const calls: CallPart[] = [];
    for (; calls.length < BATCH_ROWS && done < rows; done++) {
      const { part, made } = source.next();
      calls.push(part);
      if (made === undefined) continue;
      newest.push(made);
      byOp.set(made.opName, (byOp.get(made.opName) ?? 0) + 1);
      if (count++ % 80 === 40) samples.push(made);
    }
    if (newest.length > 2 * NEWEST_KEPT) newest = newest.slice(-NEWEST_KEPT);
    await store(writer, calls);
    if (done % 100_000 === 0) console.error(`${new Date().toISOString()} ${done} calls written`);
  }
  await writer.close();
  const ops = [...byOp].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return {
    count,
    newest: newest.slice(-NEWEST_KEPT).reverse(),
    // In no order of time, so that repetitions jump about.
    samples: samples.sort((a, b) => (a.id.slice(-6) < b.id.slice(-6) ? -1 : 1)),
    commonOp: ops[0]!,
    rareOp: ops.at(-1)!,
    toUs,
  };
}

async function store(writer: TraceWriter, calls: readonly CallPart[]): Promise<void> {
  const refused = await writer.write(batchOf(calls));
  if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused[0])}`);
}

async function copy(db: ClickHouse): Promise<void> {
  for (const sql of WANDB_TABLES) await db.command(sql);
  const [from = 0, to = 0] = (
    await db.all(
      {
        sql: 'SELECT toUnixTimestamp64Micro(min(started_at)), toUnixTimestamp64Micro(max(started_at)) FROM calls',
      },
      (row) => [row.int64(), row.int64()] as const,
    )
  )[0]!;
  const step = Math.ceil((to - from + 1) / SLICES);
  for (let at = from; at <= to; at += step) {
    console.error(`${new Date().toISOString()} copying`);
    const slice = `toUnixTimestamp64Micro(started_at) >= ${at} AND toUnixTimestamp64Micro(started_at) < ${at + step}`;
    for (const sql of copyStatements(slice)) await db.command(sql);
  }
}

async function settled(db: ClickHouse): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await wait(500);
    const [running] = await db.all({ sql: 'SELECT toInt64(count()) FROM system.merges' }, (row) =>
      row.int64(),
    );
    quiet = running === 0 ? quiet + 1 : 0;
  }
}

/**
 * Stops merges, then makes about 5 % of Weft's rows superseded ones: 4 % more calls whose start and end are stored by
 * different batches, all newer than the rest, and renames of 1 % of the calls.
 */
export async function addSuperseded(loaded: Loaded): Promise<Loaded & { readonly superseded: number }> {
  const { options, rows, facts } = loaded;
  const db = openClickHouse(options);
  await db.command('SYSTEM STOP MERGES calls');
  await db.command('SYSTEM STOP MERGES calls_superseded');
  const writer = openTraceWriter(options);
  const pairs = Math.round(rows * 0.04);
  const source = createCallSource(pairs, facts.toUs + 1_000_000, facts.toUs + HOUR_US - 60_000_000, 43);
  const newest: Made[] = [];
  let ends: CallPart[] = [];
  for (let done = 0; done < pairs;) {
    const [starts, next]: [CallPart[], CallPart[]] = [[], []];
    for (; starts.length < BATCH_ROWS && done < pairs; done++) {
      const { part, made } = source.next();
      const { projectId, id, start, end } = part;
      starts.push({ projectId, id, start });
      next.push({ projectId, id, end });
      if (made !== undefined) newest.push(made);
    }
    await store(writer, [...ends, ...starts]);
    ends = next;
  }
  await store(writer, ends);
  const renamed = facts.samples.slice(0, Math.round(rows * 0.01));
  for (let at = 0; at < renamed.length; at += 1000) {
    await store(
      writer,
      renamed.slice(at, at + 1000).map(({ id }) => ({
        projectId: PROJECT,
        id,
        rename: {
          version: partVersion(nowUs(), false, id, Buffer.from('renamed')),
          displayName: 'renamed',
        },
      })),
    );
  }
  await writer.close();
  await db.close();
  return {
    options,
    rows,
    superseded: pairs + renamed.length,
    facts: {
      ...facts,
      count: facts.count + newest.length,
      newest: [...newest.reverse(), ...facts.newest],
    },
  };
}
