import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { createLogger } from '@weft/runtime';
import { eventually, isAlive } from '@weft/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { Credentials } from './engine-config.ts';
import { openEmbeddedClickHouse, type EmbeddedClickHouse, type EmbeddedClickHouseOptions } from './open.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const root = mkdtempSync(join(tmpdir(), 'embedded-clickhouse-'));
let dataDirs = 0;
const newDataDir = () => join(root, `data-${++dataDirs}`);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function query(
  engine: EmbeddedClickHouse,
  user: Credentials | null,
  sql: string,
  settings: Record<string, string> = {},
): Promise<string> {
  // A kept connection would hold up the end of the engine.
  const headers = new Headers({ connection: 'close' });
  if (user) {
    headers.set(
      'authorization',
      `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`,
    );
  }
  const url = `${engine.url}/?${new URLSearchParams(settings)}`;
  const response = await fetch(url, { method: 'POST', headers, body: sql });
  const text = (await response.text()).trim();
  if (!response.ok) throw new Error(text);
  return text;
}

describe('a running engine', () => {
  const dataDir = newDataDir();
  let engine: EmbeddedClickHouse;
  beforeAll(async () => {
    engine = await openEmbeddedClickHouse({ dataDir, logger, maxMemoryBytes: 700 * 1024 * 1024 });
    await query(engine, engine.writer, 'CREATE TABLE weft.t (a UInt64) ENGINE = MergeTree ORDER BY a');
    await query(engine, engine.writer, 'INSERT INTO weft.t SELECT number FROM numbers(1000)');
    await query(engine, engine.writer, 'CREATE DATABASE other');
    await query(engine, engine.writer, 'CREATE TABLE other.t (a UInt64) ENGINE = MergeTree ORDER BY a');
  });
  afterAll(() => engine.stop());

  it('answers both users', async () => {
    expect(await query(engine, engine.writer, 'SELECT count() FROM t', { database: engine.database })).toBe(
      '1000',
    );
    expect(await query(engine, engine.reader, 'SELECT count() FROM weft.t')).toBe('1000');
    expect(await query(engine, engine.reader, 'SELECT 1', { max_execution_time: '5' })).toBe('1');
  });

  it.each([
    ['another database', 'SELECT * FROM other.t', /ACCESS_DENIED/],
    ['files', "SELECT * FROM file('/etc/passwd', 'RawBLOB')", /ACCESS_DENIED/],
    ['urls', "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB')", /ACCESS_DENIED/],
    ['remote servers', "SELECT * FROM remote('127.0.0.1', system.one)", /ACCESS_DENIED/],
    ['buckets', "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV')", /ACCESS_DENIED/],
    ['users', 'SELECT * FROM system.users', /ACCESS_DENIED/],
    ['running queries', 'SELECT * FROM system.processes', /ACCESS_DENIED/],
    ['INSERT', 'INSERT INTO weft.t VALUES (1)', /ACCESS_DENIED/],
    ['CREATE', 'CREATE TABLE weft.u (a UInt8) ENGINE = Memory', /ACCESS_DENIED/],
    ['temporary tables', 'CREATE TEMPORARY TABLE u (a UInt8)', /ACCESS_DENIED/],
    ['DROP', 'DROP TABLE weft.t', /ACCESS_DENIED/],
    ['SYSTEM', 'SYSTEM STOP LISTEN HTTP', /ACCESS_DENIED/],
    ['SET readonly', 'SET readonly = 0', /READONLY/],
  ])('refuses the reader: %s', async (_what, sql, why) => {
    await expect(query(engine, engine.reader, sql)).rejects.toThrow(why);
  });

  it('refuses the reader to lift its limits by a setting of the request', async () => {
    await expect(query(engine, engine.reader, 'SELECT 1', { readonly: '0' })).rejects.toThrow(/READONLY/);
    await expect(query(engine, engine.reader, 'SELECT 1', { allow_ddl: '1' })).rejects.toThrow(
      /Cannot modify/,
    );
    await expect(query(engine, engine.reader, 'SELECT 1', { max_memory_usage: '0' })).rejects.toThrow(
      /SETTING_CONSTRAINT_VIOLATION/,
    );
  });

  it('lets nobody in without a password, not even as `default`', async () => {
    await expect(query(engine, null, 'SELECT 1')).rejects.toThrow(/USER_SESSION_LIMIT_EXCEEDED/);
    const lifted = query(engine, { username: 'default', password: '' }, 'SELECT 1', {
      max_sessions_for_user: '0',
    });
    await expect(lifted).rejects.toThrow(/USER_SESSION_LIMIT_EXCEEDED/);
    await expect(query(engine, { ...engine.writer, password: 'x' }, 'SELECT 1')).rejects.toThrow(
      /AUTHENTICATION_FAILED|REQUIRED_PASSWORD/,
    );
  });

  // Needs Landlock (Linux 5.19+); without it the log says so and the owner is warned.
  const confined = () => !readFileSync(join(dataDir, 'engine.log'), 'utf8').includes('not confined');
  it('keeps the engine from files outside its directory', async () => {
    if (!confined()) return;
    const outside = join(root, 'outside');
    writeFileSync(outside, 'secret');
    for (const user of [engine.reader, engine.writer]) {
      for (const path of [outside, '/etc/passwd', `/proc/${process.pid}/environ`]) {
        await expect(query(engine, user, `SELECT file('${path}')`)).rejects.toThrow(/Permission denied/);
      }
    }
    expect(await query(engine, engine.reader, "SELECT file('/proc/self/environ')")).toBe('');
  });

  it('holds the engine to its memory', async () => {
    const greedy = 'SELECT length(groupArray(randomString(1000000))) FROM numbers(2000)';
    await expect(query(engine, engine.writer, greedy, { max_memory_usage: '0' })).rejects.toThrow(
      /total\) memory limit exceeded.*MEMORY_LIMIT_EXCEEDED/s,
    );
  });

  it('syncs inserts to disk and has no log tables', async () => {
    const synced = "SELECT value FROM system.merge_tree_settings WHERE name = 'fsync_after_insert'";
    expect(await query(engine, engine.writer, synced)).toBe('1');
    await query(engine, engine.writer, 'SYSTEM FLUSH LOGS');
    const logTables = "SELECT count() FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log'";
    expect(await query(engine, engine.writer, logTables)).toBe('0');
  });

  it('shows its files to their owner only, and writes no password', () => {
    for (const name of ['config.xml', 'users.xml', 'engine.log', 'owner.lock']) {
      const path = join(dataDir, name);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const text = readFileSync(path, 'utf8');
      for (const { password } of [engine.writer, engine.reader]) expect(text).not.toContain(password);
    }
  });

  it('tells a second owner at once who has the directory', async () => {
    await expect(openEmbeddedClickHouse({ dataDir, logger })).rejects.toThrow(
      `the ClickHouse directory ${dataDir} is in use by the process with pid ${process.pid}`,
    );
    expect(await query(engine, engine.writer, 'SELECT 1')).toBe('1');
  });
});

