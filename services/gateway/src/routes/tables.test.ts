import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CHUNK_ROWS, readTableEvent, TABLE_EVENT_BYTES } from '@weft/model';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

const MIB = 1024 * 1024;

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('POST /table/create', () => {
  it('answers digests in row order and keeps the bytes of rows', async () => {
    gateway = await startGateway();
    const answer = await gateway.post(
      '/table/create',
      '{"table":{"project_id":"e/p","rows":[{"a":1}, {"a" : 2} ,{"a":1}]}}',
    );
    const [one, two] = [
      'XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA',
      '5anVsDAOD1DTcuWp3fokIIqsmpQM6aNvJHOHIhriBf4',
    ];
    expect(answer.json.row_digests).toEqual([one, two, one]);
    expect(answer.json.digest).toBe(
      createHash('sha256')
        .update(one + two + one)
        .digest('hex'),
    );
    const table = readTableEvent((await gateway.events())[0]!);
    expect(table.order).toEqual({ rowDigests: [one, two, one], chunks: [] });
    expect(table.rows.map(({ digest, val }) => [digest, utf8(val)])).toEqual([
      [one, '{"a":1}'],
      [two, '{"a" : 2}'],
    ]);
  });

  it('creates the empty table', async () => {
    gateway = await startGateway();
    const digest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(
      (
        await gateway.post('/table/create', {
          table: { project_id: 'e/p', rows: [], expected_digest: digest },
        })
      ).json,
    ).toEqual({ digest, row_digests: [] });
    expect(readTableEvent((await gateway.events())[0]!)).toEqual({
      rows: [],
      chunks: [],
      order: { rowDigests: [], chunks: [] },
    });
  });

  it('spreads a large table over events of one table', async () => {
    gateway = await startGateway();
    const rows = Array.from({ length: 20 }, (_, i) => ({ i, text: 'x'.repeat(MIB) }));
    const answer = await gateway.post('/table/create', { table: { project_id: 'e/p', rows } });
    expect(answer.status).toBe(200);
    const tables = (await gateway.events()).map((event) => readTableEvent(event));
    expect((await gateway.events()).length).toBeGreaterThan(2);
    expect(new Set((await gateway.events()).map(({ id }) => id))).toEqual(new Set([answer.json.digest]));
    expect(Math.max(...(await gateway.events()).map(({ payload }) => payload.length))).toBeLessThan(9 * MIB);
    expect(tables.flatMap((table) => table.rows.map(({ digest }) => digest))).toEqual(
      answer.json.row_digests,
    );
    expect(tables.map((table) => table.order)).toEqual([
      ...tables.slice(1).map(() => null),
      { rowDigests: answer.json.row_digests, chunks: [] },
    ]);
  });

  it.each([
    [{ rows: [{}, 5] }, 400, 'table.rows[1]: must be an object'],
    [{ rows: {} }, 400, 'table.rows: must be a list'],
    [{}, 400, 'table.rows: is required'],
    [{ rows: [], expected_digest: 'nope' }, 409, 'expected digest'],
  ])('refuses %j', async (table, status, reason) => {
    gateway = await startGateway();
    const answer = await gateway.post('/table/create', { table: { project_id: 'e/p', ...table } });
    expect([answer.status, answer.json.reason]).toEqual([status, expect.stringContaining(reason)]);
    expect(await gateway.events()).toEqual([]);
  });
});

describe('POST /table/create_from_digests', () => {
  const create = (table: object) =>
    gateway.post('/table/create_from_digests', { project_id: 'e/p', ...table });
  const read = async () => (await gateway.events()).map((event) => readTableEvent(event));

  it('answers the digest of rows that are there, in their order', async () => {
    gateway = await startGateway();
    const digest = sha256('baa');
    expect((await create({ row_digests: ['b', 'a', 'a'], expected_digest: digest })).json).toEqual({
      digest,
    });
    expect((await gateway.events())[0]).toMatchObject({ kind: 'table.created', id: digest });
    expect(await read()).toEqual([
      { rows: [], chunks: [], order: { rowDigests: ['b', 'a', 'a'], chunks: [] } },
    ]);
  });

  it('is there for clients that ask with nothing in it', async () => {
    gateway = await startGateway();
    expect((await create({ row_digests: [], expected_digest: null })).json).toEqual({ digest: sha256('') });
  });

  it('cuts a long order into chunks, each once, over events of a bounded size', async () => {
    gateway = await startGateway();
    const unique = Array.from({ length: 100 * CHUNK_ROWS }, (_, i) => `${i}`.padStart(43, 'd'));
    const rowDigests = [...unique, ...unique.slice(0, CHUNK_ROWS), 'last'];
    const answer = await create({ row_digests: rowDigests });
    expect(answer.json.digest).toBe(sha256(rowDigests.join('')));
    const events = await read();
    expect(events.length).toBeGreaterThan(1);
    for (const { payload } of await gateway.events())
      expect(payload.length).toBeLessThan(TABLE_EVENT_BYTES * 1.1);
    const chunks = events.flatMap((event) => event.chunks);
    expect(chunks).toHaveLength(101);
    expect(events.slice(0, -1).map(({ order }) => order)).toEqual(events.slice(1).map(() => null));
    const { order } = events.at(-1)!;
    const byDigest = new Map(chunks.map((chunk) => [chunk.digest, chunk.rowDigests]));
    expect(order!.rowDigests).toEqual([]);
    expect(order!.chunks.flatMap(({ digest }) => byDigest.get(digest)!)).toEqual(rowDigests);
    expect(order!.chunks.map(({ rowCount }) => rowCount)).toEqual([...Array(101).fill(CHUNK_ROWS), 1]);
  }, 30_000);

  it('takes more than other bodies may have, and not without end', async () => {
    gateway = await startGateway();
    const list = (count: number) => Array.from({ length: count }, () => 'd'.repeat(250));
    expect((await create({ row_digests: list(140_000) })).status).toBe(200);
    expect((await create({ row_digests: list(280_000) })).status).toBe(413);
    const many = `{"project_id":"e/p","row_digests":[${'"d",'.repeat(1_400_000)}"d"]}`;
    const { status, json } = await gateway.post('/table/create_from_digests', many);
    expect([status, json.reason]).toEqual([413, 'row_digests: a table has at most 1400000 rows']);
  }, 30_000);

  it.each([
    [{ row_digests: ['a', 5] }, 400, 'row_digests[1]: must be a string'],
    [{ row_digests: [''] }, 400, 'row_digests[0]: is no digest of a row'],
    [{ row_digests: ['a\nb'] }, 400, 'row_digests[0]: is no digest of a row'],
    [{ row_digests: {} }, 400, 'row_digests: must be a list'],
    [{}, 400, 'row_digests: is required'],
    [{ row_digests: ['a'], expected_digest: 'nope' }, 409, 'expected digest'],
    [{ project_id: 'p', row_digests: ['a'] }, 400, 'project_id'],
  ])('refuses %j', async (table, status, reason) => {
    gateway = await startGateway();
    const answer = await create(table);
    expect([answer.status, answer.json.reason]).toEqual([status, expect.stringContaining(reason)]);
    expect(await gateway.events()).toEqual([]);
  });
});
