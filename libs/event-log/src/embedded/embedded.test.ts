import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AppError } from '@weft/model';
import { eventually, mulberry32 } from '@weft/testkit';
import { collect, disordered, numbered, numbersOf, range, testEvent } from '../testing/events.ts';
import { quiet } from '../testing/logs.ts';
import { SimDisk } from '../testing/sim-disk.ts';
import { openEmbeddedEventLog, type EmbeddedEventLog } from './embedded.ts';
import type { EmbeddedEventLogOptions } from './options.ts';

const TOPIC = 'trace-events';
const GROUP = 'writer';
const APPENDER = fileURLToPath(new URL('../testing/appender.ts', import.meta.url));

let dir: string;
const logs: EmbeddedEventLog[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'event-log-'));
});

afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
  await rm(dir, { recursive: true, force: true });
});

async function open(options: Partial<EmbeddedEventLogOptions> = {}): Promise<EmbeddedEventLog> {
  const groups = { [TOPIC]: [GROUP] };
  const log = await openEmbeddedEventLog({ dir, groups, logger: quiet, cursorDelayMs: 5, ...options });
  logs.push(log);
  return log;
}

async function readAll(log: EmbeddedEventLog): Promise<number[]> {
  const reader = collect(log, TOPIC, { group: GROUP });
  await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000);
  await reader.stop();
  expect(disordered(reader.events)).toEqual([]);
  return numbersOf(reader.events).sort((a, b) => a - b);
}

