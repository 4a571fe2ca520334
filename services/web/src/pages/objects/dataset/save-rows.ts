import { createObject, type ObjectVersion } from '../../../api/objects.ts';
import { createTable, updateTable, type Row } from '../../../api/tables.ts';
import { edited, updatesOf, type Edits } from './edits.ts';
import type { RowsPlace } from './use-rows.ts';

/** Publishes a version of a dataset with edits to its rows; everything else of it stays. @returns its digest. */
export async function saveEdits(version: ObjectVersion, place: RowsPlace, edits: Edits): Promise<string> {
  const { project_id: projectId, object_id: name, val } = version;
  const rows =
    'inline' in place
      ? edited(place.inline, edits)
      : tableRef(projectId, await updateTable(projectId, place.digest, updatesOf(edits)));
  return createObject(projectId, name, { ...(val as object), rows });
}

/** Rows of one request to make a table. */
const FIRST_CHARS = 4_000_000;

/** Publishes a dataset as the Python SDK does. @returns its digest. */
export async function saveDataset(projectId: string, name: string, rows: readonly Row[]): Promise<string> {
  let chars = 0;
  const first = rows.findIndex((row) => (chars += JSON.stringify(row).length) > FIRST_CHARS);
  const at = first < 0 ? rows.length : Math.max(1, first);
  const base = await createTable(projectId, rows.slice(0, at));
  const digest = await updateTable(projectId, base, rows.slice(at).map((row) => ({ append: { row } })));
  return createObject(projectId, name, {
    _type: 'Dataset',
    name,
    description: null,
    rows: tableRef(projectId, digest),
    _class_name: 'Dataset',
    _bases: ['Object', 'BaseModel'],
  });
} // prettier-ignore

const tableRef = (projectId: string, digest: string) => `weave:///${projectId}/table/${digest}`;
