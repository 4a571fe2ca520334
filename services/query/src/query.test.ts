import { afterEach, describe, expect, it } from '@jest/globals';
import type { EventLog, Offsets } from '@weft/event-log';
import { createHttpApp, type Keyring } from '@weft/http';
import { createLlm, llmEnv } from '@weft/llm';
import { AppError, type TraceEvent } from '@weft/model';
import { createLogger, createMetrics, loadConfig } from '@weft/runtime';
import type { StoredCall, TraceReader } from '@weft/trace-store';
import { request } from 'node:http';
import { once } from 'node:events';
import { z } from 'zod';
import { createQuery } from './query.ts';

/** Only for what the real store and log cannot be brought to do on demand: failing half-way, hanging, lagging. */
function row(id: string, output = 'null'): StoredCall {
  return {
    projectId: 'e/p', id, isSpan: false, traceId: 't', parentId: null, threadId: null, turnId: null, opName: 'op', displayName: null,
    startedAtUs: 1_700_000_000_000_000, endedAtUs: null, exception: null, userId: null, runId: null, runStep: null, runStepEnd: null,
    attributes: Buffer.from('{}'), inputs: Buffer.from('{}'), output: Buffer.from(output), summary: Buffer.from('{}'),
    otelDump: Buffer.alloc(0), otelLogs: [], claims: [], storageSizeBytes: null, totalStorageSizeBytes: null,
  }; // prettier-ignore
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Stubs {
  reader?: Partial<TraceReader>;
  committed?: boolean;
  can?: (projectId: string, role: string) => boolean;
}

async function serve({ reader = {}, committed = true, can }: Stubs) {
  const appended: TraceEvent[] = [];
  const looks: number[] = [];
  const eventLog = {
    append: async (_topic: string, events: readonly TraceEvent[]) => void appended.push(...events),
    endOffsets: async (): Promise<Offsets> => (looks.push(1), [1n]),
    waitCommitted: async () => committed,
    lag: async () => ({ events: 1, bytes: 1, oldestMs: 17 }),
  } as unknown as EventLog;
  const logger = createLogger({ name: 'test', level: 'silent' });
  const metrics = createMetrics('t_', { processMetrics: false });
  const auth: Keyring = {
    open: can === undefined,
    find: () => ({ user: 'ada', can: can ?? (() => true), has: () => true, canAll: () => true }),
    list: () => [],
    stop: async () => {},
  };
  const query = createQuery({
    reader: reader as TraceReader,
    eventLog,
    logger,
    metrics,
    llm: createLlm({ config: loadConfig(z.object(llmEnv), {}), logger }),
    freshnessMaxWaitMs: 5000,
  });
  const app = createHttpApp({ logger, metrics, auth, routes: query.routes, limits: { drainDelayMs: 0 } });
  const { port } = await app.listen('127.0.0.1', 0);
  stops.push(() => app.stop());
  const url = `http://127.0.0.1:${port}`;
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: 'Bearer k', ...headers },
    });
  return { port, post, appended, looks };
}

async function* pageOf(...ids: string[]) {
  yield ids;
}

async function* pages(...rows: StoredCall[][]) {
  yield* rows;
}

const project = { project_id: 'e/p' };

