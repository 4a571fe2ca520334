import { queryOptions } from '@tanstack/react-query';
import { request, requestBlob, stringifyJson } from './request.ts';

/** A version of something that has versions. */
export interface ObjectVersion {
  readonly project_id: string;
  readonly object_id: string;
  readonly created_at: string;
  readonly digest: string;
  readonly version_index: number;
  readonly is_latest: number;
  readonly kind: 'op' | 'object';
  readonly base_object_class: string | null;
  readonly leaf_object_class: string | null;
  readonly wb_user_id: string | null;
  readonly tags: readonly string[] | null;
  readonly aliases: readonly string[] | null;
  /** Empty where only the rest was asked for. Numbers keep their digits. */
  readonly val: unknown;
}

export const OBJECT_KINDS = ['datasets', 'prompts', 'models', 'scorers', 'ops', 'other'] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** Base classes as SDKs name them; those of npm's prompts are their own. */
const CLASSES: Readonly<Record<Exclude<ObjectKind, 'ops' | 'other'>, readonly string[]>> = {
  datasets: ['Dataset'],
  prompts: ['Prompt', 'StringPrompt', 'MessagesPrompt', 'EasyPrompt'],
  models: ['Model'],
  scorers: ['Scorer'],
};

export function kindOf({ kind, base_object_class }: ObjectVersion): ObjectKind {
  if (kind === 'op') return 'ops';
  const found = Object.entries(CLASSES).find(([, names]) => names.includes(base_object_class ?? ''));
  return (found?.[0] as ObjectKind | undefined) ?? 'other';
}

function filterOf(kind: ObjectKind): object {
  if (kind === 'ops') return { is_op: true };
  const all = Object.values(CLASSES).flat();
  if (kind === 'other') return { is_op: false, exclude_base_object_classes: all };
  return { is_op: false, base_object_classes: CLASSES[kind] };
}

/** Most objects of a kind that are listed. */
export const LISTED = 2000;

/** The latest version of each object of a kind, the newest first, without values. */
export function assetsQuery(projectId: string, kind: ObjectKind) {
  return queryOptions({
    queryKey: ['objects', projectId, 'latest', kind],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { latest_only: true, ...filterOf(kind) },
        sort_by: [{ field: 'created_at', direction: 'desc' }],
        metadata_only: true,
        include_tags_and_aliases: true,
        limit: LISTED,
      };
      return (await request<{ objs: readonly ObjectVersion[] }>('/objs/query', body, { signal })).objs;
    },
  });
}

/** Most versions of an object that can be chosen from. */
export const VERSIONS_LISTED = 500;

/** Versions of one object, the newest first, without values. */
export function versionsQuery(projectId: string, name: string) {
  return queryOptions({
    queryKey: ['objects', projectId, 'versions', name],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        filter: { object_ids: [name] },
        sort_by: [{ field: 'created_at', direction: 'desc' }],
        metadata_only: true,
        include_tags_and_aliases: true,
        limit: VERSIONS_LISTED,
      };
      return (await request<{ objs: readonly ObjectVersion[] }>('/objs/query', body, { signal })).objs;
    },
  });
}

/** One version, whole. @param version a digest, `latest`, `v3` or an alias. */
export function objectQuery(projectId: string, name: string, version: string) {
  return queryOptions({
    queryKey: ['objects', projectId, 'one', name, version],
    queryFn: async ({ signal }) => {
      const body = {
        project_id: projectId,
        object_id: name,
        digest: version,
        include_tags_and_aliases: true,
      };
      return (await request<{ obj: ObjectVersion }>('/obj/read', body, { signal, exact: true })).obj;
    },
  });
}

export function refOf({ project_id, kind, object_id, digest }: ObjectVersion): string {
  const type = kind === 'op' ? 'op' : 'object';
  return `weave:///${project_id}/${type}/${encodeURIComponent(object_id)}:${digest}`;
}

/** Publishes a version. @returns its digest. */
export async function createObject(projectId: string, name: string, val: unknown): Promise<string> {
  const obj = { project_id: projectId, object_id: name, val };
  return (await request<{ digest: string }>('/obj/create', { obj })).digest;
}

export const deleteVersion = ({ project_id, object_id, digest }: ObjectVersion) =>
  request<object>('/obj/delete', { project_id, object_id, digests: [digest] });

const pathOf = ({ object_id }: ObjectVersion) => `/objs/${encodeURIComponent(object_id)}`;
const tagsPath = (version: ObjectVersion) => `${pathOf(version)}/versions/${version.digest}/tags`;

export const addTag = (version: ObjectVersion, tag: string) =>
  request<object>(tagsPath(version), { project_id: version.project_id, tags: [tag] }, { method: 'PUT' });
export const removeTag = (version: ObjectVersion, tag: string) =>
  request<object>(`${tagsPath(version)}/remove`, { project_id: version.project_id, tags: [tag] });
export const setAlias = (version: ObjectVersion, alias: string) => {
  const { project_id, digest } = version;
  return request<object>(`${pathOf(version)}/aliases`, { project_id, digest, aliases: [alias] }, { method: 'PUT' });
}; // prettier-ignore
export const removeAlias = (version: ObjectVersion, alias: string) =>
  request<object>(`${pathOf(version)}/aliases/remove`, { project_id: version.project_id, aliases: [alias] });

/** A stored file; `undefined` digest: nothing to read. */
export function fileQuery(projectId: string, digest: string | undefined) {
  return queryOptions({
    queryKey: ['file', projectId, digest],
    enabled: digest !== undefined,
    staleTime: Infinity,
    queryFn: ({ signal }) => requestBlob('/file/content', { project_id: projectId, digest }, signal),
  });
}

/** Members of a JSON object; none of anything else. */
export function membersOf(value: unknown): ReadonlyMap<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return new Map(isObject ? Object.entries(value) : []);
}

/** Whether two JSON values are written the same. */
export const isSame = (a: unknown, b: unknown) => a === b || stringifyJson(a) === stringifyJson(b);

/** Calls that were given a version, or made by it: the newest ones and their number. */
export function usesQuery(version: ObjectVersion) {
  const ref = refOf(version);
  // Rows of a dataset are told as the dataset's ref and a path.
  const inside = { $contains: { input: { $getField: 'inputs' }, substr: { $literal: ref } } };
  const which =
    version.kind === 'op'
      ? { filter: { op_names: [ref] } }
      : kindOf(version) === 'datasets'
        ? { query: { $expr: inside } }
        : { filter: { input_refs: [ref] } };
  return queryOptions({
    queryKey: ['objects', version.project_id, 'uses', ref],
    queryFn: async ({ signal }) => {
      const about = { project_id: version.project_id, ...which };
      const columns = ['id', 'project_id', 'op_name', 'display_name', 'trace_id', 'started_at', 'ended_at', 'exception', 'summary']; // prettier-ignore
      const [stats, page] = await Promise.all([
        request<{ count: number }>('/calls/query_stats', about, { signal }),
        request<{ calls: readonly import('./calls.ts').Call[] }>(
          '/weft/v1/calls/page',
          { ...about, columns, limit: 20 },
          { signal },
        ),
      ]);
      return { count: stats.count, calls: page.calls };
    },
  });
}
