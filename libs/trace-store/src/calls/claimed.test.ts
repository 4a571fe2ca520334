import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { abridge, AppError, type Claim, type ClaimColumn, newId } from '@weft/model';
import type { LoadClaimed } from '../claimed.ts';
import { openTraceReader } from '../reader.ts';
import {
  batch,
  completeOf,
  endOf,
  json,
  openTestStore,
  renameOf,
  spanOf,
  startOf,
  T0,
  type TestStore,
} from '../testing/store.ts';
import type { CallsQuery, StoredCall, TraceReader, TraceWriter } from '../trace-store.ts';
import { partVersion } from './version.ts';

let store: TestStore;
let writer: TraceWriter;
let reader: TraceReader;
const blobs = new Map<string, Uint8Array>();
const asked: string[] = [];
let load: LoadClaimed;

const fromMemory: LoadClaimed = (projectId, { digest }) => {
  asked.push(digest);
  return Promise.resolve(blobs.get(`${projectId} ${digest}`));
};

beforeAll(async () => {
  store = await openTestStore();
  ({ writer } = store.open());
  reader = openTraceReader({ ...store.reader, loadClaimed: (...args) => load(...args) });
}, 60_000);

beforeEach(() => {
  load = fromMemory;
  asked.length = 0;
});

afterAll(async () => {
  await reader?.close();
  await store?.close();
}, 60_000);

let count = 0;

/** The payload as a blob, and what stays of it. */
function claimed(projectId: string, column: ClaimColumn, whole: string): { head: Uint8Array; claim: Claim } {
  const bytes = Buffer.from(whole);
  const digest = String(count++).padStart(43, 'D');
  blobs.set(`${projectId} ${digest}`, bytes);
  return {
    head: abridge(bytes, 200),
    claim: { column, digest, sizeBytes: bytes.length, uri: 'memory://test' },
  };
}

