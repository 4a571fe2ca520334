import { partVersion } from '../calls/version.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { insertRows, type Refused, type Table } from '../insert.ts';
import { column } from '../native.ts';
import type { AliasWrite, TagWrite } from './types.ts';

const TAG_STATE_TYPE = "Enum8('removed' = 0, 'set' = 1)";

/** Versions depend on nothing but the event: every order of arrival has the same winner. */
const TAGS: Table<TagWrite> = {
  name: 'object_tags',
  columns: [
    column.text('project_id', (t) => t.projectId),
    column.text('object_id', (t) => t.objectId),
    column.text('digest', (t) => t.digest),
    column.text('tag', (t) => t.tag),
    // Set and removed at one instant: set.
    column.uint128('ver', (t) => (BigInt(t.atUs) << 1n) | (t.isSet ? 1n : 0n)),
    column.enum8('state', TAG_STATE_TYPE, (t) => (t.isSet ? 1 : 0)),
    column.instant('set_at', (t) => t.atUs),
    column.text('user_id', (t) => t.userId),
  ],
  estimateBytes: (t) => 128 + t.tag.length,
};

const ALIASES: Table<AliasWrite> = {
  name: 'object_aliases',
  columns: [
    column.text('project_id', (a) => a.projectId),
    column.text('object_id', (a) => a.objectId),
    column.text('alias', (a) => a.alias),
    column.uint128('ver', (a) => partVersion(a.atUs, false, a.alias, Buffer.from(a.digest ?? ''))),
    column.text('digest', (a) => a.digest ?? ''),
    column.instant('set_at', (a) => a.atUs),
    column.text('user_id', (a) => a.userId),
  ],
  estimateBytes: (a) => 128 + a.alias.length,
};

export const writeTags = (db: ClickHouse, rows: readonly TagWrite[]): Promise<Refused[]> =>
  insertRows(db, TAGS, rows);
export const writeAliases = (db: ClickHouse, rows: readonly AliasWrite[]): Promise<Refused[]> =>
  insertRows(db, ALIASES, rows);
