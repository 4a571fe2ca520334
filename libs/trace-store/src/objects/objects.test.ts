import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTraceReader } from '../reader.ts';
import { batch, json, openTestStore, T0, type TestStore } from '../testing/store.ts';
import type { FeedbackWrite, ObjectWrite, TraceReader, TraceWriter } from '../trace-store.ts';
import { openTraceWriter } from '../writer.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;
const P = 'e/p';

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  reader = openTraceReader(store.reader);
  writer = openTraceWriter(store.writer);
}, 60_000);

afterAll(async () => {
  await writer?.close();
  await reader?.close();
  await store?.close();
}, 60_000);

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
    expect((await reader.readObject(P, 'o', 'v2', { metadataOnly: true }))!.val).toHaveLength(0);
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

describe('tables', () => {
  it('keep their order and their repeated rows', async () => {
    const tableRows = ['a', 'b', 'c'].map((digest) => ({
      projectId: P,
      digest,
      val: json(`{"${digest}":1}`),
      createdAtUs: T0,
    }));
    const tables = [{ projectId: P, digest: 't', rowDigests: ['b', 'a', 'b', 'c'], createdAtUs: T0 }];
    await writer.write(batch({ tables, tableRows }));
    await writer.write(batch({ tables, tableRows }));
    const all = await reader.queryTable(P, 't');
    expect(all.map((row) => [row.digest, Buffer.from(row.val).toString(), row.originalIndex])).toEqual([
      ['b', '{"b":1}', 0],
      ['a', '{"a":1}', 1],
      ['b', '{"b":1}', 2],
      ['c', '{"c":1}', 3],
    ]);
    const indexes = async (options: Parameters<TraceReader['queryTable']>[2]) =>
      (await reader.queryTable(P, 't', options)).map((row) => row.originalIndex);
    expect(await indexes({ offset: 1, limit: 2 })).toEqual([1, 2]);
    expect(await indexes({ rowDigests: ['b', 'x'] })).toEqual([0, 2]);
    expect(await reader.tableLength(P, 't')).toBe(4);
  });

  it('that nobody made are empty', async () => {
    expect(await reader.queryTable(P, 'none')).toEqual([]);
    expect(await reader.tableLength(P, 'none')).toBeNull();
    await writer.write(
      batch({ tables: [{ projectId: P, digest: 'empty', rowDigests: [], createdAtUs: T0 }] }),
    );
    expect(await reader.tableLength(P, 'empty')).toBe(0);
  });
});

describe('files', () => {
  it.each([0, 1, 1024 * 1024, 3 * 1024 * 1024 + 5])('of %d bytes come back as they were', async (size) => {
    const bytes = Buffer.alloc(size, 'not all the same ');
    const file = { projectId: P, digest: `f${size}`, name: 'näme', bytes, createdAtUs: T0 };
    await writer.write(batch({ files: [file] }));
    await writer.write(batch({ files: [file] }));
    const read = await reader.readFile(P, `f${size}`);
    expect(read!.name).toBe('näme');
    expect(Buffer.compare(Buffer.from(read!.bytes), bytes)).toBe(0);
  });

  it('of which a part is missing are not there', async () => {
    await writer.write(
      batch({
        files: [
          {
            projectId: P,
            digest: 'cut',
            name: 'n',
            bytes: Buffer.alloc(2 * 1024 * 1024 + 1),
            createdAtUs: T0,
          },
        ],
      }),
    );
    await store.command('SYSTEM START MERGES');
    await store.command(
      "ALTER TABLE files DELETE WHERE digest = 'cut' AND chunk_index = 1 SETTINGS mutations_sync = 1",
    );
    await store.command('SYSTEM STOP MERGES');
    expect(await reader.readFile(P, 'cut')).toBeNull();
    expect(await reader.readFile(P, 'never')).toBeNull();
  });
});

describe('feedback', () => {
  it('is found by what it is about, once', async () => {
    const given: FeedbackWrite = {
      projectId: P,
      id: 'f1',
      weaveRef: 'weave:///e/p/call/1',
      feedbackType: 'wandb.note.1',
      userId: 'u',
      creator: null,
      createdAtUs: T0,
      payload: json('{"note":"x"}'),
      annotationRef: null,
      runnableRef: 'weave:///e/p/op/s:1',
      callRef: null,
      triggerRef: null,
    };
    const later = { ...given, id: 'f0', createdAtUs: T0 + 1 };
    await writer.write(batch({ feedback: [given, later] }));
    await writer.write(batch({ feedback: [given] }));
    const found = await reader.feedbackOf(P, ['weave:///e/p/call/1', 'weave:///e/p/call/2']);
    expect(found.map((f) => ({ ...f, payload: Buffer.from(f.payload).toString() }))).toEqual(
      [given, later].map((f) => ({ ...f, payload: '{"note":"x"}' })),
    );
    expect(await reader.feedbackOf(P, [])).toEqual([]);
  });
});
