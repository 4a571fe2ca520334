import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import { openClickHouse, type StoreOptions } from '../clickhouse.ts';
import { migrate } from '../migrate.ts';
import type { TraceWriterOptions } from '../writer.ts';
import { clientsOf, type TestClients } from './open-clients.ts';

/** A real server for one test file, migrated; every test takes a project of its own. */
export interface TestStore {
  readonly writer: StoreOptions;
  readonly reader: StoreOptions;
  /** Rows of a query whose columns are strings. */
  query(sql: string): Promise<string[]>;
  command(sql: string): Promise<void>;
  /** A reader and a writer, which are closed with the store. */
  open(options?: Partial<TraceWriterOptions>): TestClients;
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
  const reader = { ...options, ...engine.reader };
  const clients = clientsOf({ reader, writer });
  return {
    writer,
    reader,
    open: clients.open,
    query: (sql) => db.all({ sql }, (row) => row.text()),
    command: (sql) => db.command(sql),
    async close() {
      await clients.closeAll();
      await db.close();
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
