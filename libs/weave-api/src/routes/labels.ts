import { z } from 'zod';
import { projectId } from '../members.ts';
import { defineRoute, json } from '../route-spec.ts';

/** Tags of object versions, aliases of objects (weave-api §4.5). */

const tag = 'Objects';

/** Names of one request. */
const MAX_NAMES = 1000;
const names = z.array(z.string()).max(MAX_NAMES);

const TagsRequest = z.object({
  project_id: projectId,
  object_id: z.string(),
  digest: z.string(),
  tags: names,
});
export type TagsRequest = z.output<typeof TagsRequest>;

export const tagsAdd = defineRoute({
  method: 'put',
  path: '/objs/{object_id}/versions/{digest}/tags',
  tag,
  summary: 'Put tags on an object version',
  access: 'write',
  request: TagsRequest,
});

export const tagsRemove = defineRoute({
  method: 'post',
  path: '/objs/{object_id}/versions/{digest}/tags/remove',
  tag,
  summary: 'Take tags off an object version',
  access: 'write',
  request: TagsRequest,
});

const AliasesRemoveRequest = z.object({ project_id: projectId, object_id: z.string(), aliases: names });
export type AliasesRemoveRequest = z.output<typeof AliasesRemoveRequest>;

const AliasesSetRequest = AliasesRemoveRequest.extend({ digest: z.string() });
export type AliasesSetRequest = z.output<typeof AliasesSetRequest>;

export const aliasesSet = defineRoute({
  method: 'put',
  path: '/objs/{object_id}/aliases',
  tag,
  summary: 'Let aliases of an object lead to one of its versions',
  access: 'write',
  request: AliasesSetRequest,
});

export const aliasesRemove = defineRoute({
  method: 'post',
  path: '/objs/{object_id}/aliases/remove',
  tag,
  summary: 'Remove aliases of an object',
  access: 'write',
  request: AliasesRemoveRequest,
});

const ListRequest = z.object({ project_id: projectId });

export const tagsList = defineRoute({
  method: 'get',
  path: '/tags',
  tag,
  summary: 'Every tag of the project',
  request: ListRequest,
  answer: json(z.object({ tags: z.array(z.string()) })),
});

export const aliasesList = defineRoute({
  method: 'get',
  path: '/aliases',
  tag,
  summary: 'Every alias of the project, without `latest`',
  request: ListRequest,
  answer: json(z.object({ aliases: z.array(z.string()) })),
});

export const LABEL_ROUTES = [tagsAdd, tagsRemove, aliasesSet, aliasesRemove, tagsList, aliasesList];
