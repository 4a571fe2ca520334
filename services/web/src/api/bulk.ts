import { queryOptions } from '@tanstack/react-query';
import { refOf, type ObjectVersion } from './objects.ts';
import { lines, request } from './request.ts';
import { tableDigest, updateTable, type Row, createTable } from './tables.ts';
import type { Call } from './calls.ts';
import { pathOf, selectionOf, type TracesFilter } from './trace-filters.ts';
import type { TracesSort } from './traces.ts';

/** What can be done to many calls. */

export const deleteCalls = (projectId: string, ids: readonly string[]) =>
  request<{ num_deleted: number }>('/calls/delete', { project_id: projectId, call_ids: ids });

export interface Annotation {
  readonly feedback_type: 'wandb.note.1' | 'wandb.reaction.1';
  readonly payload: object;
}

/** All of the calls get all of the annotations, or none gets any. */
export const annotateCalls = (
  projectId: string,
  ids: readonly string[],
  annotations: readonly Annotation[],
) =>
  request<object>('/feedback/batch/create', {
    batch: ids.flatMap((id) =>
      annotations.map((each) => ({
        project_id: projectId,
        weave_ref: `weave:///${projectId}/call/${id}`,
        ...each,
      })),
    ),
  });

export const scoreCalls = (projectId: string, ids: readonly string[], scorerRefs: readonly string[]) =>
  request<object>('/calls/score', { project_id: projectId, call_ids: ids, scorer_refs: scorerRefs });

/** As many as one choice may have: what is done to them is done by this browser, some at a time. */
export const MOST_CHOSEN = 10_000;

/** Ids of the calls that a list shows, in its order, also of those that are not loaded; the first `MOST_CHOSEN`. */
export async function matchingIds(
  projectId: string,
  filter: TracesFilter,
  sort: TracesSort | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const { field, direction } = sort ?? { field: 'started_at', direction: 'desc' };
  const ids: string[] = [];
  const body = {
    project_id: projectId,
    columns: ['id'],
    limit: MOST_CHOSEN,
    sort_by: [{ field: pathOf(field), direction }],
    ...selectionOf(filter),
  };
  for await (const { id } of lines<Pick<Call, 'id'>>('/calls/stream_query', body, signal)) ids.push(id);
  return ids;
}

/** The calls whole, with every digit, in the order of the ids. */
export async function wholeCalls(
  projectId: string,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly Call[]> {
  const found = new Map<string, Call>();
  const columns = ['id', 'op_name', 'display_name', 'inputs', 'output', 'attributes', 'summary'];
  const body = { project_id: projectId, filter: { call_ids: ids }, columns, limit: ids.length };
  for await (const call of lines<Call>('/calls/stream_query', body, signal, { exact: true }))
    found.set(call.id, call);
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** Objects of one class, the latest version of each with its value. */
export function latestQuery(projectId: string, baseClass: string) {
  return queryOptions({
    queryKey: ['objects', projectId, 'latest-of', baseClass],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { latest_only: true, is_op: false, base_object_classes: [baseClass] },
        sort_by: [{ field: 'created_at', direction: 'desc' }],
        limit: 500,
      };
      return (await request<{ objs: readonly ObjectVersion[] }>('/objs/query', body, { signal })).objs;
    },
  });
}

/** Adds rows behind those of a dataset, or begins one. @returns ref of the version that has them. */
export async function addToDataset(
  projectId: string,
  dataset: { readonly name: string } | ObjectVersion,
  rows: readonly Row[],
): Promise<string> {
  if ('name' in dataset) {
    const table = await createTable(projectId, rows);
    return createDataset(projectId, dataset.name, { name: dataset.name, description: null }, table);
  }
  const val = dataset.val as Record<string, unknown>;
  const base = tableDigest(val['rows']);
  if (base === undefined)
    throw new Error('The rows of this dataset are not in a table: it cannot be added to.');
  const updates = rows.map((row) => ({ append: { row } }));
  return createDataset(projectId, dataset.object_id, val, await updateTable(projectId, base, updates));
}

async function createDataset(
  projectId: string,
  objectId: string,
  val: object,
  table: string,
): Promise<string> {
  const whole = {
    _type: 'Dataset',
    _class_name: 'Dataset',
    _bases: ['Object', 'BaseModel'],
    ...val,
    rows: `weave:///${projectId}/table/${table}`,
  };
  const obj = { project_id: projectId, object_id: objectId, val: whole };
  const { digest } = await request<{ digest: string }>('/obj/create', { obj });
  return refOf({ project_id: projectId, kind: 'object', object_id: objectId, digest } as ObjectVersion);
}