describe('the life of an engine', () => {
  const opened: EmbeddedClickHouse[] = [];
  async function open(options: Partial<EmbeddedClickHouseOptions> = {}): Promise<EmbeddedClickHouse> {
    const engine = await openEmbeddedClickHouse({ dataDir: newDataDir(), logger, ...options });
    opened.push(engine);
    return engine;
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((engine) => engine.stop()));
  });

  it('comes back after kill -9: same address and passwords, acknowledged rows kept', async () => {
    const states: string[] = [];
    const engine = await open({ onStateChange: (state) => states.push(state) });
    await query(engine, engine.writer, 'CREATE TABLE weft.t (a UInt64) ENGINE = MergeTree ORDER BY a');
    let acknowledged = 0;
    const inserting = (async () => {
      for (;;) {
        await query(
          engine,
          engine.writer,
          `INSERT INTO weft.t SELECT ${acknowledged} + number FROM numbers(100)`,
        );
        acknowledged += 100;
      }
    })().catch(() => undefined);
    await eventually(() => acknowledged >= 500);
    const killed = engine.pid!;
    process.kill(killed, 'SIGKILL');
    await inserting;
    await eventually(() => states.includes('running'));
    const stored = Number(
      await query(engine, engine.reader, `SELECT count() FROM weft.t WHERE a < ${acknowledged}`),
    );
    expect(stored).toBe(acknowledged);
    expect(engine.pid).not.toBe(killed);
    expect(states).toEqual(['restarting', 'running']);
  });

  it('stops in order: a running insert is finished and acknowledged; twice is harmless; the data is there again', async () => {
    const dataDir = newDataDir();
    const engine = await open({ dataDir });
    await query(engine, engine.writer, 'CREATE TABLE weft.t (a UInt64) ENGINE = MergeTree ORDER BY a');
    const slow = query(
      engine,
      engine.writer,
      'INSERT INTO weft.t SELECT number FROM numbers(10) WHERE sleepEachRow(0.05) = 0',
    );
    const running = "SELECT count() FROM system.processes WHERE startsWith(query, 'INSERT')";
    await eventually(async () => (await query(engine, engine.writer, running)) === '1');
    const pid = engine.pid!;
    await Promise.all([engine.stop(), engine.stop(), slow]);
    await engine.stop();
    expect(isAlive(pid)).toBe(false);
    expect(engine.pid).toBeUndefined();

    const again = await open({ dataDir });
    expect(await query(again, again.reader, 'SELECT count() FROM weft.t')).toBe('10');
    expect(again.writer.password).not.toBe(engine.writer.password);
  });

  it('stops while the engine is being started again', async () => {
    const states: string[] = [];
    const engine = await open({ onStateChange: (state) => states.push(state) });
    process.kill(engine.pid!, 'SIGKILL');
    await eventually(() => states.includes('restarting'));
    await engine.stop();
    expect(engine.pid).toBeUndefined();
    await expect(fetch(engine.url)).rejects.toThrow();
  });

  it('dies with an owner that is killed, and the directory is free again', async () => {
    const dataDir = newDataDir();
    const script = new URL('../fixtures/owner.ts', import.meta.url).pathname;
    const owner = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let enginePid: number;
    try {
      const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
      ({ enginePid } = JSON.parse(line) as { enginePid: number });
      expect(isAlive(enginePid)).toBe(true);
      await expect(openEmbeddedClickHouse({ dataDir, logger })).rejects.toThrow(`pid ${owner.pid}`);
    } finally {
      const gone = once(owner, 'exit');
      owner.kill('SIGKILL');
      await gone;
    }
    await eventually(() => !isAlive(enginePid));
    const engine = await open({ dataDir });
    expect(await query(engine, engine.reader, 'SELECT 1')).toBe('1');
  });

  it('names the missing package and the way out', async () => {
    const resolveModule = (specifier: string) => {
      throw new Error(`Cannot find module '${specifier}'`);
    };
    await expect(openEmbeddedClickHouse({ dataDir: newDataDir(), logger, resolveModule })).rejects.toThrow(
      /@chdb\/lib-\S+, which is not installed .* set WF_CLICKHOUSE_HOST/,
    );
  });

  it('throws with the end of the log when the engine does not come up, and frees the directory', async () => {
    const dataDir = newDataDir();
    const launcherPath = join(root, 'broken-launcher.mjs');
    writeFileSync(launcherPath, "console.error('the engine is broken'); process.exit(3);");
    await expect(openEmbeddedClickHouse({ dataDir, logger, launcherPath })).rejects.toThrow(
      /exit code 3.*the engine is broken/s,
    );
    await open({ dataDir });
  });
});
