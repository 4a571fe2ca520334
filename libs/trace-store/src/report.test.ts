import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import { migrate } from './migrate.ts';
import { storeReport } from './report.ts';
import { emptyBatch } from './trace-store.ts';
import { openTraceWriter } from './writer.ts';

describe('the report of a store', () => {
  let dir: string;
  let engine: EmbeddedClickHouse;
  const as = (who: 'reader' | 'writer') => ({ url: engine.url, database: engine.database, ...engine[who] });

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'report-'));
    engine = await openEmbeddedClickHouse({
      dataDir: join(dir, 'data'),
      logger: createLogger({ name: 'test', level: 'silent' }),
    });
  });
  afterAll(async () => {
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('tells of a server that has no tables yet', async () => {
    const report = await storeReport(as('writer'));
    expect(report).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\./),
      user: engine.writer.username,
      mayInsert: { found: true },
      mayCreateTables: { found: true },
      disks: { found: expect.arrayContaining([expect.objectContaining({ freeBytes: expect.any(Number) })]) },
      tables: { found: [] },
      replicas: { found: [] },
      failingMutations: { found: [] },
    });
    expect(Math.abs(report.clockAheadMs)).toBeLessThanOrEqual(report.clockWithinMs + 1);
  });

  it('counts rows and parts', async () => {
    await migrate(as('writer'));
    const store = openTraceWriter(as('writer'));
    const file = { projectId: 'a/b', name: 'x', bytes: Buffer.from('bytes'), createdAtUs: 1 };
    await store.write({
      ...emptyBatch(),
      files: [
        { ...file, digest: '1' },
        { ...file, digest: '2' },
      ],
    });
    await store.close();
    const { tables } = await storeReport(as('writer'));
    const found = 'found' in tables ? tables.found : [];
    expect(found.find(({ name }) => name.includes('files'))).toMatchObject({ rows: 2, mostParts: 1 });
  });

  it('tells what a reader may not do, and what it may not see', async () => {
    const report = await storeReport(as('reader'));
    expect(report.user).toBe(engine.reader.username);
    expect([report.mayInsert, report.mayCreateTables]).toEqual([{ found: false }, { found: false }]);
    expect(report.disks).toEqual({ hidden: expect.stringContaining('system.disks') });
  });

  it('says when nobody is there', async () => {
    await expect(storeReport({ ...as('writer'), url: 'http://127.0.0.1:2' })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await expect(storeReport({ ...as('writer'), password: 'wrong' })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});
