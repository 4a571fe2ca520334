import type { EventLog } from '@weft/event-log';
import { route, type Route } from '@weft/http';
import { AppError, formatInstant } from '@weft/model';
import type { ObjectsFilter, StoredObject, TraceReader } from '@weft/trace-store';
import { objDelete, objRead, objsQuery, type ObjsQueryRequest } from '@weft/weave-api';
import { deleteObjects } from '../delete-objects.ts';
import { JsonOut } from '../json-out.ts';
import { renderObject } from '../render-object.ts';
import { sendChunks, sendJson } from '../send.ts';

/** Memory held for an answer that is on its way out. */
const FLUSH_BYTES = 256 * 1024;

/** Reading and deleting object versions (weave-api §4.5). */
export function objectRoutes(reader: TraceReader, eventLog: Pick<EventLog, 'append'>): Route[] {
  return [
    route(objRead, async (request, { req, res }) => {
      const { project_id: projectId, object_id: objectId, digest, metadata_only: metadataOnly } = request;
      const labels = request.include_tags_and_aliases;
      const object = await reader.readObject(projectId, objectId, digest, { vals: !metadataOnly, labels });
      if (object === null) throw new AppError('not_found', `Obj ${objectId}:${digest} not found`);
      assertNotDeleted(object);
      const out = new JsonOut();
      out.text('{"obj":');
      renderObject(out, object, { metadataOnly, size: true });
      out.text('}');
      await sendJson(req, res, out.take());
    }),
    route(objsQuery, (request, { req, res, signal }) =>
      sendChunks(req, res, 'application/json', renderObjects(reader, request, signal)),
    ),
    route(objDelete, async (request, { req, res, userId }) => {
      const deleted = await deleteObjects(reader, eventLog, request, userId);
      const answer = {
        num_deleted: deleted.length,
        deleted_versions: deleted.map((version) => ({
          digest: version.digest,
          base_object_class: version.baseObjectClass,
          leaf_object_class: version.leafObjectClass,
        })),
      };
      await sendJson(req, res, JSON.stringify(answer));
    }),
  ];
}

/** Clients tell "deleted" from "not there yet" by the member `deleted_at`. */
function assertNotDeleted({ objectId, versionIndex, deletedAtUs }: StoredObject): void {
  if (deletedAtUs === null) return;
  const details = { deleted_at: formatInstant(deletedAtUs) };
  const message = `${objectId}:v${versionIndex} was deleted at ${details.deleted_at}`;
  throw new AppError('not_found', message, { details });
}

async function* renderObjects(
  reader: TraceReader,
  request: ObjsQueryRequest,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const { metadata_only: metadataOnly, include_storage_size: size } = request;
  const query = {
    projectId: request.project_id,
    filter: toFilter(request.filter),
    sort: request.sort_by ?? [],
    limit: request.limit,
    offset: request.offset,
    vals: !metadataOnly,
    labels: request.include_tags_and_aliases,
  };
  const out = new JsonOut();
  out.text('{"objs":[');
  let separator = '';
  for await (const objects of reader.streamObjects(query, signal)) {
    for (const object of objects) {
      out.text(separator);
      separator = ',';
      renderObject(out, object, { metadataOnly, size });
      if (out.sizeBytes >= FLUSH_BYTES) yield out.take();
    }
  }
  out.text(']}');
  yield out.take();
}

/** Empty lists do not filter, as with W&B. */
function toFilter(filter: ObjsQueryRequest['filter']): ObjectsFilter {
  return {
    objectIds: some(filter?.object_ids),
    isOp: filter?.is_op,
    latestOnly: filter?.latest_only,
    baseObjectClasses: some(filter?.base_object_classes),
    excludeBaseObjectClasses: some(filter?.exclude_base_object_classes),
    leafObjectClasses: some(filter?.leaf_object_classes),
    tags: some(filter?.tags),
    aliases: some(filter?.aliases),
  };
}

function some(values: readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined || values.length === 0 ? undefined : values;
}
