import type { ObjectWrite } from '../trace-store.ts';
import { json } from './store.ts';

/** A version whose value names its digest. */
export function publishedObject(
  projectId: string,
  objectId: string,
  digest: string,
  atUs: number,
  fields: Partial<ObjectWrite> = {},
): ObjectWrite {
  return {
    projectId,
    objectId,
    digest,
    kind: 'object',
    baseObjectClass: null,
    leafObjectClass: null,
    val: json(`{"digest":"${digest}"}`),
    refs: [],
    userId: 'u',
    createdAtUs: atUs,
    deletedAtUs: null,
    ...fields,
  };
}

export function deletedObject(
  projectId: string,
  objectId: string,
  digest: string,
  atUs: number,
  fields: Partial<ObjectWrite> = {},
): ObjectWrite {
  const deleted = { deletedAtUs: atUs, val: new Uint8Array(0) };
  return publishedObject(projectId, objectId, digest, atUs, { ...deleted, ...fields });
}