/** The appender process and what it said so far. */
function start(from = 0): { child: ChildProcess; lines: string[]; ended: Promise<unknown> } {
  const child = spawn(process.execPath, ['--import', 'tsx', APPENDER, dir, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return { child, lines, ended: new Promise((resolve) => reader.once('close', resolve)) };
}

function ackedBy(lines: readonly string[]): number[] {
  return lines.flatMap((line) => {
    const [, from, to] = /^acked (\d+) (\d+)$/.exec(line) ?? [];
    return to === undefined ? [] : range(Number(from), Number(to) + 1);
  });
}

describe('kill -9', () => {
  it('loses nothing acknowledged, in order, and the next process takes over', async () => {
    const random = mulberry32(3);
    const acked: number[] = [];
    for (let round = 0; round < 4; round++) {
      const { child, lines, ended } = start(acked.length === 0 ? 0 : Math.max(...acked) + 1000);
      const enough = 3 + Math.floor(random() * 100);
      await eventually(() => ackedBy(lines).length >= enough);
      child.kill('SIGKILL');
      await ended;
      acked.push(...ackedBy(lines));
    }
    const log = await open();
    const kept = new Set(await readAll(log));
    expect(acked.filter((n) => !kept.has(n))).toEqual([]);
  }, 60_000);
});

describe('ownership', () => {
  it('refuses a second owner, in this process and in another, naming directory and process', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({
      code: 'log_unavailable',
      message: expect.stringMatching(new RegExp(`${dir}.*process ${process.pid}`)),
    });
    const { lines, ended } = start();
    await ended;
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^refused .*${dir}.*process ${process.pid}`))]);
  });

  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, host: hostname(), startedAt: '1' }],
    ['an earlier process with our id', { pid: process.pid, host: hostname(), startedAt: '1' }],
    ['an earlier process with the id of another', { pid: 1, host: hostname(), startedAt: 'long ago' }],
  ])('takes over the lock of %s', async (_, owner) => {
    await writeFile(join(dir, 'lock'), JSON.stringify(owner));
    const log = await open();
    await log.append(TOPIC, numbered(0, 1));
    expect(JSON.parse(await readFile(join(dir, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  });

  it('respects a fresh lock from another host', async () => {
    await writeFile(join(dir, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', startedAt: '1' }));
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('elsewhere') });
  });

  it('can be opened again after close and after a failed start', async () => {
    await (await open()).close();
    await (await open()).close();
    await writeFile(join(dir, '000000000001.log'), 'no segment');
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('damaged') });
    await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('damaged') });
  });
});

describe('retention', () => {
  const config = { EVENT_LOG_SEGMENT_BYTES: 10_000 };
  const segments = async () => (await readdir(dir)).filter((name) => /^\d{12}\.log$/.test(name)).sort();

  it('deletes segments once every group has committed beyond them, not before', async () => {
    const groups = { [TOPIC]: [GROUP, 'second'] };
    let log = await open({ config, groups });
    for (let n = 0; n < 400; n += 10) await log.append(TOPIC, numbered(n, n + 10));
    const before = await segments();
    expect(before.length).toBeGreaterThan(2);
    await readAll(log);
    // Closing makes the cursor durable.
    await log.close();
    log = await open({ config, groups });
    expect(await segments()).toEqual(before);
    const reader = collect(log, TOPIC, { group: 'second' });
    await eventually(async () => (await segments()).length === 1);
    await reader.stop();
    expect(reader.events).toHaveLength(400);
    expect(await segments()).toEqual([before.at(-1)]);
  });

  it('keeps the disk small when everything is consumed', async () => {
    const log = await open();
    for (let i = 0; i < 12; i++)
      await log.append(TOPIC, [testEvent(`c${i}`, Buffer.from(`{"n":${i},"x":"${'x'.repeat(500_000)}"}`))]);
    expect(log.stats().diskBytes).toBeGreaterThan(5_000_000);
    const reader = collect(log, TOPIC, { group: GROUP });
    await eventually(() => log.stats().diskBytes < 10_000);
    // What is counted no more is removed next.
    const sizeOf = async (name: string) => (await stat(join(dir, name)).catch(() => undefined))?.size ?? 0;
    await eventually(async () => {
      const sizes = await Promise.all((await segments()).map(sizeOf));
      return sizes.reduce((a, b) => a + b, 0) < 10_000;
    });
    await reader.stop();
  });

  it('does not keep events of a topic without groups', async () => {
    const log = await open({ config });
    for (let n = 0; n < 400; n += 10) await log.append('stored-calls', numbered(n, n + 10));
    await eventually(async () => (await segments()).length <= 1);
  });

  it('forgets a group that is not named any more', async () => {
    let log = await open({ config, groups: { [TOPIC]: [GROUP, 'second'] } });
    for (let n = 0; n < 400; n += 10) await log.append(TOPIC, numbered(n, n + 10));
    await log.close();
    log = await open({ config });
    const reader = collect(log, TOPIC, { group: GROUP });
    await eventually(async () => (await segments()).length === 1);
    await reader.stop();
  });

  it('keeps nothing of a topic that is named without groups, although it had one', async () => {
    let log = await open({ config, groups: { [TOPIC]: [GROUP], 'stored-calls': ['scoring'] } });
    for (let n = 0; n < 400; n += 10) await log.append('stored-calls', numbered(n, n + 10));
    expect((await segments()).length).toBeGreaterThan(2);
    await log.close();
    log = await open({ config, groups: { [TOPIC]: [GROUP], 'stored-calls': [] } });
    await eventually(async () => (await segments()).length <= 1);
    for (let n = 0; n < 400; n += 10) await log.append('stored-calls', numbered(n, n + 10));
    await eventually(async () => (await segments()).length <= 1);
  });

  it('goes on counting offsets after everything was deleted', async () => {
    let log = await open({ config });
    for (let n = 0; n < 200; n += 10) await log.append(TOPIC, numbered(n, n + 10));
    await readAll(log);
    const end = await log.endOffsets(TOPIC);
    await log.close();
    log = await open({ config });
    expect(await log.endOffsets(TOPIC)).toEqual(end);
    await log.append(TOPIC, numbered(200, 210));
    expect(await readAll(log)).toEqual(range(200, 210));
  });
});

describe('limits', () => {
  it('refuses beyond maxBytes at once and accepts again once events are consumed', async () => {
    const log = await open({ config: { EVENT_LOG_MAX_BYTES: 60_000, EVENT_LOG_SEGMENT_BYTES: 10_000 } });
    const append = () => log.append(TOPIC, [testEvent('c', `{"n":1,"x":"${'x'.repeat(5000)}"}`)]);
    let refused: AppError | undefined;
    for (let i = 0; i < 20 && refused === undefined; i++)
      await append().catch((error: AppError) => (refused = error));
    expect(refused).toMatchObject({ code: 'log_unavailable', message: expect.stringContaining('full') });
    expect(log.stats().diskBytes).toBeLessThanOrEqual(60_000);
    const reader = collect(log, TOPIC, { group: GROUP });
    await eventually(() =>
      append().then(
        () => true,
        () => false,
      ),
    );
    await reader.stop();
  });

  it('refuses a larger event than allowed and takes one of exactly that size', async () => {
    const log = await open({ config: { EVENT_LOG_MAX_EVENT_BYTES: 1000 } });
    await log.append(TOPIC, [testEvent('fits', Buffer.alloc(1000))]);
    await expect(log.append(TOPIC, [testEvent('too large', Buffer.alloc(1001))])).rejects.toMatchObject({
      code: 'request_too_large',
    });
  });

  it('deletes the oldest dead letters beyond their limit', async () => {
    const log = await open({ config: { EVENT_LOG_MAX_DEAD_LETTER_BYTES: 40_000 } });
    for (let i = 0; i < 30; i++)
      await log.deadLetter(TOPIC, GROUP, [{ event: testEvent(`c${i}`, Buffer.alloc(3000)), reason: `${i}` }]);
    const reasons: string[] = [];
    for await (const { reason } of log.deadLetters(TOPIC)) reasons.push(reason);
    expect(reasons.at(-1)).toBe('29');
    expect(reasons.length).toBeGreaterThan(5);
    expect(reasons.length).toBeLessThan(14);
  });
});

describe('a failing disk', () => {
  it('answers a full disk with log_unavailable and goes on once there is space', async () => {
    const disk = new SimDisk();
    const log = await open({ disk });
    await log.append(TOPIC, numbered(0, 5));
    disk.capacity = 140_000;
    await expect(log.append(TOPIC, [testEvent('c', Buffer.alloc(20_000))])).rejects.toMatchObject({
      code: 'log_unavailable',
    });
    await log.append(TOPIC, numbered(5, 10));
    disk.capacity = Infinity;
    await log.append(TOPIC, numbered(10, 15));
    expect(await readAll(log)).toEqual(range(0, 15));
  });

  it('accepts nothing any more after a failed sync, says so once, and keeps what was acknowledged', async () => {
    const disk = new SimDisk();
    const fatal: AppError[] = [];
    const log = await open({ disk, onFatal: (error) => fatal.push(error) });
    await log.append(TOPIC, numbered(0, 5));
    let failed = false;
    disk.fault = (operation) => (operation === 'sync' && !failed && (failed = true) ? 'EIO' : undefined);
    await expect(log.append(TOPIC, numbered(5, 10))).rejects.toMatchObject({ code: 'log_unavailable' });
    await expect(log.append(TOPIC, numbered(10, 15))).rejects.toMatchObject({ code: 'log_unavailable' });
    expect(fatal).toHaveLength(1);
    await log.close();
    const after = await open({ disk: disk.crash(() => 0) });
    expect(await readAll(after)).toEqual(range(0, 5));
  });

  it('repeats a batch whose dead letters found no space', async () => {
    const disk = new SimDisk();
    const log = await open({ disk });
    await log.append(TOPIC, numbered(0, 1));
    let refusals = 0;
    disk.fault = (operation, path) =>
      operation === 'write' && path.includes('dead-') && refusals++ < 1 ? 'ENOSPC' : undefined;
    const reader = collect(log, TOPIC, { group: GROUP }, (batch) => [{ event: batch[0]!, reason: 'bad' }]);
    expect(await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 10_000)).toBe(true);
    await reader.stop();
    const reasons: string[] = [];
    for await (const { reason } of log.deadLetters(TOPIC)) reasons.push(reason);
    expect(reasons).toEqual(['bad']);
    expect(reader.batches).toHaveLength(2);
  });
});

describe('back-pressure', () => {
  const config = {
    EVENT_LOG_MAX_LAG_BYTES: 20_000,
    EVENT_LOG_MAX_HOLD_MS: 30_000,
    EVENT_LOG_STUCK_AFTER_MS: 60_000,
  };
  const filler = () => [testEvent('c', `{"n":1,"x":"${'x'.repeat(30_000)}"}`)];

  it('does not hold without a consumer, nor for one that is stuck', async () => {
    const log = await open({ config: { ...config, EVENT_LOG_STUCK_AFTER_MS: 0 } });
    for (let i = 0; i < 5; i++) await log.append(TOPIC, filler());
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const reader = collect(log, TOPIC, { group: GROUP }, () => gate);
    for (let i = 0; i < 5; i++) await log.append(TOPIC, filler());
    release();
    await reader.stop();
  });

  it('never holds what a consumer appends for the next one', async () => {
    const log = await open({ config, groups: { [TOPIC]: [GROUP], 'stored-calls': ['scoring'] } });
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const reader = collect(log, 'stored-calls', { group: 'scoring' }, () => gate);
    for (let i = 0; i < 5; i++) await log.append('stored-calls', filler());
    release();
    await reader.stop();
  });
});

describe('memory', () => {
  it('does not keep a large body alive for a small event of it', async () => {
    const log = await open();
    const body = Buffer.alloc(1 << 20);
    body.write('{"n":7}', 1000);
    const event = testEvent('c', body.subarray(1000, 1007));
    await log.append(TOPIC, [event]);
    body.fill(0);
    expect(await readAll(log)).toEqual([7]);
  });
});
