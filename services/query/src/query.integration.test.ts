import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog } from '@weft/event-log';
import { createHttpApp, createKeyring } from '@weft/http';
import { createLlm, llmEnv } from '@weft/llm';
import {
  NO_SCORED_SPAN,
  NO_SCORER_RESULT,
  type CallPart,
  type EndFields,
  type StartFields,
} from '@weft/model';
import { createLogger, createMetrics, loadConfig } from '@weft/runtime';
import {
  emptyBatch,
  migrate,
  openTraceReader,
  openTraceWriter,
  partVersion,
  type TraceWriter,
  type WriteBatch,
} from '@weft/trace-store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createQuery } from './query.ts';

/** The real store and log; the writer's part is played by rows written straight and one consumer of deletes. */

const T0 = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;
const json = (text: string) => Buffer.from(text);
const closing: (() => Promise<unknown>)[] = [];
let url: string;
let rows: TraceWriter;

beforeAll(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'query-'));
  closing.push(() => rm(dir, { recursive: true, force: true }));
  const logger = createLogger({ name: 'test', level: 'silent' });
  const engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
  closing.push(() => engine.stop());
  const { database } = engine;
  await migrate({ url: engine.url, database, ...engine.writer });
  rows = openTraceWriter({ url: engine.url, database, ...engine.writer });
  closing.push(() => rows.close());
  const reader = openTraceReader({ url: engine.url, database, ...engine.reader });
  closing.push(() => reader.close());
  const eventLog = await openEmbeddedEventLog({
    dir: join(dir, 'log'),
    groups: { 'trace-events': ['writer'] },
    logger,
  });
  closing.push(() => eventLog.close());
  const stop = new AbortController();
  const consuming = eventLog.consume(
    'trace-events',
    { group: 'writer', maxBatchEvents: 1000, maxBatchBytes: 1 << 20, signal: stop.signal },
    async (events) => {
      await write({
        deletedCalls: events.map(({ projectId, id, receivedAtUs }) => ({
          projectId,
          id,
          deletedAtUs: receivedAtUs,
        })),
      });
      return [];
    },
  );
  closing.push(async () => (stop.abort(), consuming));
  const metrics = createMetrics('t_', { processMetrics: false });
  const auth = await createKeyring({ logger });
  const llm = createLlm({ config: loadConfig(z.object(llmEnv), {}), logger });
  const query = createQuery({ reader, eventLog, llm, logger, metrics, freshnessMaxWaitMs: 10_000 });
  const app = createHttpApp({ logger, metrics, auth, routes: query.routes, limits: { drainDelayMs: 0 } });
  const { port } = await app.listen('127.0.0.1', 0);
  closing.push(() => app.stop());
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function write(batch: Partial<WriteBatch>): Promise<void> {
  expect(await rows.write({ ...emptyBatch(), ...batch })).toEqual([]);
}

function call(
  projectId: string,
  id: string,
  start: Partial<StartFields> = {},
  end: Partial<EndFields> | null = {},
): CallPart {
  const startedAtUs = start.startedAtUs ?? T0;
  const version = partVersion(startedAtUs, true, id, json(id));
  return {
    projectId,
    id,
    start: {
      version, startedAtUs, traceId: 't', parentId: null, threadId: null, turnId: null, opName: 'op', displayName: null,
      attributes: json('{}'), inputs: json('{}'), otelDump: null, userId: 'ada', runId: null, runStep: null, inputRefs: [], ...start,
    },
    ...(end && {
      end: {
        version, endedAtUs: startedAtUs + 1_500, exception: null, output: json('null'), summary: json('{}'), runStepEnd: null,
        outputRefs: [], ...end,
      },
    }),
  }; // prettier-ignore
}

const post = (path: string, body: object) =>
  fetch(url + path, { method: 'POST', body: JSON.stringify(body) });

async function text(path: string, body: object): Promise<string> {
  const res = await post(path, body);
  const answer = await res.text();
  if (res.status !== 200) throw new Error(`${res.status} ${answer}`);
  return answer;
}

async function ids(body: object): Promise<string[]> {
  const answer = await text('/calls/stream_query', body);
  return answer.split('\n').filter(Boolean).map((line) => (JSON.parse(line) as { id: string }).id); // prettier-ignore
}

