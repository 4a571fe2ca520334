import { formatInstant } from '@weft/model';
import type { StoredObject } from '@weft/trace-store';
import type { JsonOut } from './json-out.ts';

const EMPTY_OBJECT = Buffer.from('{}');

/** Writes one object version that is not deleted (weave-api §3 ObjSchema); the value's bytes stay untouched. */
export function renderObject(
  out: JsonOut,
  object: StoredObject,
  options: { readonly metadataOnly: boolean; readonly size: boolean },
): void {
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
    size_bytes: options.size ? object.sizeBytes : null,
    tags: object.tags,
    aliases: object.aliases,
  };
  out.text(`${JSON.stringify(head).slice(0, -1)},"val":`);
  out.bytes(options.metadataOnly ? EMPTY_OBJECT : object.val);
  out.text('}');
}
