import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKeyring, type KeyRecord } from '@weft/http';
import { createLogger } from '@weft/runtime';
import { runCli } from './cli.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-cli-'));
  file = join(folder, 'keys.json');
});

afterEach(() => rm(folder, { recursive: true }));

async function weft(...args: string[]) {
  let [out, notes] = ['', ''];
  const port = { out: (text: string) => void (out += text), note: (text: string) => void (notes += text) };
  const code = await runCli(args, { ...port, env: { WEFT_KEYS_FILE: file } });
  return { code, out, notes };
}

async function principal(key: string) {
  const ring = await createKeyring({ file, pollMs: 0, logger: createLogger({ name: 'test' }) });
  return ring.find(key);
}

describe('weft keys', () => {
  it('creates a key that a server takes: the key alone on stdout', async () => {
    const { code, out, notes } = await weft(
      'keys',
      'create',
      '--user',
      'ada',
      '--projects',
      'a/*',
      '--projects',
      'b/c',
    );
    expect([code, out]).toEqual([0, expect.stringMatching(/^weft_\w{35}\n$/)]);
    expect(notes).toContain('write on a/*, b/c');
    const ada = await principal(out.trim());
    expect(ada?.user).toBe('ada');
    expect(['a/x', 'b/c', 'b/d'].map((id) => ada?.can(id, 'write'))).toEqual([true, true, false]);
    expect(ada?.has('admin')).toBe(false);
  });

  it('answers in JSON, without hashes', async () => {
    const created = JSON.parse(
      (await weft('keys', 'create', '--user', 'ada', '--role', 'admin', '--json')).out,
    );
    expect((await principal(created.key as string))?.has('admin')).toBe(true);
    const { key, ...record } = created as KeyRecord & { key: string };
    expect(key).toHaveLength(40);
    expect(record).toEqual({
      id: expect.any(String),
      user: 'ada',
      role: 'admin',
      projects: ['*'],
      createdAt: expect.any(String),
    });
    expect(JSON.parse((await weft('keys', 'list', '--json')).out)).toEqual([record]);
    const revoked = JSON.parse((await weft('keys', 'revoke', record.id, '--json')).out);
    expect(revoked).toEqual({ ...record, revokedAt: expect.any(String) });
    expect(await principal(key)).toBeUndefined();
  });

  it('lists in columns', async () => {
    expect(await weft('keys', 'list')).toMatchObject({
      code: 0,
      out: '',
      notes: expect.stringContaining('no keys'),
    });
    await weft('keys', 'create', '--user', 'ada');
    const { out } = await weft('keys', 'list');
    expect(out).toMatch(/^ID +USER +ROLE +PROJECTS +CREATED +REVOKED\n\S+ +ada +write +\* +\S+ +-\n$/);
  });

  it('takes --file before the variable', async () => {
    await weft('keys', 'create', '--user', 'ada', '--file', join(folder, 'sub', 'other.json'));
    expect((await weft('keys', 'list', '--json')).out).toBe('[]\n');
    expect((await weft('keys', 'list', '--file', join(folder, 'sub', 'other.json'))).out).toContain('ada');
  });

  it.each([
    [['keys', 'revoke', 'none'], 'no key with the id none'],
    [
      ['keys', 'create', '--user', 'ada', '--projects', 'a'],
      'projects: expected "*", "entity/*" or "entity/project"',
    ],
  ])('exits 1 when %p cannot be done', async (args, message) => {
    expect(await weft(...args)).toMatchObject({ code: 1, out: '', notes: expect.stringContaining(message) });
  });

  it('exits 1 on a malformed file and leaves it as it is', async () => {
    await writeFile(file, '{"keys":');
    expect(await weft('keys', 'create', '--user', 'ada')).toMatchObject({
      code: 1,
      notes: expect.stringContaining('not valid JSON'),
    });
  });

  it.each([
    '',
    'frobnicate',
    'keys',
    'keys make',
    'keys create',
    'keys create --user ada --role owner',
    'keys create --user ada stray',
    'keys create --nope',
    'keys list --user ada',
    'keys list --file=',
    'keys revoke',
    'dlq',
    'dlq replay',
    'dlq drop --json',
    'dlq drop --all 1-0',
    'dlq replay --rate 0 --all',
    'dlq list --topic none',
    'dlq list --limit 0',
    'dlq list --url nowhere',
    'dlq show',
    'score',
    'score --project a/b --monitor m',
    'score --project a/b --monitor m --from 7d --url nowhere',
    'monitors',
    'monitors list',
    'monitors publish --project a/b',
    'monitors publish package.json --project a/b --nope',
    'monitors activate --project a/b',
    'monitors budget --project a/b --tokens-per-day 1.5',
    'monitors budget --project a/b --tokens-per-day 1 --none',
    'monitors budget --project a/b --usd-per-day -1',
    'monitors dead --project a/b --limit 0',
    'monitors drop --project a/b',
    'monitors revive --project a/b --all id',
    'storage',
    'storage check stray',
    'storage check --direct --url http://127.0.0.1:6346',
    'storage gc --grace-hours 0',
    'storage gc --grace-hours 1e3',
    'storage gc --grace-hours 8785',
    'storage gc --url nowhere',
    'storage gc --nope',
    'storage usage team/app',
  ])('exits 2 with what is expected on "weft %s"', async (line) => {
    const args = line.split(' ').filter((arg) => arg !== '');
    expect(await weft(...args)).toMatchObject({
      code: 2,
      out: '',
      notes: expect.stringMatching(
        /Usage: weft|--help says|give ids|Give ids|expected a URL|give --file|give --none|give it, or/,
      ),
    });
  });

  it('runs as a process', async () => {
    const main = new URL('./main.ts', import.meta.url).pathname;
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', main, ...args], { cwd: process.cwd() });
    const { stdout } = await run('keys', 'create', '--user', 'ada', '--file', file);
    expect((await principal(stdout.trim()))?.user).toBe('ada');
    await expect(run('keys', 'revoke', 'none', '--file', file)).rejects.toMatchObject({ code: 1 });
    expect((await run('--help')).stdout).toContain('Usage: weft');
  });
});
