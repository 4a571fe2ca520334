import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emptyBatch, migrate, openTraceReader, openTraceWriter } from '@weft/trace-store';

import { startEngine, type Engine } from './engine.ts';
import { readText } from './root.ts';

describe('deploy/clickhouse', () => {
  let engine: Engine;
  const as = (username: string, password: string) => ({
    url: engine.url,
    username,
    password,
    database: 'weft',
  });
  const writer = () => as('weft_writer', 'w-secret');
  const reader = () => as('weft_reader', 'r-secret');

  async function ask(who: { username: string; password: string }, sql: string) {
    const answer = await fetch(engine.url, {
      method: 'POST',
      body: sql,
      headers: { 'X-ClickHouse-User': who.username, 'X-ClickHouse-Key': who.password },
    });
    const text = await answer.text();
    return { ok: answer.ok, text, code: Number(/Code: (\d+)/.exec(text)?.[1] ?? 0) };
  }

  beforeAll(async () => {
    engine = await startEngine({ WEFT_WRITER_PASSWORD: 'w-secret', WEFT_READER_PASSWORD: 'r-secret' });
    await migrate(writer());
  }, 60_000);
  afterAll(() => engine?.stop());

  it('lets the writer migrate, again too, and insert', async () => {
    await migrate(writer());
    const store = openTraceWriter(writer());
    await expect(store.write(emptyBatch())).resolves.toBeDefined();
    await store.close();
    expect((await ask(writer(), "INSERT INTO weft.files (project_id) VALUES ('a/b')")).text).toBe('');
  });

  it('lets `weft doctor` look at disks, parts and replicas', async () => {
    for (const table of ['disks', 'parts', 'replicas', 'mutations', 'processes', 'tables', 'columns'])
      expect(await ask(writer(), `SELECT count() FROM system.${table}`)).toMatchObject({ ok: true });
  });

  it('lets the reader read', async () => {
    const store = openTraceReader(reader());
    await expect(store.countCalls({ projectId: 'a/b', filter: {} })).resolves.toMatchObject({ count: 0 });
    await store.close();
    expect(await ask(reader(), 'SELECT count() FROM weft.calls')).toMatchObject({ ok: true, text: '0\n' });
  });

  it.each([
    "INSERT INTO weft.files (project_id) VALUES ('a/b')",
    'DROP TABLE weft.calls',
    'ALTER TABLE weft.calls DELETE WHERE 1',
    'CREATE TABLE weft.t (a UInt8) ENGINE = Memory',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', 'weft.calls')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    'SELECT * FROM system.processes',
    'SELECT * FROM system.users',
    'SET readonly = 0',
  ])('refuses the reader %s', async (sql) => {
    const { ok, code } = await ask(reader(), sql);
    expect({ ok, refused: code === 497 || code === 164 }).toEqual({ ok: false, refused: true });
  });

  it.each([
    'CREATE DATABASE other',
    'CREATE TABLE default.t (a UInt8) ENGINE = Memory',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a String') VALUES ('x')",
    'CREATE USER eve',
    'GRANT SELECT ON weft.* TO weft_reader',
  ])('refuses the writer %s', async (sql) => {
    const { ok, code } = await ask(writer(), sql);
    expect({ ok, refused: code === 497 || code === 514 }).toEqual({ ok: false, refused: true });
  });

  it('knows nobody by a wrong or empty password', async () => {
    for (const [user, password] of [
      ['weft_writer', ''],
      ['weft_reader', 'w-secret'],
      ['root', ''],
    ] as const)
      expect((await ask(as(user, password), 'SELECT 1')).code).toBe(516);
  });

  it('bounds or drops every log of ClickHouse about itself', () => {
    const xml = readText('deploy/clickhouse/config.xml');
    const logs = [...xml.matchAll(/<(\w+_log)(?: (\w+)="1")/g)];
    expect(logs.length).toBeGreaterThan(15);
    for (const [, name, how] of logs) {
      const body = new RegExp(`<${name}[^>]*>([\\s\\S]*?)</${name}>`).exec(xml)?.[1];
      if (how === 'replace') expect(body).toMatch(/<ttl>event_date \+ INTERVAL \d+ DAY DELETE<\/ttl>/);
      else expect({ name, how }).toEqual({ name, how: 'remove' });
    }
  });
});
