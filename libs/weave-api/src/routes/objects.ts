import { z } from 'zod';
import { flag, given, limit, offset, projectId, strings } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';

/** Objects and their versions (weave-api §4.5). */

const tag = 'Objects';

export const ObjectVersion = z.looseObject({
  project_id: z.string(),
  object_id: z.string(),
  created_at: z.iso.datetime(),
  deleted_at: z.iso.datetime().nullable(),
  digest: z.string(),
  version_index: z.int(),
  is_latest: z.int(),
  kind: z.enum(['op', 'object']),
  base_object_class: z.string().nullable(),
  leaf_object_class: z.string().nullable(),
  val: z.unknown(),
  wb_user_id: z.string().nullable(),
  size_bytes: z.int().nullable(),
  tags: z.array(z.string()).nullable(),
  aliases: z.array(z.string()).nullable(),
});

export const objCreate = defineRoute({
  method: 'post',
  path: '/obj/create',
  tag,
  access: 'write',
  summary: 'Publishes a version of an object; its digest is that of its value',
  request: z.object({
    obj: z.object({
      project_id: projectId,
      object_id: z.string(),
      val: z.unknown(),
      builtin_object_class: given(z.string()),
      set_base_object_class: given(z.string()),
      expected_digest: given(z.string()),
      wb_user_id: given(z.string()),
    }),
  }),
  answer: json(z.object({ digest: z.string(), object_id: z.string() })),
});

export const objRead = defineRoute({
  method: 'post',
  path: '/obj/read',
  tag,
  summary: 'One object version: by digest, `latest`, `vN` or alias',
  request: z.object({
    project_id: projectId,
    object_id: z.string(),
    digest: z.string(),
    metadata_only: flag,
    include_tags_and_aliases: flag,
  }),
  answer: json(z.object({ obj: ObjectVersion })),
});

export const ObjectsFilter = z.object({
  base_object_classes: strings('filter.base_object_classes'),
  exclude_base_object_classes: strings('filter.exclude_base_object_classes'),
  leaf_object_classes: strings('filter.leaf_object_classes'),
  object_ids: strings('filter.object_ids', 10_000),
  is_op: given(z.boolean()),
  latest_only: given(z.boolean()),
  tags: strings('filter.tags'),
  aliases: strings('filter.aliases'),
});
export type ObjectsFilter = z.output<typeof ObjectsFilter>;

export const ObjsQueryRequest = z.object({
  project_id: projectId,
  filter: given(ObjectsFilter),
  limit,
  offset,
  sort_by: given(
    z
      .array(z.object({ field: z.enum(['object_id', 'created_at']), direction: z.enum(['asc', 'desc']) }))
      .max(20),
  ),
  metadata_only: flag,
  include_storage_size: flag,
  include_tags_and_aliases: flag,
});
export type ObjsQueryRequest = z.output<typeof ObjsQueryRequest>;

export const objsQuery = defineRoute({
  method: 'post',
  path: '/objs/query',
  tag,
  summary: 'Object versions that match a filter',
  request: ObjsQueryRequest,
  answer: json(z.object({ objs: z.array(ObjectVersion) })),
});

export const ObjDeleteRequest = z.object({
  project_id: projectId,
  object_id: z.string(),
  /** Digests, `latest`, `vN` or aliases; without any, all versions. */
  digests: given(z.array(z.string())),
});
export type ObjDeleteRequest = z.output<typeof ObjDeleteRequest>;

export const objDelete = defineRoute({
  method: 'post',
  path: '/obj/delete',
  tag,
  summary: 'Delete versions of an object, or all of them',
  access: 'write',
  request: ObjDeleteRequest,
  answer: json(
    z.object({
      num_deleted: z.int(),
      deleted_versions: z.array(
        z.object({
          digest: z.string(),
          base_object_class: z.string().nullable(),
          leaf_object_class: z.string().nullable(),
        }),
      ),
    }),
  ),
});

export const OBJECT_ROUTES = [objCreate, objRead, objsQuery, objDelete];
