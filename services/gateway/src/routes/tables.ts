import { authorOf, createRouter, type Request, type Router } from '@weft/http';
import {
  AppError,
  asBuffer,
  cutTable,
  encodeTable,
  JsonScanner,
  MAX_TABLE_ROWS,
  type JsonMembers,
  type TableRow,
} from '@weft/model';
import { createTurns } from '@weft/runtime';
import { assertExpectedDigest, digests } from '../digests.ts';
import type { Ingest } from '../ingest.ts';
import { projectOf, readJsonObject } from '../read-object.ts';

/** Above this the digests of one answer are a burden to the client; the SDKs split far earlier. */
const MAX_ROWS_OF_REQUEST = 500_000;
/** Room for MAX_TABLE_ROWS digests of 43 characters: the Python SDK sends those of a whole table at once. */
const MAX_DIGESTS_BYTES = 64 * 1024 * 1024;
/** W&B's have 43 characters; those of other clients may be longer. */
const MAX_DIGEST_CHARACTERS = 256;

/** Tables: rows under their digests, and the order of a table under its own (weave-api §4.6). */
export function tableRoutes(ingest: Ingest): Router {
  const router = createRouter();

  router.post('/table/create', async (req, res) => {
    const table = (await readJsonObject(req)).members('table');
    const projectId = projectOf(req, table);
    const rows = await rowsOf(table);
    const rowDigests = rows.map((row) => row.digest);
    const digest = digests.table(rowDigests);
    assertExpectedDigest(table.text('expected_digest'), digest);
    await append(req, projectId, digest, { rows, rowDigests });
    res.json({ digest, row_digests: rowDigests });
  });

  router.post('/table/create_from_digests', async (req, res) => {
    const table = await readJsonObject(req, { maxBytes: MAX_DIGESTS_BYTES });
    const projectId = projectOf(req, table);
    const rowDigests = await digestsOf(table, 'row_digests');
    const digest = digests.table(rowDigests);
    assertExpectedDigest(table.text('expected_digest'), digest);
    await append(req, projectId, digest, { rows: [], rowDigests });
    res.json({ digest });
  });

  async function append(
    req: Request,
    projectId: string,
    digest: string,
    table: { rows: readonly TableRow[]; rowDigests: readonly string[] },
  ): Promise<void> {
    const event = {
      kind: 'table.created',
      projectId,
      id: digest,
      userId: authorOf(req, projectId, null),
      receivedAtUs: ingest.nowUs(),
      note: '',
    } as const;
    const cut = cutTable(table.rowDigests, digests.chunk);
    const payloads = encodeTable({ rows: table.rows, ...cut });
    await ingest.append(payloads.map((payload) => ({ ...event, payload })));
  }

  return router;
}

/** Others get their turn in between: digests of half a million rows take seconds. */
async function rowsOf(table: JsonMembers): Promise<TableRow[]> {
  const rows = table.elements('rows');
  if (rows.length > MAX_ROWS_OF_REQUEST)
    throw new AppError(
      'request_too_large',
      `table.rows: more than ${MAX_ROWS_OF_REQUEST} rows in one request`,
    );
  const rest = createTurns();
  const found: TableRow[] = [];
  for (const [i, val] of rows.entries()) {
    if (val[0] !== 0x7b) throw table.invalid(`rows[${i}]`, 'must be an object');
    found.push({ val, digest: digests.json(val) });
    const pause = rest();
    if (pause !== undefined) await pause;
  }
  return found;
}

/** Strings of a list that was checked already: there may be a million. */
async function digestsOf(members: JsonMembers, name: string): Promise<string[]> {
  const bytes = members.required(name);
  if (bytes[0] !== 0x5b) throw members.invalid(name, 'must be a list');
  const found: string[] = [];
  const scanner = new JsonScanner(asBuffer(bytes));
  const rest = createTurns();
  let at = scanner.ws(1);
  while (bytes[at] !== 0x5d) {
    if (bytes[at] !== 0x22) throw members.invalid(`${name}[${found.length}]`, 'must be a string');
    const end = scanner.string(at);
    const digest = scanner.stringValue(at, end);
    if (!isDigest(digest)) throw members.invalid(`${name}[${found.length}]`, 'is no digest of a row');
    found.push(digest);
    if (found.length > MAX_TABLE_ROWS)
      throw new AppError('request_too_large', `${name}: a table has at most ${MAX_TABLE_ROWS} rows`);
    const pause = rest();
    if (pause !== undefined) await pause;
    at = scanner.ws(end);
    if (bytes[at] === 0x2c) at = scanner.ws(at + 1);
  }
  return found;
}

function isDigest(text: string): boolean {
  return text.length > 0 && text.length <= MAX_DIGEST_CHARACTERS && !/\p{Cc}/u.test(text);
}
