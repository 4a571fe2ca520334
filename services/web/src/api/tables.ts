import { queryOptions } from '@tanstack/react-query';
import { lines, request, stringifyJson } from './request.ts';

/** A row as it is stored; its numbers keep their digits. */
export interface TableRow {
  readonly digest: string;
  readonly original_index: number;
  readonly val: Row;
}
export type Row = Readonly<Record<string, unknown>>;

export interface RowSort {
  readonly field: string;
  readonly direction: 'asc' | 'desc';
}

/** Rows that are read at once. */
export const PAGE_ROWS = 100;

export function rowCountQuery(projectId: string, digest: string) {
  return queryOptions({
    queryKey: ['table', projectId, digest, 'count'],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const body = { project_id: projectId, digest };
      return (await request<{ count: number }>('/table/query_stats', body, { signal })).count;
    },
  });
}

/** One page of rows. A table never changes. */
export function rowsQuery(projectId: string, digest: string, page: number, sort: RowSort | undefined) {
  return queryOptions({
    queryKey: ['table', projectId, digest, 'rows', sort ?? null, page],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        digest,
        limit: PAGE_ROWS,
        offset: page * PAGE_ROWS,
        ...(sort && { sort_by: [sort] }),
      };
      const options = { signal, exact: true };
      return (await request<{ rows: readonly TableRow[] }>('/table/query', body, options)).rows;
    },
  });
}

/** All rows, as they come. */
export function streamRows(
  projectId: string,
  digest: string,
  { sort, limit, signal }: { sort?: RowSort | undefined; limit?: number; signal?: AbortSignal } = {},
): AsyncGenerator<TableRow> {
  const body = { project_id: projectId, digest, limit, ...(sort && { sort_by: [sort] }) };
  return lines<TableRow>('/table/query_stream', body, signal, { exact: true });
}

export type TableUpdate =
  | { readonly append: { readonly row: Row } }
  | { readonly pop: { readonly index: number } }
  | { readonly insert: { readonly index: number; readonly row: Row } };

/** Characters of edits in one request; the server takes 32 MB. */
const MAX_UPDATE_CHARS = 4_000_000;

/** Stores what a table is after edits, in as many steps as their size needs. @returns its digest. */
export async function updateTable(
  projectId: string,
  base: string,
  updates: readonly TableUpdate[],
): Promise<string> {
  let digest = base;
  for (let from = 0; from < updates.length;) {
    const batch: TableUpdate[] = [];
    for (let chars = 0; from < updates.length && (batch.length === 0 || chars < MAX_UPDATE_CHARS); from++) {
      batch.push(updates[from]!);
      chars += stringifyJson(updates[from]).length;
    }
    const body = { project_id: projectId, base_digest: digest, updates: batch };
    digest = (await request<{ digest: string }>('/table/update', body)).digest;
  }
  return digest;
}

export const createTable = async (projectId: string, rows: readonly Row[]): Promise<string> =>
  (await request<{ digest: string }>('/table/create', { table: { project_id: projectId, rows } })).digest;

/** The digest in `weave:///entity/project/table/digest`. */
export function tableDigest(ref: unknown): string | undefined {
  return typeof ref === 'string' ? /^weave:\/\/\/[^/]+\/[^/]+\/table\/([^/:]+)$/.exec(ref)?.[1] : undefined;
}
