import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batch, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { ObjectWrite, TraceReader, TraceWriter } from '../trace-store.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
const P = 'e/p';

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

function published(
  objectId: string,
  digest: string,
  atUs: number,
  fields: Partial<ObjectWrite> = {},
): ObjectWrite {
  return {
    projectId: P,
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

const deleted = (objectId: string, digest: string, atUs: number) =>
  published(objectId, digest, atUs, { deletedAtUs: atUs, val: new Uint8Array(0) });

describe('objects', () => {
  it('read the same however often and in whatever order they were written', async () => {
    const events = [
      published('o', 'a', T0, { baseObjectClass: 'Model', leafObjectClass: 'Mine', refs: ['r'] }),
      published('o', 'b', T0 + 1),
      deleted('o', 'b', T0 + 2),
      published('o', 'c', T0 + 3),
      deleted('o', 'c', T0 + 4),
      published('o', 'c', T0 + 5),
    ];
    for (const event of [...events, ...events.toReversed()]) await writer.write(batch({ objects: [event] }));
    const [a, b, latest] = await Promise.all(
      ['a', 'b', 'latest'].map((digest) => reader.readObject(P, 'o', digest)),
    );
    expect(a).toMatchObject({
      versionIndex: 0,
      isLatest: false,
      baseObjectClass: 'Model',
      leafObjectClass: 'Mine',
      createdAtUs: T0,
    });
    expect(Buffer.from(a!.val).toString()).toBe('{"digest":"a"}');
    expect(a!.sizeBytes).toBe(14);
    expect(b).toMatchObject({ versionIndex: 1, deletedAtUs: T0 + 2 });
    expect(b!.val).toHaveLength(0);
    expect(latest).toMatchObject({ digest: 'c', versionIndex: 2, isLatest: true, deletedAtUs: null });
    expect((await reader.readObject(P, 'o', 'v2', { vals: false }))!.val).toHaveLength(0);
    expect(await reader.readObject(P, 'o', 'v3')).toBeNull();
    expect(await reader.readObject('e/q', 'o', 'a')).toBeNull();
  });

  it('of kind op are numbered for themselves', async () => {
    await writer.write(
      batch({ objects: [published('mix', 'x', T0), published('mix', 'y', T0 + 1, { kind: 'op' })] }),
    );
    expect(await reader.readObject(P, 'mix', 'y')).toMatchObject({
      kind: 'op',
      versionIndex: 0,
      isLatest: true,
    });
  });
});

describe('files', () => {
  const CHUNK = 1024 * 1024;

  async function bytesOf(digest: string, range?: { start: number; end: number }): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of reader.streamFileBytes(P, digest, range)) parts.push(part);
    return Buffer.concat(parts);
  }

  it.each([0, 1, CHUNK, 6 * CHUNK + 5])('of %d bytes come back as they were', async (size) => {
    const bytes = Buffer.alloc(size, 'not all the same ');
    const file = { projectId: P, digest: `f${size}`, name: 'näme', bytes, createdAtUs: T0 };
    await writer.write(batch({ files: [file] }));
    await writer.write(batch({ files: [file] }));
    expect(await reader.findFile(P, `f${size}`)).toEqual({ name: 'näme', sizeBytes: size, uri: undefined });
    expect((await bytesOf(`f${size}`)).equals(bytes)).toBe(true);
    for (const [start, end] of [
      [0, 1],
      [CHUNK - 1, CHUNK + 1],
      [CHUNK, 2 * CHUNK],
      [5 * CHUNK + 1, 6 * CHUNK + 5],
      [3, 4 * CHUNK],
    ] as const)
      if (end <= size)
        expect((await bytesOf(`f${size}`, { start, end })).equals(bytes.subarray(start, end))).toBe(true);
  });

  it('that are blobs are found by where they are; what is here too is read here', async () => {
    const blob = { uri: 's3://bucket', sizeBytes: 5_000_000_000 };
    const file = (digest: string) => ({ projectId: P, digest, name: 'n', createdAtUs: T0 + 1 });
    const bytes = Buffer.alloc(CHUNK + 1, 'x');
    const stats = async () => (await reader.projectStats(P, ['fileBytes'])).fileBytes;
    const before = await stats();
    await writer.write(batch({ files: [{ ...file('b1'), blob }, { ...file('b1'), blob }, { ...file('b2'), bytes }] })); // prettier-ignore
    expect(await reader.findFile(P, 'b1')).toEqual({ name: 'n', ...blob });
    expect((await stats()) - before).toBe(5_000_000_000 + bytes.length);
    await writer.write(batch({ files: [{ ...file('b2'), createdAtUs: T0 + 9, blob: { uri: 's3://b', sizeBytes: bytes.length } }] })); // prettier-ignore
    expect(await reader.findFile(P, 'b2')).toEqual({ name: 'n', sizeBytes: bytes.length, uri: undefined });
    expect((await bytesOf('b2')).equals(bytes)).toBe(true);
    expect((await stats()) - before).toBe(5_000_000_000 + bytes.length);
  });

  it('of which a part is missing are not there, unless they are blobs', async () => {
    const file = { projectId: P, digest: 'cut', name: 'n', createdAtUs: T0 };
    await writer.write(batch({ files: [{ ...file, bytes: Buffer.alloc(2 * CHUNK + 1) }] }));
    await store.command('SYSTEM START MERGES');
    await store.command(
      "ALTER TABLE files DELETE WHERE digest = 'cut' AND chunk_index = 1 SETTINGS mutations_sync = 1",
    );
    await store.command('SYSTEM STOP MERGES');
    expect(await reader.findFile(P, 'cut')).toBeNull();
    await expect(bytesOf('cut')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await reader.findFile(P, 'never')).toBeNull();
    const blob = { uri: 'az://a/c', sizeBytes: 2 * CHUNK + 1 };
    await writer.write(batch({ files: [{ ...file, blob }] }));
    expect(await reader.findFile(P, 'cut')).toEqual({ name: 'n', ...blob });
  });
});