async function read(projectId: string, more: Partial<CallsQuery> = {}): Promise<StoredCall[][]> {
  const pages: StoredCall[][] = [];
  const query = { projectId, filter: {}, sort: [], payloads: ['inputs', 'output'] as const, ...more };
  for await (const page of reader.streamCalls(query)) pages.push([...page]);
  return pages;
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString();
const LONG = 'x'.repeat(5000);

describe('payloads that are blobs', () => {
  it('come whole, byte for byte, whichever part was told first', async () => {
    const projectId = `e/${newId()}`;
    const inputs = `{ "big":9007199254740993 ,"n":1e400,"s":"\\ud800","t":"${LONG}"}`;
    const output = `["${LONG}", 1.0]`;
    const [first, last] = [claimed(projectId, 'inputs', inputs), claimed(projectId, 'output', output)];
    const start = startOf(projectId, 'a', {
      inputs: first.head,
      claims: [first.claim],
      inputRefs: ['weave:///e/p/object/deep:1'],
    });
    const end = endOf(projectId, 'a', { output: last.head, claims: [last.claim] });
    await writer.write(batch({ calls: [end] }));
    writer.forget();
    await writer.write(batch({ calls: [start] }));
    writer.forget();
    await writer.write(batch({ calls: [renameOf(projectId, 'a', 'other')] }));
    const [[call] = []] = await read(projectId, {
      payloads: ['attributes', 'inputs', 'output', 'summary'],
      storageSize: true,
    });
    expect(call).toMatchObject({
      displayName: 'other',
      claims: [],
      storageSizeBytes: inputs.length + output.length + 4,
    });
    expect(text(call?.inputs)).toBe(inputs);
    expect(text(call?.output)).toBe(output);
    expect(await read(projectId, { filter: { inputRefs: ['weave:///e/p/object/deep:1'] } })).toHaveLength(1);
    expect(
      await store.query(
        `SELECT inputs FROM calls WHERE project_id = '${projectId}' ORDER BY ver DESC LIMIT 1`,
      ),
    ).toEqual([text(first.head)]);
  });

  it('are found by an index', async () => {
    const plan = await store.query(
      "EXPLAIN indexes = 1 SELECT id FROM calls WHERE project_id = 'p' AND length(claimed) > 0 SETTINGS use_skip_indexes_on_data_read = 0",
    );
    expect(plan.join('\n')).toContain('claimed_idx');
  });

  it('differ in their version where their heads do not', () => {
    const version = (note: string) => partVersion(T0, true, 'a', json('{}'), note);
    expect(version('one')).not.toBe(version('other'));
    expect(version('')).toBe(partVersion(T0, true, 'a', json('{}')));
  });

  it('stay heads above a limit, and are not loaded where nobody asks', async () => {
    const projectId = `e/${newId()}`;
    const inputs = claimed(projectId, 'inputs', `{"model":"m","t":"${LONG}"}`);
    const output = claimed(projectId, 'output', `"${LONG}${LONG}"`);
    await writer.write(
      batch({
        calls: [
          completeOf(
            projectId,
            'a',
            { inputs: inputs.head, claims: [inputs.claim] },
            { output: output.head, claims: [output.claim] },
          ),
        ],
      }),
    );
    const [[call] = []] = await read(projectId, { wholeUpTo: 6000 });
    expect(call!.inputs.length).toBe(inputs.claim.sizeBytes);
    expect(text(call!.output)).toBe(text(output.head));
    expect(call!.claims).toEqual([output.claim]);
    expect(asked).toEqual([inputs.claim.digest]);
    expect((await read(projectId, { wholeUpTo: 0 }))[0]![0]!.claims).toEqual([inputs.claim, output.claim]);
    expect((await read(projectId, { payloads: ['summary'] }))[0]![0]!.claims).toEqual([]);
    expect((await read(projectId, { payloads: [] }))[0]![0]!.claims).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('are heads when they cannot be had', async () => {
    const projectId = `e/${newId()}`;
    const inputs = claimed(projectId, 'inputs', `{"model":"m","t":"${LONG}"}`);
    await writer.write(
      batch({ calls: [completeOf(projectId, 'a', { inputs: inputs.head, claims: [inputs.claim] })] }),
    );
    blobs.clear();
    const [[call] = []] = await read(projectId);
    expect(text(call!.inputs)).toBe(text(inputs.head));
    expect(call!.claims).toEqual([{ ...inputs.claim, error: 'blob_unavailable', isGone: true }]);
  });

  it('do not wait for a store that is away again and again', async () => {
    const projectId = `e/${newId()}`;
    const calls = Array.from({ length: 20 }, (_, i) => {
      const { head, claim } = claimed(projectId, 'inputs', `{"t":"${LONG}"}`);
      return completeOf(projectId, `c${i}`, { inputs: head, claims: [{ ...claim, sizeBytes: 30_000_000 }] });
    });
    await writer.write(batch({ calls }));
    let times = 0;
    load = () => {
      times++;
      return Promise.reject(new AppError('storage_unavailable', 'away'));
    };
    const found = (await read(projectId)).flat();
    expect(found).toHaveLength(20);
    expect(found.every(({ claims: [claim] }) => claim?.error === 'blob_unavailable')).toBe(true);
    expect(times).toBeLessThanOrEqual(4);
    load = () => Promise.reject(new Error('ours'));
    await expect(read(projectId)).rejects.toThrow('ours');
  });

  it('come in order as pages of their own, and few are held ahead', async () => {
    const projectId = `e/${newId()}`;
    const calls = Array.from({ length: 60 }, (_, i) => {
      const start = { startedAtUs: T0 + i };
      if (i % 3 === 0) return completeOf(projectId, `c${i}`, start);
      const { head, claim } = claimed(projectId, 'inputs', `{"i":${i},"t":"${LONG}"}`);
      return completeOf(projectId, `c${i}`, {
        ...start,
        inputs: head,
        claims: [{ ...claim, sizeBytes: 20 << 20 }],
      });
    });
    await writer.write(batch({ calls }));
    let given = 0;
    let begun = 0;
    let most = 0;
    load = async (...args) => {
      begun++;
      most = Math.max(most, begun - given);
      return await fromMemory(...args);
    };
    const ids: string[] = [];
    const query = { projectId, filter: {}, sort: [], payloads: ['inputs'] as const };
    for await (const page of reader.streamCalls(query)) {
      for (const call of page) {
        ids.push(call.id);
        if (call.inputs.length < 100) continue;
        expect(page).toHaveLength(1);
        expect(JSON.parse(text(call.inputs))).toMatchObject({ i: Number(call.id.slice(1)) });
        given++;
      }
    }
    expect(ids).toEqual(calls.map(({ id }) => id));
    expect(begun).toBe(40);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('are not loaded any more for who has left', async () => {
    const projectId = `e/${newId()}`;
    const calls = Array.from({ length: 5 }, (_, i) => {
      const { head, claim } = claimed(projectId, 'inputs', `{"t":"${LONG}"}`);
      return completeOf(projectId, `c${i}`, { startedAtUs: T0 + i, inputs: head, claims: [claim] });
    });
    await writer.write(batch({ calls }));
    const left: AbortSignal[] = [];
    let isFirst = true;
    load = (projectId, claim, signal) => {
      if (isFirst) {
        isFirst = false;
        return fromMemory(projectId, claim);
      }
      left.push(signal!);
      return new Promise((_, reject) =>
        signal!.addEventListener('abort', () => reject(signal!.reason as Error)),
      );
    };
    for await (const [call] of reader.streamCalls({
      projectId,
      filter: {},
      sort: [],
      payloads: ['inputs'],
    })) {
      expect(call!.id).toBe('c0');
      break;
    }
    expect(left.length).toBeGreaterThan(0);
    expect(left.every(({ aborted }) => aborted)).toBe(true);
  });

  it('of spans come whole to who maps them again', async () => {
    const projectId = `e/${newId()}`;
    const dump = `{"v":1,"name":"n","attributes":[["a","${LONG}"]],"scope":{"name":"lib","version":"1"}}`;
    const of = {
      otel_dump: claimed(projectId, 'otel_dump', dump),
      output: claimed(projectId, 'output', `"${LONG}"`),
    };
    await writer.write(
      batch({
        calls: [
          spanOf(
            projectId,
            'trace1',
            'span1',
            { otelDump: of.otel_dump.head, claims: [of.otel_dump.claim] },
            { output: of.output.head, claims: [of.output.claim] },
          ),
        ],
      }),
    );
    const spans = async () => {
      for await (const [row] of reader.streamSpans({ projectId, fromUs: 0, limit: 10 })) return row!.state;
      return undefined;
    };
    const whole = await spans();
    expect(text(whole!.start!.otelDump!)).toBe(dump);
    expect(text(whole!.end!.output)).toBe(`"${LONG}"`);
    expect([whole!.start!.claims, whole!.end!.claims]).toEqual([[], []]);
    blobs.clear();
    const heads = await spans();
    expect(heads!.start!.claims).toEqual([
      { ...of.otel_dump.claim, error: 'blob_unavailable', isGone: true },
    ]);
    // The call is shown, with as much of its span as there is.
    const [[call] = []] = await read(projectId, { payloads: ['attributes'] });
    expect(JSON.parse(text(call!.otelDump))).toMatchObject({ v: 1, name: 'n', scope: { name: 'lib' } });
    expect(
      await store.query(`SELECT toString(otel_scope) FROM calls WHERE project_id = '${projectId}'`),
    ).toEqual(['lib']);
  });
});
