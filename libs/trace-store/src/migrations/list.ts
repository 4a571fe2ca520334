import { calls } from './001-calls.ts';
import { objects } from './002-objects.ts';
import { tableOrder, tables } from './003-tables.ts';
import { labels } from './004-labels.ts';
import { prices } from './005-prices.ts';
import { feedbackColumns, feedbackPurges } from './006-feedback.ts';
import { annotationQueues } from './007-annotation-queues.ts';
import { usage } from './008-usage.ts';
import { search } from './009-search.ts';
import { usageSums } from './010-usage-sums.ts';
import { spanLogs } from './011-span-logs.ts';
import { otelScopes } from './012-otel-scopes.ts';
import { containers } from './013-containers.ts';
import { blobs } from './014-blobs.ts';
import { renderChange, renderTable, type TableChange, type TableDefinition, type Target } from './table.ts';

export interface Migration {
  /** From 1 without gaps. */
  readonly number: number;
  readonly name: string;
  readonly tables?: readonly TableDefinition[];
  readonly changes?: readonly TableChange[];
}

/** In order. What is in here stays as it is: a change is a new migration (golden/). */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'calls', tables: calls },
  { number: 2, name: 'objects', tables: objects },
  { number: 3, name: 'tables', tables, changes: tableOrder },
  { number: 4, name: 'labels', tables: labels },
  { number: 5, name: 'prices', tables: prices },
  { number: 6, name: 'feedback', tables: feedbackPurges, changes: feedbackColumns },
  { number: 7, name: 'annotation queues', tables: annotationQueues },
  { number: 8, name: 'usage', changes: usage },
  { number: 9, name: 'search', changes: search },
  { number: 10, name: 'usage sums', changes: usageSums },
  { number: 11, name: 'span logs', changes: spanLogs },
  { number: 12, name: 'otel scopes', changes: otelScopes },
  { number: 13, name: 'containers', changes: containers },
  { number: 14, name: 'blobs', changes: blobs },
];

/** Where the migrations that are done are written down. */
const RECORD: TableDefinition = {
  name: 'migrations',
  comment: 'Migrations that are done',
  columns: `
    number UInt32 COMMENT 'Migrations are applied in this order.',
    name String COMMENT 'What it makes.',
    applied_at DateTime DEFAULT now() COMMENT 'When it was done.'`,
  engine: 'MergeTree',
  keys: 'ORDER BY number',
  shardKey: 'number',
};

/** Every statement may be run again: a migration that was cut short is repeated whole. */
export function renderMigration({ tables = [], changes = [] }: Migration, target: Target): string[] {
  return [
    ...tables.flatMap((table) => renderTable(table, target)),
    ...changes.flatMap((change) => renderChange(change, target)),
  ];
}

export function renderRecord(target: Target): string[] {
  return renderTable(RECORD, target);
}