describe('calls', () => {
  it('come back with the bytes that were written', async () => {
    const projectId = 'e/bytes';
    const payload =
      '{"big":9007199254740993,"huge":1e400,"minus":-0,"float":1.0,"a":1,"a":2,"lone":"\\ud83d","s" : "\\/é😀"}';
    const parts = call(
      projectId,
      'c',
      { attributes: json(payload), inputs: json(payload) },
      { output: json(payload), summary: json(payload) },
    );
    await write({ calls: [parts] });
    const line = await text('/calls/stream_query', { project_id: projectId });
    expect(line).toContain(`"attributes":${payload},"inputs":${payload},"ended_at"`);
    expect(line).toContain(
      `"output":${payload},"summary":${payload.slice(0, -1)},"weave":{"status":"success","latency_ms":1,"trace_name":"op"}}`,
    );
    expect(await text('/call/read', { project_id: projectId, id: 'c' })).toBe(`{"call":${line}}`);
    expect(await text('/calls/query', { project_id: projectId })).toBe(`{"calls":[${line}]}`);
    expect(await text('/call/read', { project_id: projectId, id: 'nobody' })).toBe('{"call":null}');
  });

  it('are filtered, sorted, cut and counted', async () => {
    const project_id = 'e/many';
    await write({
      calls: Array.from({ length: 2500 }, (_, i) => {
        const id = `c${String(i).padStart(4, '0')}`;
        const start = {
          startedAtUs: T0 + i * 1000,
          traceId: `t${Math.floor(i / 10)}`,
          parentId: i % 10 === 0 ? null : 'p',
          opName: `op${i % 3}`,
        };
        return call(project_id, id, start, i === 2499 ? null : { exception: i === 5 ? 'boom' : null });
      }),
    });
    const all = await ids({ project_id });
    expect([all.length, all[0], all.at(-1)]).toEqual([2500, 'c0000', 'c2499']);
    const newest = { project_id, sort_by: [{ field: 'started_at', direction: 'desc' }], limit: 2, offset: 1 };
    expect(await ids(newest)).toEqual(['c2498', 'c2497']);
    expect(await ids({ project_id, limit: 0 })).toEqual([]);
    expect(
      await ids({ project_id, filter: { trace_roots_only: true, op_names: ['op1'] }, limit: 2 }),
    ).toEqual(['c0010', 'c0040']);
    expect(await ids({ project_id, filter: { trace_ids: ['t1'], call_ids: ['c0011', 'c0021'] } })).toEqual([
      'c0011',
    ]);
    expect(await ids({ project_id, filter: { thread_ids: [] } })).toEqual([]);
    const byStatus = {
      project_id,
      sort_by: [{ field: 'summary.weave.status', direction: 'asc' }],
      filter: { call_ids: ['c0004', 'c0005'] },
    };
    expect(await ids(byStatus)).toHaveLength(2);
    const stats = async (body: object) =>
      JSON.parse(await text('/calls/query_stats', { project_id, ...body })) as object;
    expect(await stats({})).toMatchObject({ count: 2500, has_more: false });
    expect(await stats({ limit: 1 })).toMatchObject({ count: 1, has_more: true });
    expect(await stats({ limit: 0 })).toMatchObject({ count: 0, has_more: true });
    expect(await stats({ filter: { trace_ids: ['t3'] } })).toMatchObject({ count: 10 });
    const running = JSON.parse(await text('/call/read', { project_id, id: 'c2499' })) as {
      call: { summary: { weave: object }; ended_at: null };
    };
    expect(running.call).toMatchObject({ ended_at: null, summary: { weave: { status: 'running' } } });
    expect(running.call.summary.weave).not.toHaveProperty('latency_ms');
  });

  it('bring their sizes and feedback only when asked', async () => {
    const project_id = 'e/extras';
    await write({
      calls: [call(project_id, 'root', { inputs: json('{"a":"123456789"}') }), call(project_id, 'child', { parentId: 'root' })],
      feedback: [
        {
          projectId: project_id, id: 'f', weaveRef: `weave:///${project_id}/call/root`, feedbackType: 'note', userId: 'ada', creator: null,
          createdAtUs: T0, payload: json('{"note":1.0}'), annotationRef: null, runnableRef: null, callRef: null, triggerRef: null,
          queueId: null, scorer: NO_SCORER_RESULT, span: NO_SCORED_SPAN,
        },
      ],
    }); // prettier-ignore
    const read = async (body: object) =>
      (
        await text('/calls/stream_query', {
          project_id,
          sort_by: [{ field: 'id', direction: 'desc' }],
          ...body,
        })
      )
        .split('\n')
        .map((line) => JSON.parse(line) as { summary: { weave: { feedback?: unknown[] } } & object });
    const asked = { include_storage_size: true, include_total_storage_size: true, include_feedback: true };
    const [root, child] = await read(asked);
    expect(root).toMatchObject({
      storage_size_bytes: 25,
      total_storage_size_bytes: 35,
      summary: { weave: { feedback: [{ id: 'f', payload: { note: 1 } }] } },
    });
    expect(child).toMatchObject({
      storage_size_bytes: 10,
      total_storage_size_bytes: null,
      summary: { weave: { feedback: [] } },
    });
    const [plain] = await read({});
    expect(plain).toMatchObject({ storage_size_bytes: null, total_storage_size_bytes: null });
    expect(plain!.summary.weave).not.toHaveProperty('feedback');
  });

  it('are deleted with everything below them, and the next read sees it', async () => {
    const project_id = 'e/deletes';
    const under = (parentId: string) => ({ parentId, startedAtUs: T0 + 1 });
    await write({
      calls: [
        call(project_id, 'a'),
        call(project_id, 'b', under('a')),
        call(project_id, 'c', under('b')),
        call(project_id, 'other'),
      ],
    });
    const deleted = JSON.parse(
      await text('/calls/delete', { project_id, call_ids: ['a', 'b', 'nobody'] }),
    ) as object;
    expect(deleted).toEqual({ num_deleted: 3 });
    expect(await ids({ project_id })).toEqual(['other']);
    expect(await text('/call/read', { project_id, id: 'c' })).toBe('{"call":null}');
    expect(JSON.parse(await text('/calls/delete', { project_id, call_ids: ['a'] }))).toEqual({
      num_deleted: 0,
    });
  });
});

