import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import type { CallPart, EndFields, StartFields } from '@weft/model';
import { createLogger } from '@weft/runtime';
import { partVersion } from '../calls/version.ts';
import { openClickHouse, type StoreOptions } from '../clickhouse.ts';
import { migrate } from '../migrate.ts';
import { emptyBatch, type WriteBatch } from '../trace-store.ts';

/** A real server for one test file, migrated; every test takes a project of its own. */
export interface TestStore {
  readonly writer: StoreOptions;
  readonly reader: StoreOptions;
  /** Rows of a query whose columns are strings. */
  query(sql: string): Promise<string[]>;
  command(sql: string): Promise<void>;
  close(): Promise<void>;
}

export async function openTestStore(): Promise<TestStore> {
  const dataDir = mkdtempSync(join(tmpdir(), 'trace-store-'));
  const engine = await openEmbeddedClickHouse({
    dataDir,
    logger: createLogger({ name: 'test', level: 'silent' }),
  });
  const options = { url: engine.url, database: engine.database };
  const writer = { ...options, ...engine.writer };
  await migrate(writer);
  const db = openClickHouse(writer);
  return {
    writer,
    reader: { ...options, ...engine.reader },
    query: (sql) => db.all({ sql }, (row) => row.text()),
    command: (sql) => db.command(sql),
    async close() {
      await db.close();
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export function batch(some: Partial<WriteBatch>): WriteBatch {
  return { ...emptyBatch(), ...some };
}

export const json = (text: string): Uint8Array => Buffer.from(text);

/** 2026-01-02T03:04:05Z. */
export const T0 = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;

export interface StartLike extends Partial<StartFields> {
  /** Tells versions of one instant apart, as different bytes would. */
  readonly salt?: string;
  readonly complete?: boolean;
}

export function startOf(projectId: string, id: string, fields: StartLike = {}): CallPart {
  const { salt = '', complete = false, ...given } = fields;
  const startedAtUs = given.startedAtUs ?? T0;
  return {
    projectId,
    id,
    start: {
      version: partVersion(startedAtUs, complete, id, json(`start${salt}`)),
      startedAtUs,
      traceId: 'trace',
      parentId: null,
      threadId: null,
      turnId: null,
      opName: 'op',
      displayName: null,
      attributes: json('{}'),
      inputs: json(`{"salt":"${salt}"}`),
      otelDump: null,
      userId: null,
      runId: null,
      runStep: null,
      inputRefs: [],
      ...given,
    },
  };
}

export function endOf(
  projectId: string,
  id: string,
  fields: Partial<EndFields> & { readonly salt?: string; readonly complete?: boolean } = {},
): CallPart {
  const { salt = '', complete = false, ...given } = fields;
  const endedAtUs = given.endedAtUs ?? T0 + 1_000_000;
  return {
    projectId,
    id,
    end: {
      version: partVersion(endedAtUs, complete, id, json(`end${salt}`)),
      endedAtUs,
      exception: null,
      output: json(`"${salt}"`),
      summary: json('{}'),
      runStepEnd: null,
      outputRefs: [],
      ...given,
    },
  };
}

export function renameOf(projectId: string, id: string, displayName: string, atUs = T0): CallPart {
  return {
    projectId,
    id,
    rename: { version: partVersion(atUs, false, id, json(`rename${displayName}`)), displayName },
  };
}

/** A call made from a span: start and end in one part, known by the trace as well. */
export function spanOf(
  projectId: string,
  traceId: string,
  id: string,
  start: StartLike = {},
  end: Parameters<typeof endOf>[2] = {},
): CallPart {
  const salt = `${traceId}${start.salt ?? ''}`;
  return {
    ...completeOf(projectId, id, { traceId, ...start, salt }, { ...end, salt }),
    spanTraceId: traceId,
  };
}

/** Start and end in one part. */
export function completeOf(
  projectId: string,
  id: string,
  start: StartLike = {},
  end: Parameters<typeof endOf>[2] = {},
): CallPart {
  return {
    ...startOf(projectId, id, { complete: true, ...start }),
    ...endOf(projectId, id, { complete: true, ...end }),
  };
}

/** Deterministic numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
