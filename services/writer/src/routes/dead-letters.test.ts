import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import { createHttpApp, createKey, createKeyring, type HttpApp } from '@weft/http';
import { AppError, type EventKind, type TraceEvent } from '@weft/model';
import { createLogger, createMetrics } from '@weft/runtime';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  type TraceReader,
  type TraceWriter,
} from '@weft/trace-store';
import { callStarted, refusing, storedCalls, TEST_CONFIG } from '../testing/dead-letters.ts';
import { createWriter, WRITER_GROUP } from '../writer.ts';
import { deadLetterRoutes } from './dead-letters.ts';

const quiet = createLogger({ name: 'test', level: 'silent' });
const TOPIC = 'trace-events';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: any;
}

describe('dead letters over HTTP', () => {
  let dir: string;
  let engine: EmbeddedClickHouse;
  let reader: TraceReader;
  const keys = { admin: '', acme: '', write: '' };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'dead-letters-'));
    const file = join(dir, 'keys.json');
    keys.admin = (await createKey(file, { user: 'root', projects: ['*'], role: 'admin' })).key;
    keys.acme = (await createKey(file, { user: 'ada', projects: ['acme/*'], role: 'admin' })).key;
    keys.write = (await createKey(file, { user: 'bob', projects: ['*'], role: 'write' })).key;
    engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger: quiet });
    await migrate({ url: engine.url, database: engine.database, ...engine.writer });
    reader = openTraceReader({ url: engine.url, database: engine.database, ...engine.reader });
  });
  afterAll(async () => {
    await reader.close();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let runs = 0;
  let project: string;
  let eventLog: EventLog;
  let store: TraceWriter;
  let app: HttpApp;
  let url: string;
  let audits: any[];
  let appended: number;
  let settle: EventLog['settleDeadLetters'];
  let refuses: (id: string) => boolean;
  let stop: () => Promise<void>;
  let run: () => void;

  beforeEach(async () => {
    project = `acme/p${++runs}`;
    [audits, appended, refuses] = [[], 0, () => false];
    const opened = await openEmbeddedEventLog({
      dir: join(dir, `log-${runs}`),
      logger: quiet,
      groups: { [TOPIC]: [WRITER_GROUP] },
    });
    settle = (topic, ids) => opened.settleDeadLetters(topic, ids);
    // The real log, watched, and with a line that a test can cut.
    eventLog = {
      ...proxied(opened),
      append: (topic, events) => ((appended += events.length), opened.append(topic, events)),
      settleDeadLetters: (topic, ids) => settle(topic, ids),
    };
    const real = openTraceWriter({ url: engine.url, database: engine.database, ...engine.writer });
    store = refusing(real, (id) => refuses(id));
    const logger = createLogger({
      name: 'test',
      destination: { write: (line) => void audits.push(JSON.parse(line)) },
    });
    const metrics = createMetrics('test_', { processMetrics: false });
    const writer = createWriter({ eventLog, store, logger, metrics, config: TEST_CONFIG });
    const auth = await createKeyring({ file: join(dir, 'keys.json'), logger: quiet, pollMs: 0 });
    app = createHttpApp({ logger: quiet, metrics, auth, routes: writer.routes, limits: { drainDelayMs: 0 } });
    url = `http://127.0.0.1:${(await app.listen('127.0.0.1', 0)).port}/weft/v1/dead-letters`;
    const controller = new AbortController();
    let running = Promise.resolve();
    run = () => void (running = writer.run(controller.signal));
    stop = async () => {
      controller.abort();
      await running;
      await app.stop();
      await real.close();
      await opened.close();
    };
  });
  afterEach(() => stop());

  const event = (id: string, over: Partial<TraceEvent> = {}) => callStarted(project, id, over);
  const bury = (events: readonly TraceEvent[], reason = 'undecodable_event: a bug', group = WRITER_GROUP) =>
    eventLog.deadLetter(
      TOPIC,
      group,
      events.map((event) => ({ event, reason })),
    );
  const open = async () => {
    const ids: string[] = [];
    for await (const letter of eventLog.deadLetters(TOPIC)) ids.push(letter.event.id);
    return ids;
  };
  const rows = () => storedCalls(reader, project);
  const ask = async (path: string, body?: object, key = keys.admin): Promise<Answer> => {
    const res = await fetch(url + path, {
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await res.text();
    const isJson = res.headers.get('content-type')?.split(';')[0] === 'application/json';
    return { status: res.status, text, json: isJson ? JSON.parse(text) : undefined };
  };
  const list = async (query = '', key = keys.admin) =>
    (await ask(query, undefined, key)).text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  const replay = async (body: object = { filter: {} }) => (await ask('/replay', body)).json;

  it('lists what is meant, without payloads', async () => {
    await bury([event('a'), event('b', { kind: 'call.ended' })]);
    await bury([event('c', { projectId: 'other/p' })], 'row_too_large: 9 MB', 'gateway');
    const letters = await list();
    expect(letters.map((letter) => letter.event_id)).toEqual(['a', 'b', 'c']);
    expect(letters[2]).toEqual({
      id: expect.any(String),
      topic: TOPIC,
      group: 'gateway',
      kind: 'call.started',
      project_id: 'other/p',
      event_id: 'c',
      reason: 'row_too_large: 9 MB',
      rejected_at: expect.stringMatching(/^20\d\d-.*Z$/),
      received_at: expect.stringMatching(/^20\d\d-.*Z$/),
      payload_bytes: expect.any(Number),
    });
    const ids = async (query: string) => (await list(query)).map((letter) => letter.event_id);
    expect(await ids('?kind=call.ended')).toEqual(['b']);
    expect(await ids('?project=other/p')).toEqual(['c']);
    expect(await ids('?group=writer&limit=1')).toEqual(['a']);
    expect(await ids('?reason=ROW_TOO')).toEqual(['c']);
    expect(await ids('?since=2026-01-01T00:00:00Z&topic=trace-events')).toEqual(['a', 'b', 'c']);
    expect(await ids('?since=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await ids('?topic=stored-calls')).toEqual([]);
  });

  it('shows one with its payload', async () => {
    await bury([event('a'), event('b', { payload: Buffer.from([0xff, 0xfe]) })]);
    await bury([event('long', { payload: Buffer.from('"ääää"') })]);
    const [a, b, long] = await list();
    const text = Buffer.from(event('a').payload).toString();
    expect((await ask(`/${a.id}`)).json).toEqual({
      ...a,
      user_id: 'ada',
      payload: text,
      payload_encoding: 'utf-8',
      payload_truncated: false,
    });
    expect((await ask(`/${b.id}`)).json).toMatchObject({ payload: '//4=', payload_encoding: 'base64' });
    expect((await ask(`/${long.id}?max_payload_bytes=4`)).json).toMatchObject({
      payload: '"ä',
      payload_truncated: true,
    });
    expect(await ask('/none')).toMatchObject({
      status: 404,
      text: expect.stringContaining('it was settled'),
    });
  });

  it('is for admins, each for the own projects', async () => {
    await bury([
      event('mine'),
      event('theirs', { projectId: 'other/p' }),
      event('nobodys', { projectId: '' }),
    ]);
    for (const [path, body] of [
      [''],
      ['/1-0'],
      ['/replay', { filter: {} }],
      ['/drop', { filter: {} }],
    ] as const)
      expect(await ask(path, body, keys.write)).toMatchObject({
        status: 403,
        text: expect.stringContaining('role admin'),
      });
    expect((await ask('', undefined, 'nonsense')).status).toBe(401);
    expect((await list('', keys.acme)).map((letter) => letter.event_id)).toEqual(['mine']);
    const [, theirs, nobodys] = await list();
    expect((await ask(`/${theirs.id}`, undefined, keys.acme)).status).toBe(404);
    const body = { ids: [theirs.id, nobodys.id] };
    for (const path of ['/replay', '/drop'])
      expect((await ask(path, body, keys.acme)).json.counts).toEqual({ not_open: 2 });
    expect((await ask('/drop', { filter: {} }, keys.acme)).json.counts).toEqual({ dropped: 1 });
    expect(await open()).toEqual(['theirs', 'nobodys']);
  });

  it('says what a replay would do, and does nothing', async () => {
    run();
    await bury([event('good'), event('bad', { payload: Buffer.from('{}') })]);
    await bury([event('future', { kind: 'unknown.99' as EventKind })]);
    await bury([event('item')], 'op_name: is required', 'gateway');
    const letters = await list();
    const { counts, letters: outcomes } = await replay({ filter: {}, dry_run: true });
    expect(counts).toEqual({ would_pass: 1, would_fail: 3 });
    const told = new Map(outcomes.map(({ id, reason }: { id: string; reason: string }) => [id, reason]));
    expect(letters.map(({ id }) => told.get(id))).toEqual([
      undefined,
      expect.stringContaining('op_name'),
      expect.stringContaining('unknown.99'),
      expect.stringContaining('send it again'),
    ]);
    expect([appended, await rows(), (await open()).length]).toEqual([0, [], 4]);
    expect((await replay()).counts).toEqual({ stored: 1, failed: 3 });
    expect([appended, await open()]).toEqual([1, ['bad', 'future', 'item']]);
  });

  it('makes one row of three replays, and settles the letter', async () => {
    run();
    const ids = Array.from({ length: 250 }, (_, i) => `call-${i}`);
    const events = ids.map((id) => event(id));
    await bury(events);
    expect((await replay()).counts).toEqual({ stored: 250 });
    const first = await rows();
    expect(first).toHaveLength(250);
    expect(await open()).toEqual([]);
    for (let i = 0; i < 2; i++) {
      await bury(events);
      expect((await replay()).counts).toEqual({ stored: 250 });
    }
    expect(await rows()).toEqual(first);
    expect((await replay()).counts).toEqual({});
  });

  it('keeps one letter of an event that is refused again', async () => {
    run();
    refuses = (id) => id === 'large';
    await eventLog.append(TOPIC, [event('large'), event('small')]);
    await eventLog.waitCommitted(TOPIC, WRITER_GROUP, await eventLog.endOffsets(TOPIC), 20_000);
    const [letter] = await list();
    for (let i = 0; i < 2; i++) {
      const { letters } = await replay();
      expect(letters).toEqual([{ id: letter.id, state: 'failed', reason: 'row_too_large: by the store' }]);
      expect(await list()).toEqual([letter]);
    }
    refuses = () => false;
    expect((await replay({ ids: [letter.id] })).counts).toEqual({ stored: 1 });
    expect([await open(), (await rows()).length]).toEqual([[], 2]);
  });

  it('may be cut off between appending and settling', async () => {
    run();
    await bury([event('a'), event('b')]);
    const works = settle;
    settle = () => Promise.reject(new AppError('log_unavailable', 'the power went'));
    expect((await ask('/replay', { filter: {} })).status).toBe(503);
    expect([await open(), (await rows()).length]).toEqual([['a', 'b'], 2]);
    settle = works;
    expect((await replay()).counts).toEqual({ stored: 2 });
    expect([await open(), (await rows()).length]).toEqual([[], 2]);
  });

  it('appends an event once that has two letters, and settles both', async () => {
    run();
    const twice = event('a');
    await bury([twice]);
    await bury([twice]);
    expect((await replay()).counts).toEqual({ stored: 2 });
    expect([appended, await open()]).toEqual([1, []]);
    refuses = () => true;
    await bury([twice]);
    await bury([twice]);
    expect((await replay()).counts).toEqual({ failed: 2 });
    expect(await open()).toEqual(['a']);
  });

  it('leaves a letter open until its row can be read', async () => {
    await bury([event('a')]);
    const impatient = createHttpApp({
      logger: quiet,
      limits: { drainDelayMs: 0 },
      metrics: createMetrics('test_', { processMetrics: false }),
      auth: await createKeyring({ file: join(dir, 'keys.json'), logger: quiet, pollMs: 0 }),
      routes: [deadLetterRoutes({ eventLog, group: WRITER_GROUP, waitMs: 20, logger: quiet })],
    });
    const { port } = await impatient.listen('127.0.0.1', 0);
    url = `http://127.0.0.1:${port}/weft/v1/dead-letters`;
    const { letters } = await replay();
    expect(letters).toEqual([
      {
        id: expect.any(String),
        state: 'pending',
        reason: expect.stringContaining('not readable after 0.02 s'),
      },
    ]);
    expect([appended, await open()]).toEqual([1, ['a']]);
    await impatient.stop();
  });

  it('drops what is named, and says so first', async () => {
    await bury([event('a'), event('b'), event('c')]);
    const [a] = await list();
    expect((await ask('/drop', { ids: [a.id, 'none'], dry_run: true })).json.letters).toEqual([
      { id: a.id, state: 'would_drop' },
      { id: 'none', state: 'not_open' },
    ]);
    expect(await open()).toHaveLength(3);
    const drop = { ids: [a.id, 'none'] };
    expect((await ask('/drop', drop)).json.counts).toEqual({ dropped: 1, not_open: 1 });
    expect((await ask('/drop', drop)).json.counts).toEqual({ not_open: 2 });
    expect((await ask('/drop', { filter: { reason: 'bug' }, limit: 1 })).json.counts).toEqual({
      dropped: 1,
      not_reached: 1,
    });
    expect(await open()).toEqual(['c']);
    expect(appended).toBe(0);
  });

  it('replays as many as a request may, in order', async () => {
    run();
    await bury(Array.from({ length: 5 }, (_, i) => event(`call-${i}`)));
    expect((await replay({ filter: {}, limit: 2, rate: 1000 })).counts).toEqual({
      stored: 2,
      not_reached: 3,
    });
    expect(await open()).toEqual(['call-2', 'call-3', 'call-4']);
    expect((await replay({ filter: { kind: 'call.started' }, rate: 100 })).counts).toEqual({ stored: 3 });
  });

  it.each([
    ['/replay', {}, 'give ids or a filter'],
    ['/replay', { ids: ['a'], filter: {} }, 'give ids or a filter'],
    ['/replay', { filter: {}, topic: 'stored-calls' }, 'topic'],
    ['/replay', { filter: {}, rate: 0 }, 'rate'],
    ['/replay', { filter: { projects: 'x' } }, 'projects'],
    ['/drop', { ids: [] }, 'ids'],
    ['/drop', { ids: Array.from({ length: 1001 }, () => 'x') }, 'ids'],
    ['/drop', { filter: { since: 'yesterday' } }, 'expected an instant such as'],
    ['?limit=0', undefined, 'limit'],
    ['?topic=none', undefined, 'topic'],
    ['?projekt=x', undefined, 'projekt'],
  ])('refuses %s with bad values (%#)', async (path, body, message) => {
    expect(await ask(path, body)).toMatchObject({ status: 422, text: expect.stringContaining(message) });
  });

  it('writes one audit line for each action, without payloads', async () => {
    run();
    await bury([event('a'), event('b')]);
    const [a] = await list('?kind=call.started');
    await ask(`/${a.id}`);
    await replay({ ids: [a.id], dry_run: true });
    await replay({ ids: [a.id] });
    await ask('/drop', { filter: { kind: 'call.started' } }, keys.acme);
    await ask('/none');
    const lines = audits.filter(({ audit }) => audit !== undefined).map(({ audit }) => audit);
    expect(lines).toEqual([
      { user: 'root', action: 'list', topic: TOPIC, filter: { kind: 'call.started' }, done: { letters: 2 } },
      { user: 'root', action: 'show', topic: TOPIC, id: a.id, done: { letters: 1 } },
      { user: 'root', action: 'replay', topic: TOPIC, dry_run: true, ids: 1, done: { would_pass: 1 } },
      { user: 'root', action: 'replay', topic: TOPIC, dry_run: false, ids: 1, done: { stored: 1 } },
      {
        user: 'ada',
        action: 'drop',
        topic: TOPIC,
        dry_run: false,
        filter: { kind: 'call.started' },
        done: { dropped: 1 },
      },
      {
        user: 'root',
        action: 'show',
        topic: TOPIC,
        id: 'none',
        error: expect.stringContaining('no open dead letter'),
      },
    ]);
    expect(JSON.stringify(audits)).not.toContain('inputs');
  });
});

/** The methods of a log as members that a copy keeps. */
function proxied(log: EventLog): EventLog {
  return {
    append: (...args) => log.append(...args),
    consume: (...args) => log.consume(...args),
    endOffsets: (topic) => log.endOffsets(topic),
    waitCommitted: (...args) => log.waitCommitted(...args),
    lag: (...args) => log.lag(...args),
    deadLetter: (...args) => log.deadLetter(...args),
    deadLetters: (topic) => log.deadLetters(topic),
    settleDeadLetters: (...args) => log.settleDeadLetters(...args),
    close: () => log.close(),
  };
}
