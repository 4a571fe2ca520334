import type { EventLog } from '@weft/event-log';
import { route, type Route, type RouteContext } from '@weft/http';
import {
  AppError,
  assertAlias,
  assertTag,
  encodeAliases,
  encodeTags,
  nowUs,
  objectEventId,
  type TraceEvent,
} from '@weft/model';
import type { StoredObject, TraceReader } from '@weft/trace-store';
import {
  aliasesList,
  aliasesRemove,
  aliasesSet,
  tagsAdd,
  tagsList,
  tagsRemove,
  type TagsRequest,
} from '@weft/weave-api';
import { sendJson } from '../send.ts';

const DONE = '{}';

/** Tags of object versions and aliases of objects (weave-api §4.5). */
export function labelRoutes(reader: TraceReader, eventLog: Pick<EventLog, 'append'>): Route[] {
  const clock = increasingClock();

  async function append(event: Omit<TraceEvent, 'receivedAtUs' | 'note'>, notBeforeUs = 0): Promise<void> {
    const receivedAtUs = Math.max(clock(), notBeforeUs);
    await eventLog.append('trace-events', [{ ...event, receivedAtUs, note: '' }]);
  }

  async function tagVersion(
    request: TagsRequest,
    version: StoredObject,
    { userId }: RouteContext,
    tags: { readonly add: readonly string[]; readonly remove: readonly string[] },
  ): Promise<void> {
    const { project_id: projectId, object_id: objectId } = request;
    const id = objectEventId(objectId, version.digest);
    const event = { kind: 'object.tagged', projectId, id, userId, payload: encodeTags(tags) } as const;
    await append(event, version.createdAtUs);
  }

  return [
    route(tagsAdd, async (request, context) => {
      const tags = distinct(request.tags);
      tags.forEach(assertTag);
      const version = await existing(reader, request);
      if (tags.length > 0) await tagVersion(request, version, context, { add: tags, remove: [] });
      await sendJson(context.req, context.res, DONE);
    }),

    // What is not there needs no taking off.
    route(tagsRemove, async (request, context) => {
      const tags = distinct(request.tags);
      const version = tags.length === 0 ? null : await find(reader, request);
      if (version !== null) await tagVersion(request, version, context, { add: [], remove: tags });
      await sendJson(context.req, context.res, DONE);
    }),

    route(aliasesSet, async (request, { req, res, userId }) => {
      const { project_id: projectId, object_id: id } = request;
      const aliases = distinct(request.aliases);
      aliases.forEach(assertAlias);
      const { digest, createdAtUs } = await existing(reader, request);
      const payload = encodeAliases({ digest, aliases });
      if (aliases.length > 0)
        await append({ kind: 'object.aliased', projectId, id, userId, payload }, createdAtUs);
      await sendJson(req, res, DONE);
    }),

    route(aliasesRemove, async (request, { req, res, userId }) => {
      const { project_id: projectId, object_id: id } = request;
      const aliases = distinct(request.aliases);
      aliases.forEach(assertAlias);
      const payload = encodeAliases({ digest: null, aliases });
      if (id !== '' && aliases.length > 0)
        await append({ kind: 'object.aliased', projectId, id, userId, payload });
      await sendJson(req, res, DONE);
    }),

    route(tagsList, async ({ project_id: projectId }, { req, res }) =>
      sendJson(req, res, JSON.stringify({ tags: await reader.listTags(projectId) })),
    ),
    route(aliasesList, async ({ project_id: projectId }, { req, res }) =>
      sendJson(req, res, JSON.stringify({ aliases: await reader.listAliases(projectId) })),
    ),
  ];
}

type VersionName = Pick<TagsRequest, 'project_id' | 'object_id' | 'digest'>;

/** @throws AppError `not_found` when it does not exist or is deleted. */
async function existing(reader: TraceReader, request: VersionName): Promise<StoredObject> {
  const version = await find(reader, request);
  if (version !== null && version.deletedAtUs === null) return version;
  throw new AppError('not_found', `Object version ${request.object_id}:${request.digest} not found`);
}

async function find(reader: TraceReader, request: VersionName): Promise<StoredObject | null> {
  const { project_id: projectId, object_id: objectId, digest } = request;
  return (await reader.findVersions(projectId, objectId, [digest])).get(digest) ?? null;
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** The system clock ticks in milliseconds; of two labels set in one of them the second counts. */
function increasingClock(): () => number {
  let last = 0;
  return () => (last = Math.max(last + 1, nowUs()));
}