describe('query', () => {
  it('answers JSON lines under the name that was asked for, never one that a browser runs', async () => {
    const { post } = await serve({ reader: { streamCalls: () => pages([row('a'), row('b')], [row('c')]) } });
    for (const [accept, type] of [
      ['application/jsonl', 'application/jsonl'],
      ['*/*', 'application/jsonl'],
      ['application/x-ndjson', 'application/x-ndjson'],
      ['text/html', 'application/jsonl'],
    ] as const) {
      const res = await post('/calls/stream_query', project, { accept });
      expect([res.status, res.headers.get('content-type')]).toEqual([200, type]);
      const ids = (await res.text()).split('\n').map((line) => (JSON.parse(line) as { id: string }).id);
      expect(ids).toEqual(['a', 'b', 'c']);
    }
  });

  it('answers an empty body for no rows, and asks for none when none are wanted', async () => {
    const { post } = await serve({ reader: { streamCalls: () => pages() } });
    const res = await post('/traces//calls/stream_query', project);
    expect([res.status, await res.text()]).toEqual([200, '']);
    const wanted = await serve({});
    expect(await (await wanted.post('/calls/query', { ...project, limit: 0 })).text()).toBe('{"calls":[]}');
  });

  it('answers an error that comes before the first row with its status', async () => {
    const { post } = await serve({
      reader: {
        // eslint-disable-next-line require-yield
        async *streamCalls() {
          throw new AppError('query_timeout', 'the query took too long');
        },
      },
    });
    const res = await post('/calls/stream_query', project);
    expect(res.status).toBe(504);
    expect(await res.json()).toMatchObject({ reason: 'the query took too long' });
  });

  it('cuts the connection on an error after the first row: a shorter answer must not look whole', async () => {
    const { post } = await serve({
      reader: {
        async *streamCalls() {
          yield [row('a', `"${'x'.repeat(400_000)}"`)];
          throw new AppError('store_unavailable', 'gone');
        },
      },
    });
    const res = await post('/calls/stream_query', project);
    await expect(res.text()).rejects.toThrow();
  });

  it('ends the query when the client goes away, and reads no further than the client does', async () => {
    let read = 0;
    let end: () => void;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const { port } = await serve({
      reader: {
        async *streamCalls() {
          try {
            for (;;) {
              yield [row(String(read++), `"${'x'.repeat(300_000)}"`)];
            }
          } finally {
            end();
          }
        },
      },
    });
    const req = request({
      port,
      host: '127.0.0.1',
      path: '/calls/stream_query',
      method: 'POST',
      headers: { authorization: 'Bearer k' },
    });
    req.on('error', () => {});
    req.end(JSON.stringify(project));
    const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage];
    await once(res, 'readable');
    req.destroy();
    await ended;
    // Socket buffers hold a few of these rows; without back-pressure the loop would never have ended.
    expect(read).toBeLessThan(200);
  });

  it('cancels a query that has found nothing yet when the client goes away', async () => {
    let begun: () => void;
    const started = new Promise<void>((resolve) => (begun = resolve));
    let told: (reason: unknown) => void;
    const cancelled = new Promise<unknown>((resolve) => (told = resolve));
    const { port } = await serve({
      reader: {
        // eslint-disable-next-line require-yield
        async *streamCalls(_query, signal) {
          begun();
          await once(signal!, 'abort');
          told(signal!.reason);
          throw signal!.reason as Error;
        },
      },
    });
    const req = request({ port, host: '127.0.0.1', path: '/calls/stream_query', method: 'POST' });
    req.on('error', () => {});
    req.end(JSON.stringify(project));
    await started;
    req.destroy();
    expect(await cancelled).toMatchObject({ name: 'AbortError' });
  });

  it('writes each call in one line, also when its payload was sent in several', async () => {
    const lines = '{\n  "a": [\r\n\t1.0 ],\n  "b": "x\\ny"\n}';
    const { post } = await serve({
      reader: { streamCalls: () => pages([row('a', lines), row('b', lines)]) },
    });
    const text = await (await post('/calls/stream_query', project)).text();
    expect(text.split('\n')).toHaveLength(2);
    expect(text.split('\n').every((line) => line.includes(lines.replace(/[\r\n]/g, ' ')))).toBe(true);
    expect(await (await post('/calls/query', project)).text()).toContain(lines);
  });

  it('compresses for clients elsewhere that ask for it, and only what is worth it', async () => {
    const big = `"${'abc '.repeat(20_000)}"`;
    const { post } = await serve({
      reader: { streamCalls: ({ limit }) => pages([row('a', limit === 1 ? 'null' : big)]) },
    });
    const remote = { 'x-forwarded-for': '192.0.2.1', 'accept-encoding': 'br, gzip;q=0.5' };
    const zipped = await post('/calls/stream_query', project, remote);
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toContain(`"output":${big}`);
    const small = await post('/calls/stream_query', { ...project, limit: 1 }, remote);
    expect([small.headers.get('content-encoding'), small.headers.has('content-length')]).toEqual([
      null,
      true,
    ]);
    const refused = await post('/calls/stream_query', project, { ...remote, 'accept-encoding': 'gzip;q=0' });
    expect(refused.headers.get('content-encoding')).toBeNull();
    const local = await post('/calls/stream_query', project, { 'accept-encoding': 'gzip' });
    expect(local.headers.get('content-encoding')).toBeNull();
    expect(await local.text()).toContain(`"output":${big}`);
  });

  it('says when a read may miss what was acknowledged, unless the client does not care', async () => {
    const { post, looks } = await serve({
      reader: { streamCalls: () => pages([row('a')]) },
      committed: false,
    });
    const stale = await post('/calls/stream_query', project);
    expect([stale.headers.get('x-weft-freshness'), (await stale.text()).length > 0]).toEqual([
      'stale; lag_ms=17',
      true,
    ]);
    expect(looks).toHaveLength(1);
    const any = await post('/calls/stream_query', project, { 'x-weft-freshness': 'any' });
    expect([any.headers.get('x-weft-freshness'), looks.length]).toEqual([null, 1]);
    await any.text();
  });

  it('reads with a reading key and deletes with a writing one', async () => {
    const reader = { streamCalls: () => pages(), descendants: () => pageOf('a', 'b') };
    const { post, appended } = await serve({
      reader,
      can: (projectId, role) => projectId === 'e/p' && role === 'read',
    });
    expect((await post('/calls/stream_query', project)).status).toBe(200);
    expect((await post('/calls/stream_query', { project_id: 'e/other' })).status).toBe(403);
    expect((await post('/calls/delete', { ...project, call_ids: ['a'] })).status).toBe(403);
    expect(appended).toEqual([]);
  });

  it('deletes each call below the given ones with an event of its own', async () => {
    const { post, appended } = await serve({
      reader: { descendants: () => pageOf('a', 'b') },
      can: () => true,
    });
    const res = await post('/calls/delete', { ...project, call_ids: ['a'] });
    expect([res.status, await res.json()]).toEqual([200, { num_deleted: 2 }]);
    // What was named comes last.
    expect(appended).toMatchObject([
      { kind: 'call.deleted', projectId: 'e/p', id: 'b', userId: 'ada' },
      { kind: 'call.deleted', projectId: 'e/p', id: 'a', userId: 'ada' },
    ]);
    appended.length = 0;
    const early = await post('/calls/delete', { ...project, call_ids: ['a', 'later', 'a', 'not an id'] });
    expect(await early.json()).toEqual({ num_deleted: 2 });
    expect(appended.map(({ id }) => id)).toEqual(['b', 'a', 'later']);
    const many = await post('/calls/delete', { ...project, call_ids: Array(1001).fill('x') });
    expect(many.status).toBe(413);
  });

  it('counts up to the limit and says when there are more', async () => {
    const { post } = await serve({
      reader: {
        countCalls: async ({ limit }) => ({ count: Math.min(5, limit ?? 5), totalStorageSizeBytes: null }),
      },
    });
    const stats = async (limit?: number) => (await post('/calls/query_stats', { ...project, limit })).json();
    expect(await stats()).toEqual({ count: 5, has_more: false, total_storage_size_bytes: null });
    expect(await stats(5)).toMatchObject({ count: 5, has_more: false });
    expect(await stats(1)).toMatchObject({ count: 1, has_more: true });
  });

  it('refuses wrong requests before it reads anything', async () => {
    const { post, looks } = await serve({});
    const status = async (path: string, body: object) => (await post(path, body)).status;
    expect(await status('/calls/stream_query', { ...project, limit: -1 })).toBe(400);
    expect(await status('/calls/stream_query', { project_id: 'nope' })).toBe(400);
    expect(await status('/calls/stream_query', {})).toBe(422);
    expect(await status('/calls/stream_query', { ...project, columns: ['nope'] })).toBe(422);
    expect(await status('/calls/query_stats', { ...project, query: { $expr: {} } })).toBe(422);
    expect(looks.length).toBeLessThanOrEqual(3);
  });

  it('tells clients which known routes it does not serve, and why', async () => {
    const { post } = await serve({});
    for (const path of ['/agents/spans/diagnostics', '/dataset_sources/link', '/evaluations/status']) {
      const res = await post(path, {});
      const reason = expect.stringContaining(`POST ${path} is not served: `);
      expect([res.status, await res.json()]).toEqual([501, { reason }]);
    }
    expect((await post('/nobody/knows', {})).status).toBe(404);
  });

  it('says for the scoring worker, where there is none, that online evaluation is off', async () => {
    const { post } = await serve({});
    const res = await post('/calls/score', {});
    const reason = 'online evaluation is off: set WEAVE_ENABLE_ONLINE_EVAL=true';
    expect([res.status, await res.json()]).toEqual([501, { reason }]);
  });
});
