import { AppError, formatInstant } from '@weft/model';
import type { StoredObject, TraceReader } from '@weft/trace-store';
import { JsonOut } from '../json-out.ts';
import { ObjectReadRequest } from '../object-requests.ts';
import { route, type Route } from '../route.ts';
import { sendJson } from '../send.ts';

const EMPTY_OBJECT = Buffer.from('{}');

/** Reading object versions (weave-api §4.5). */
export function objectRoutes(reader: TraceReader): Route[] {
  return [
    route('/obj/read', ObjectReadRequest, async (request, { req, res }) => {
      const { project_id: projectId, object_id: objectId, digest, metadata_only: metadataOnly } = request;
      const object = await reader.readObject(projectId, objectId, digest, { metadataOnly });
      if (object === null) throw new AppError('not_found', `Obj ${objectId}:${digest} not found`);
      if (object.deletedAtUs !== null) {
        // Clients tell "deleted" from "not there yet" by this member.
        const details = { deleted_at: formatInstant(object.deletedAtUs) };
        throw new AppError('not_found', `Obj ${objectId}:${digest} was deleted at ${details.deleted_at}`, {
          details,
        });
      }
      const out = new JsonOut();
      out.text('{"obj":');
      renderObject(out, object, { metadataOnly, tagsAndAliases: request.include_tags_and_aliases });
      out.text('}');
      await sendJson(req, res, out.take());
    }),
  ];
}

/** Writes one object version (weave-api §3 ObjSchema); the value's bytes stay untouched. */
function renderObject(
  out: JsonOut,
  object: StoredObject,
  options: { metadataOnly: boolean; tagsAndAliases: boolean },
): void {
  // `latest` is the one alias that needs nobody to set it.
  const aliases = object.isLatest ? ['latest'] : [];
  const labels = options.tagsAndAliases ? { tags: [], aliases } : { tags: null, aliases: null };
  const head = {
    project_id: object.projectId,
    object_id: object.objectId,
    created_at: formatInstant(object.createdAtUs),
    deleted_at: null,
    digest: object.digest,
    version_index: object.versionIndex,
    is_latest: object.isLatest ? 1 : 0,
    kind: object.kind,
    base_object_class: object.baseObjectClass,
    leaf_object_class: object.leafObjectClass,
    wb_user_id: object.userId,
    size_bytes: object.sizeBytes,
    ...labels,
  };
  out.text(`${JSON.stringify(head).slice(0, -1)},"val":`);
  out.bytes(options.metadataOnly ? EMPTY_OBJECT : object.val);
  out.text('}');
}
