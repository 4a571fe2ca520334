import { MAX_TABLE_ROWS } from '@weft/model';
import { z } from 'zod';
import { flag, given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, json, lines } from '../route-spec.ts';
import { sortBy } from './calls.ts';

/** Tables and their rows (weave-api §4.6). */

const tag = 'Tables';

export const TableRow = z.object({ digest: z.string(), val: z.looseObject({}), original_index: z.int() });

const object = z.looseObject({});
const expectedDigest = given(z.string());

export const tableCreate = defineRoute({
  method: 'post',
  path: '/table/create',
  tag,
  access: 'write',
  summary: 'Stores a table; rows and table are named by their digests',
  request: z.object({
    table: z.object({
      project_id: projectId,
      rows: z.array(object).max(500_000),
      expected_digest: expectedDigest,
    }),
  }),
  answer: json(z.object({ digest: z.string(), row_digests: z.array(z.string()) })),
});

export const tableCreateFromDigests = defineRoute({
  method: 'post',
  path: '/table/create_from_digests',
  tag,
  access: 'write',
  summary: 'Stores a table of rows that were sent before',
  request: z.object({
    project_id: projectId,
    row_digests: z.array(z.string().min(1).max(256)).max(MAX_TABLE_ROWS),
    expected_digest: expectedDigest,
  }),
  answer: json(z.object({ digest: z.string() })),
});

export const tableUpdate = defineRoute({
  method: 'post',
  path: '/table/update',
  tag,
  access: 'write',
  summary: 'Stores a table made of another one by edits in order',
  request: z.object({
    project_id: projectId,
    base_digest: z.string(),
    updates: z.array(
      z.union([
        z.object({ append: z.object({ row: object }) }),
        z.object({ pop: z.object({ index: z.int() }) }),
        z.object({ insert: z.object({ index: z.int(), row: object }) }),
      ]),
    ),
  }),
  answer: json(z.object({ digest: z.string(), updated_row_digests: z.array(z.string()) })),
});

const TableQueryRequest = z.object({
  project_id: projectId,
  digest: z.string(),
  filter: given(z.object({ row_digests: strings('filter.row_digests', 10_000) })),
  limit,
  offset,
  sort_by: sortBy,
});
export type TableQueryRequest = z.output<typeof TableQueryRequest>;

export const tableQuery = defineRoute({
  method: 'post',
  path: '/table/query',
  tag,
  summary: 'Rows of a table',
  request: TableQueryRequest,
  answer: json(z.object({ rows: z.array(TableRow) })),
});

export const tableQueryStream = defineRoute({
  method: 'post',
  path: '/table/query_stream',
  tag,
  summary: 'Rows of a table, as JSON lines',
  request: TableQueryRequest,
  answer: lines(TableRow),
});

export const tableQueryStats = defineRoute({
  method: 'post',
  path: '/table/query_stats',
  tag,
  summary: 'How many rows a table has; 0 for one that is not there',
  request: z.object({ project_id: projectId, digest: z.string() }),
  answer: json(z.object({ count: z.int() })),
});

export const tableQueryStatsBatch = defineRoute({
  method: 'post',
  path: '/table/query_stats_batch',
  tag,
  summary: 'How many rows tables have, and how many bytes; those that are not there are left out',
  request: z.object({
    project_id: projectId,
    digests: strings('digests'),
    include_storage_size: flag,
  }),
  answer: json(
    z.object({
      tables: z.array(
        z.object({ count: z.int(), digest: z.string(), storage_size_bytes: z.int().nullable() }),
      ),
    }),
  ),
});

export const TABLE_ROUTES = [
  tableCreate,
  tableCreateFromDigests,
  tableUpdate,
  tableQuery,
  tableQueryStream,
  tableQueryStats,
  tableQueryStatsBatch,
];
