import { isUtf8 } from 'node:buffer';
import {
  createRouter,
  multipart,
  readBody,
  requireProject,
  type Request,
  type Response,
  type Router,
} from '@weft/http';
import {
  AppError,
  classifyObject,
  encodeObject,
  encodeTable,
  JsonMembers,
  objectEventId,
  parseObjectName,
  parseProjectId,
  withBuiltinClass,
  type TableRow,
} from '@weft/model';
import { assertExpectedDigest, digests } from '../digests.ts';
import { userOf, type Ingest } from '../ingest.ts';

/** Above this the list of digests alone would be a giant event; the SDKs split far earlier. */
const MAX_TABLE_ROWS = 500_000;

/** Objects, tables, files: content under its digest. Values are kept as the bytes that were sent. */
export function objectRoutes(ingest: Ingest): Router {
  const router = createRouter();

  router.post('/obj/create', async (req, res) => {
    const obj = (await readJsonObject(req)).members('obj');
    const projectId = projectOf(req, obj);
    const objectId = parseObjectName(obj.requiredText('object_id'));
    const val = valueOf(obj);
    const digest = digests.json(val);
    assertExpectedDigest(obj.text('expected_digest'), digest);
    const payload = encodeObject({ ...classifyObject(val), val });
    const id = objectEventId(objectId, digest);
    const userId = userOf(req, obj.text('wb_user_id'));
    await ingest.append([
      { kind: 'object.created', projectId, id, userId, receivedAtUs: ingest.nowUs(), note: '', payload },
    ]);
    res.json({ digest, object_id: objectId });
  });

  router.post('/table/create', async (req, res) => {
    const table = (await readJsonObject(req)).members('table');
    const projectId = projectOf(req, table);
    const rows = rowsOf(table);
    const rowDigests = rows.map((row) => row.digest);
    const digest = digests.table(rowDigests);
    assertExpectedDigest(table.text('expected_digest'), digest);
    const event = {
      kind: 'table.created',
      projectId,
      id: digest,
      userId: userOf(req, null),
      receivedAtUs: ingest.nowUs(),
      note: '',
    } as const;
    await ingest.append(encodeTable(rows, rowDigests).map((payload) => ({ ...event, payload })));
    res.json({ digest, row_digests: rowDigests });
  });

  // One route, two names: Python of 2025 says /files/create.
  router.post('/file/create', createFile);
  router.post('/files/create', createFile);

  async function createFile(req: Request, res: Response): Promise<void> {
    const { fields, file } = await multipart(req);
    const projectId = parseProjectId(fields.get('project_id'));
    requireProject(req, projectId, 'write');
    if (file === undefined) throw new AppError('invalid_request', 'file: is required');
    const digest = digests.bytes(file.bytes);
    assertExpectedDigest(fields.get('expected_digest') ?? null, digest);
    const event = {
      kind: 'file.created',
      projectId,
      id: digest,
      userId: userOf(req, null),
      receivedAtUs: ingest.nowUs(),
    } as const;
    await ingest.append([{ ...event, note: file.name ?? '<unnamed_file>', payload: file.bytes }]);
    res.json({ digest });
  }

  return router;
}

async function readJsonObject(req: Request): Promise<JsonMembers> {
  const body = await readBody(req);
  if (!isUtf8(body)) throw new AppError('invalid_request', 'the body is not valid UTF-8');
  return JsonMembers.parse(body);
}

function projectOf(req: Request, members: JsonMembers): string {
  const projectId = parseProjectId(members.text('project_id'));
  requireProject(req, projectId, 'write');
  return projectId;
}

/** `val` may be null, but must be said. */
function valueOf(obj: JsonMembers): Uint8Array {
  const val = obj.raw('val');
  if (val === null) throw obj.invalid('val', 'is required');
  const builtin = obj.text('builtin_object_class') ?? obj.text('set_base_object_class');
  return builtin === null ? val : withBuiltinClass(val, builtin);
}

function rowsOf(table: JsonMembers): TableRow[] {
  const rows = table.elements('rows');
  if (rows.length > MAX_TABLE_ROWS)
    throw new AppError('request_too_large', `table.rows: more than ${MAX_TABLE_ROWS} rows in one request`);
  return rows.map((val, i) => {
    if (val[0] !== 0x7b) throw table.invalid(`rows[${i}]`, 'must be an object');
    return { val, digest: digests.json(val) };
  });
}
