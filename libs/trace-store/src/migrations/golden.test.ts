import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { ClusterOptions } from '../cluster.ts';
import { renderMigrations } from '../migrate.ts';

const cluster: ClusterOptions = {
  name: 'weave_cluster',
  keeperPath: '/clickhouse/tables/{db}',
  isDistributed: false,
  insertQuorum: 'auto',
};
const LAYOUTS: readonly (readonly [name: string, cluster: ClusterOptions | undefined])[] = [
  ['plain', undefined],
  ['replicated', cluster],
  ['distributed', { ...cluster, isDistributed: true }],
];

/** To add a migration: delete the files, run this test twice, and look at what has changed: only the end may have. */
describe('the rendered migrations', () => {
  it.each(LAYOUTS)('are what they were: %s', (name, layout) => {
    const file = new URL(`./golden/${name}.sql`, import.meta.url);
    const sql = renderMigrations({ database: 'weft', cluster: layout })
      .map((statement) => `${statement};\n`)
      .join('\n');
    if (!existsSync(file)) {
      writeFileSync(file, sql);
      throw new Error(`${file.pathname} was missing and has been written: look at it`);
    }
    expect(sql).toBe(readFileSync(file, 'utf8'));
  });
});
