import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { openTraceReader } from '../reader.ts';
import { feedbackRow } from '../testing/feedback.ts';
import { batch, completeOf, json, openTestStore, shuffled, T0, type TestStore } from '../testing/store.ts';
import type { ObjectWrite, TraceReader, TraceWriter, WriteBatch } from '../trace-store.ts';
import type { StoredTableRow } from '../tables/types.ts';
import { openTraceWriter } from '../writer.ts';
import { FILE_CHUNK_BYTES } from './write-files.ts';

let store: TestStore;
let reader: TraceReader;
let writers: readonly TraceWriter[];

beforeAll(async () => {
  store = await openTestStore();
  await store.command('SYSTEM STOP MERGES');
  reader = openTraceReader(store.reader);
  writers = [openTraceWriter(store.writer), openTraceWriter(store.writer)];
}, 60_000);

afterAll(async () => {
  for (const writer of writers ?? []) await writer.close();
  await reader?.close();
  await store?.close();
}, 60_000);

const CALLS = ['00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b'];

/** Each event alone, as the writer of its partition gets it. */
function events(projectId: string): Partial<WriteBatch>[] {
  const object = (digest: string, atUs: number, isDeleted = false): ObjectWrite => ({
    projectId,
    objectId: 'o',
    digest,
    kind: 'object',
    baseObjectClass: 'Model',
    leafObjectClass: 'Mine',
    val: isDeleted ? new Uint8Array(0) : json(`{"digest":"${digest}"}`),
    refs: ['r'],
    userId: 'u',
    createdAtUs: atUs,
    deletedAtUs: isDeleted ? atUs : null,
  });
  const feedback = (id: string, createdAtUs: number) =>
    feedbackRow(projectId, { id, createdAtUs, weaveRef: 'ref', feedbackType: `type ${id}` });
  const rowDigests = ['r1', 'r2', 'r1'];
  return [
    { objects: [object('a', T0)] },
    { objects: [object('b', T0 + 1)] },
    { objects: [object('b', T0 + 2, true)] },
    { objects: [object('c', T0 + 3)] },
    { objects: [object('c', T0 + 4, true)] },
    { objects: [object('c', T0 + 5)] },
    { tables: [{ projectId, digest: 't', rowDigests, createdAtUs: T0 }] },
    { tableRows: ['r1', 'r2'].map((digest) => ({ projectId, digest, val: json(`{"${digest}":1}`), createdAtUs: T0 })) }, // prettier-ignore
    { files: [{ projectId, digest: 'f', name: 'a.bin', bytes: new Uint8Array(FILE_CHUNK_BYTES + 9).fill(7), createdAtUs: T0 }] }, // prettier-ignore
    { feedback: [feedback('1', T0)] },
    { feedback: [feedback('2', T0 + 1)] },
    { calls: [completeOf(projectId, CALLS[0]!)] },
    { calls: [completeOf(projectId, CALLS[1]!)] },
    { deletedCalls: [{ projectId, id: CALLS[0]!, deletedAtUs: T0 + 9 }] },
  ];
}

async function read(projectId: string): Promise<object> {
  const digests = ['a', 'b', 'c', 'latest', 'v1', 'v9'];
  const objects = await Promise.all(digests.map((digest) => reader.readObject(projectId, 'o', digest)));
  const calls: string[] = [];
  for await (const page of reader.streamCalls({ projectId, filter: {}, sort: [], payloads: [] }))
    calls.push(...page.map((call) => call.id));
  const rows: StoredTableRow[] = [];
  for await (const page of reader.streamTableRows({ projectId, digest: 't' })) rows.push(...page);
  const file = await reader.findFile(projectId, 'f');
  const bytes: Uint8Array[] = [];
  for await (const part of reader.streamFileBytes(projectId, 'f')) bytes.push(part);
  return {
    objects: objects.map((o) => o && { ...o, projectId: '', val: Buffer.from(o.val).toString() }),
    rows: rows.map(({ val, ...row }) => [row, Buffer.from(val).toString()]),
    length: (await reader.tableStats(projectId, ['t']))[0]?.count,
    file: [file?.name, file?.sizeBytes, Buffer.concat(bytes).every((byte) => byte === 7)],
    feedback: (await reader.feedbackOf(projectId, ['ref'])).map(({ id, feedbackType }) => [id, feedbackType]).sort(), // prettier-ignore
    calls,
  };
}

it('whoever writes it, also both at once, in any order and more than once: objects, tables, files, feedback and deletes read the same', async () => {
  const random = mulberry32(11);
  for (const event of events('e/one')) await writers[0]!.write(batch(event));
  const should = await read('e/one');
  expect(should).toMatchObject({
    objects: [{ versionIndex: 0 }, { deletedAtUs: T0 + 2 }, { deletedAtUs: null }, { digest: 'c' }, { digest: 'b' }, null],
    length: 3,
    file: ['a.bin', FILE_CHUNK_BYTES + 9, true],
    feedback: [['1', 'type 1'], ['2', 'type 2']],
    calls: [CALLS[1]],
  }); // prettier-ignore
  for (let round = 0; round < 6; round++) {
    const projectId = `e/two${round}`;
    await Promise.all(
      writers.map(async (writer) => {
        for (const event of shuffled([...events(projectId), ...events(projectId)], random)) {
          // Calls have one owner.
          if (event.calls === undefined || writer === writers[0]) await writer.write(batch(event));
        }
      }),
    );
    expect(await read(projectId)).toEqual(should);
  }
});
