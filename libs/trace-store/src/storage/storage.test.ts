import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { CallPart, Claim, ClaimColumn } from '@weft/model';
import {
  batch,
  completeOf,
  endOf,
  openTestStore,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { FileWrite, TraceReader, TraceWriter } from '../trace-store.ts';

let store: TestStore;
let reader: TraceReader;
let writer: TraceWriter;

beforeAll(async () => {
  store = await openTestStore();
  ({ reader, writer } = store.open());
}, 60_000);

afterAll(() => store?.close(), 60_000);

const digestOf = (name: string) =>
  createHash('sha256').update(name).digest('base64url').replace(/[-_]/g, 'X');
const claim = (column: ClaimColumn, name: string, sizeBytes = 300_000): Claim => ({
  column,
  digest: digestOf(name),
  sizeBytes,
  uri: 's3://bucket',
});

const writeCalls = async (...calls: CallPart[]) => expect(await writer.write(batch({ calls }))).toEqual([]);
const writeFiles = async (...files: FileWrite[]) => expect(await writer.write(batch({ files }))).toEqual([]);
const deleteCall = (projectId: string, id: string) =>
  writer.write(batch({ deletedCalls: [{ projectId, id, deletedAtUs: T0 }] }));

async function payloadsOf(projectId: string, ...names: string[]): Promise<string[]> {
  const found = await reader.referencedPayloads(projectId, names.map(digestOf));
  return names.filter((name) => found.has(digestOf(name)));
}

describe('referencedPayloads', () => {
  it('knows claims of every group of a call, of running ones and of spans', async () => {
    const p = 'e/claims';
    await writeCalls(
      startOf(p, 'runs', { claims: [claim('inputs', 'a'), claim('attributes', 'b')] }),
      endOf(p, 'startless', { claims: [claim('output', 'c')] }),
      completeOf(p, 'whole', { claims: [claim('inputs', 'd')] }, { claims: [claim('summary', 'e')] }),
      spanOf(p, 't', 's', { claims: [claim('otel_dump', 'f')] }),
      completeOf(p, 'none'),
    );
    expect(await payloadsOf(p, 'a', 'b', 'c', 'd', 'e', 'f', 'g')).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(await payloadsOf('e/other', 'a')).toEqual([]);
    expect(await payloadsOf(p)).toEqual([]);
  });

  it('forgets those of deleted calls, unless others hold them', async () => {
    const p = 'e/deleted';
    await writeCalls(
      completeOf(p, '1', { claims: [claim('inputs', 'both'), claim('attributes', 'one')] }),
      completeOf(p, '2', { claims: [claim('inputs', 'both')] }),
    );
    await deleteCall(p, '1');
    expect(await payloadsOf(p, 'both', 'one')).toEqual(['both']);
    await deleteCall(p, '2');
    expect(await payloadsOf(p, 'both', 'one')).toEqual([]);
  });

  it('keeps what a later version of the call holds', async () => {
    const p = 'e/versions';
    await writeCalls(startOf(p, '1', { claims: [claim('inputs', 'start')] }));
    await writeCalls(endOf(p, '1', { claims: [claim('output', 'end')] }));
    expect(await payloadsOf(p, 'start', 'end')).toEqual(['start', 'end']);
  });

  it('takes a thousand digests, and binds them', async () => {
    const p = "e/many'\\";
    await writeCalls(completeOf(p, '1', { claims: [claim('inputs', '999')] }));
    const names = Array.from({ length: 1000 }, (_, i) => String(i));
    expect(await payloadsOf(p, ...names)).toEqual(['999']);
    expect([...(await reader.referencedPayloads(p, ["') OR 1 --", '{x:String}']))]).toEqual([]);
  });
});

describe('referencedFiles', () => {
  it('knows files here and in stores', async () => {
    const p = 'e/files';
    await writeFiles(
      { projectId: p, digest: digestOf('here'), name: 'x', bytes: Buffer.from('x'), createdAtUs: T0 },
      {
        projectId: p,
        digest: digestOf('there'),
        name: 'y',
        blob: { uri: 's3://bucket', sizeBytes: 7 },
        createdAtUs: T0,
      },
    );
    const asked = ['here', 'there', 'nowhere'].map(digestOf);
    expect(await reader.referencedFiles(p, asked)).toEqual(new Set(asked.slice(0, 2)));
    expect(await reader.referencedFiles('e/other', asked)).toEqual(new Set());
    expect(await reader.referencedFiles(p, [])).toEqual(new Set());
  });
});

describe('isKnownProject', () => {
  it('tells projects that have, or had, calls or files', async () => {
    await writeCalls(completeOf('e/known-1', '1'));
    await deleteCall('e/known-1', '1');
    await writeFiles({
      projectId: 'e/known-2',
      digest: 'd',
      name: '',
      bytes: Buffer.from(''),
      createdAtUs: T0,
    });
    const known = ['e/known-1', 'e/known-2', 'e/known', 'nobody/knows'].map((p) => reader.isKnownProject(p));
    expect(await Promise.all(known)).toEqual([true, true, false, false]);
  });
});

describe('storageLedger', () => {
  it('counts each content once', async () => {
    const p = 'e/ledger';
    const blob = { uri: 's3://bucket', sizeBytes: 5_000_000_000 };
    const large = Buffer.alloc(2_500_000, 'x');
    await writeFiles(
      { projectId: p, digest: 'here', name: 'x', bytes: large, createdAtUs: T0 },
      { projectId: p, digest: 'blob', name: 'y', blob, createdAtUs: T0 },
    );
    await writeFiles(
      { projectId: p, digest: 'here', name: 'again', bytes: large, createdAtUs: T0 + 1 },
      { projectId: p, digest: 'blob', name: 'again', blob, createdAtUs: T0 + 1 },
    );
    await writeCalls(
      completeOf(p, '1', { claims: [claim('inputs', 'a', 1000)] }, { claims: [claim('output', 'b', 10)] }),
      completeOf(p, '2', { claims: [claim('inputs', 'a', 1000)] }),
      completeOf(p, '3', { claims: [claim('inputs', 'c', 100)] }),
    );
    await deleteCall(p, '3');
    const ledger = {
      projectId: p,
      blobFiles: { count: 1, bytes: 5_000_000_000 },
      tableFiles: { count: 1, bytes: 2_500_000 },
      payloads: { count: 2, bytes: 1010 },
    };
    expect(await reader.storageLedger({ projectId: p, limit: 10 })).toEqual([ledger]);
    expect(await reader.storageLedger({ projectId: 'e/nothing', limit: 10 })).toEqual([]);
    const all = await reader.storageLedger({ limit: 1 });
    expect(all).toEqual([ledger]);
    expect((await reader.storageLedger({ limit: 100 })).length).toBeGreaterThan(1);
  });
});