describe('objects, tables and files', () => {
  const projectId = 'e/things';
  const object = {
    projectId,
    objectId: 'o',
    kind: 'object' as const,
    baseObjectClass: 'Model',
    leafObjectClass: 'Mine',
    refs: [],
    userId: 'ada',
    deletedAtUs: null,
  };

  it('reads versions by digest, number and latest', async () => {
    await write({
      objects: [
        { ...object, digest: 'd0', val: json('{"n":1.0}'), createdAtUs: T0 },
        { ...object, digest: 'd1', val: json('{"n":9007199254740993}'), createdAtUs: T0 + 1 },
        { ...object, objectId: 'gone', digest: 'g0', val: json('{}'), createdAtUs: T0 },
        { ...object, objectId: 'gone', digest: 'g0', val: json(''), createdAtUs: T0, deletedAtUs: T0 + 5 },
      ],
    });
    const read = (object_id: string, digest: string, more: object = {}) =>
      post('/obj/read', { project_id: projectId, object_id, digest, ...more });
    for (const digest of ['d1', 'v1', 'latest']) {
      const answer = await (await read('o', digest)).text();
      expect(answer).toContain('"val":{"n":9007199254740993}');
      expect(JSON.parse(answer)).toMatchObject({
        obj: {
          project_id: projectId, object_id: 'o', digest: 'd1', version_index: 1, is_latest: 1, kind: 'object', base_object_class: 'Model',
          leaf_object_class: 'Mine', created_at: '2026-01-02T03:04:05.000001Z', deleted_at: null, wb_user_id: 'ada',
        },
      }); // prettier-ignore
    }
    expect(await (await read('o', 'v0', { metadata_only: true })).json()).toMatchObject({
      obj: { is_latest: 0, version_index: 0, val: {} },
    });
    const missing = await read('o', 'v7');
    expect([missing.status, await missing.json()]).toEqual([404, { reason: 'Obj o:v7 not found' }]);
    const gone = await read('gone', 'g0');
    expect([gone.status, await gone.json()]).toMatchObject([
      404,
      { deleted_at: '2026-01-02T03:04:05.000005Z' },
    ]);
  });

  it('reads tables in their order, duplicates kept', async () => {
    const digests = ['r1', 'r0', 'r1', 'r2'];
    await write({
      tables: [{ projectId, digest: 't', rowDigests: digests, createdAtUs: T0 }],
      tableRows: ['r0', 'r1', 'r2'].map((digest) => ({
        projectId,
        digest,
        val: json(`{"d":"${digest}","f":1.0}`),
        createdAtUs: T0,
      })),
    });
    const table = { project_id: projectId, digest: 't' };
    const answer = await text('/table/query', table);
    expect(answer).toContain('"val":{"d":"r1","f":1.0}');
    const read = async (more: object) =>
      (JSON.parse(await text('/table/query', { ...table, ...more })) as { rows: { digest: string; original_index: number }[] }).rows.map(
        (row) => [row.digest, row.original_index],
      ); // prettier-ignore
    expect(await read({})).toEqual(digests.map((digest, i) => [digest, i]));
    expect(await read({ offset: 1, limit: 2 })).toEqual([['r0', 1], ['r1', 2]]); // prettier-ignore
    expect(await read({ filter: { row_digests: ['r1'] } })).toEqual([['r1', 0], ['r1', 2]]); // prettier-ignore
    expect(await read({ digest: 'nobody' })).toEqual([]);
    expect((await text('/table/query_stream', table)).split('\n')).toHaveLength(4);
    expect(JSON.parse(await text('/table/query_stats', table))).toEqual({ count: 4 });
    expect(JSON.parse(await text('/table/query_stats', { ...table, digest: 'nobody' }))).toEqual({
      count: 0,
    });
  });

  it('reads files as bytes that no browser shows', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 60, 104]);
    await write({ files: [{ projectId, digest: 'f', name: 'x.html', bytes, createdAtUs: T0 }] });
    for (const path of ['/file/content', '/files/content']) {
      const res = await post(path, { project_id: projectId, digest: 'f' });
      const headers = ['content-type', 'content-disposition', 'x-content-type-options'].map((name) =>
        res.headers.get(name),
      );
      const name = `attachment; filename="x.html"; filename*=UTF-8''x.html`;
      expect(headers).toEqual(['application/octet-stream', name, 'nosniff']);
      expect(res.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
      expect(Buffer.from(await res.arrayBuffer())).toEqual(bytes);
      expect((await post(path, { project_id: projectId, digest: 'nobody' })).status).toBe(404);
    }
  });

  it('gives downloads whole, in ranges, or not at all where they are known', async () => {
    const bytes = Buffer.from(Array.from({ length: 2_500_000 }, (_, i) => (i * 7) % 251));
    await write({ files: [{ projectId, digest: 'large', name: 'l', bytes, createdAtUs: T0 }] });
    const get = (headers: Record<string, string> = {}, method = 'GET', digest = 'large') =>
      fetch(`${url}/weft/v1/files/${projectId}/${digest}`, { method, headers });
    const shown = async (res: Response) => [
      res.status,
      res.headers.get('content-length'),
      res.headers.get('content-range'),
      (await res.arrayBuffer()).byteLength,
    ];
    const whole = await get();
    expect(whole.headers.get('cache-control')).toBe('private, immutable');
    expect([whole.headers.get('etag'), whole.headers.get('accept-ranges')]).toEqual(['"large"', 'bytes']);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await get({ range: 'bytes=1048570-2097160' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 1048570-2097160/2500000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_048_570, 2_097_161))).toBe(true);
    expect(await shown(await get({ range: 'bytes=0-' }))).toEqual([206, '2500000', 'bytes 0-2499999/2500000', 2_500_000]); // prettier-ignore
    expect(await shown(await get({ range: 'bytes=-5' }))).toEqual([206, '5', 'bytes 2499995-2499999/2500000', 5]); // prettier-ignore
    const ofAnother = await get({ range: 'bytes=0-1', 'if-range': '"x"' });
    expect(await shown(ofAnother)).toEqual([200, '2500000', null, 2_500_000]);
    expect((await shown(await get({ range: 'bytes=2500000-' }))).slice(0, 3)).toEqual([416, expect.any(String), 'bytes */2500000']); // prettier-ignore
    expect(await shown(await get({ 'if-none-match': '"a", "large"' }))).toEqual([304, null, null, 0]);
    expect(await shown(await get({}, 'HEAD'))).toEqual([200, '2500000', null, 0]);
    expect(await shown(await get({ range: 'bytes=0-9' }, 'HEAD'))).toEqual([206, '10', 'bytes 0-9/2500000', 0]); // prettier-ignore
    for (const method of ['GET', 'HEAD']) expect((await get({}, method, 'nobody')).status).toBe(404);
    expect((await get({ 'if-none-match': '*' }, 'GET', 'nobody')).status).toBe(404);
    await write({ files: [{ projectId, digest: 'empty', name: '', bytes: Buffer.alloc(0), createdAtUs: T0 }] }); // prettier-ignore
    expect(await shown(await get({}, 'GET', 'empty'))).toEqual([200, '0', null, 0]);
    expect(await shown(await get({}, 'HEAD', 'empty'))).toEqual([200, '0', null, 0]);
  });

  it('says of a file that is a blob where no store is known that it cannot be had now', async () => {
    const blob = { uri: 's3://elsewhere', sizeBytes: 3 };
    await write({ files: [{ projectId, digest: 'blob', name: 'b', blob, createdAtUs: T0 }] });
    const res = await post('/file/content', { project_id: projectId, digest: 'blob' });
    expect([res.status, res.headers.has('retry-after')]).toEqual([503, true]);
    expect(((await res.json()) as { reason: string }).reason).toContain('WF_FILE_STORAGE_URI');
  });
});
