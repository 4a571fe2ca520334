import type { EventLog } from '@weft/event-log';
import { AppError, encodeObject, nowUs, objectEventId, valueError, type TraceEvent } from '@weft/model';
import type { StoredObject, TraceReader } from '@weft/trace-store';
import type { ObjDeleteRequest } from '@weft/weave-api';

const MAX_DELETES = 100;
/** One append stays far below the size of a log record. */
const EVENTS_PER_APPEND = 5000;

/**
 * Deletes versions of an object, one event each; without names all of them. Nothing is deleted where any name leads
 * nowhere. @returns what was deleted. @throws AppError `not_found`; `invalid_request` for more than 100 names.
 */
export async function deleteObjects(
  reader: TraceReader,
  eventLog: Pick<EventLog, 'append'>,
  { project_id: projectId, object_id: objectId, digests = [] }: ObjDeleteRequest,
  userId: string,
): Promise<StoredObject[]> {
  if (digests.length > MAX_DELETES) {
    const advice = `Please delete ${MAX_DELETES} or fewer objects at a time.`;
    throw valueError(`Object delete request contains ${digests.length} objects. ${advice}`);
  }
  const versions =
    digests.length === 0
      ? await allVersions(reader, projectId, objectId)
      : await namedVersions(reader, projectId, objectId, digests);
  if (versions.length === 0)
    throw new AppError('not_found', `Object ${objectId} (${digests.join(', ')}) not found when deleting.`);
  const events = versions.map((version) => deleted(version, userId));
  for (let at = 0; at < events.length; at += EVENTS_PER_APPEND)
    await eventLog.append('trace-events', events.slice(at, at + EVENTS_PER_APPEND));
  return versions;
}

async function allVersions(
  reader: TraceReader,
  projectId: string,
  objectId: string,
): Promise<StoredObject[]> {
  const versions = [];
  const query = { projectId, filter: { objectIds: [objectId] }, sort: [], vals: false, labels: false };
  for await (const page of reader.streamObjects(query)) versions.push(...page);
  return versions;
}

/** Each version once, however many names it was given. */
async function namedVersions(
  reader: TraceReader,
  projectId: string,
  objectId: string,
  digests: readonly string[],
): Promise<StoredObject[]> {
  const names = [...new Set(digests)];
  const found = await reader.findVersions(projectId, objectId, names);
  const alive = [...found].filter(([, version]) => version.deletedAtUs === null);
  const versions = new Map(alive.map(([, version]) => [version.digest, version]));
  if (versions.size > 0 && alive.length < names.length) {
    const isFound = new Set(alive.map(([name]) => name));
    const missing = names.filter((name) => !isFound.has(name)).map((name) => `'${name}'`);
    const counts = `Delete request contains ${digests.length} digests, but found ${alive.length} objects to delete.`;
    throw new AppError('not_found', `${counts} Diff digests: {${missing.join(', ')}}`);
  }
  return [...versions.values()];
}

function deleted(version: StoredObject, userId: string): TraceEvent {
  const { kind, baseObjectClass, leafObjectClass } = version;
  return {
    kind: 'object.deleted',
    projectId: version.projectId,
    id: objectEventId(version.objectId, version.digest),
    userId,
    // Clocks of hosts differ: what is deleted was published before.
    receivedAtUs: Math.max(nowUs(), version.createdAtUs),
    note: '',
    payload: encodeObject({ kind, baseObjectClass, leafObjectClass, val: null }),
  };
}
