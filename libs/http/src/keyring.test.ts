import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import { assertBindable, createKeyring, isLoopback, type Keyring } from './keyring.ts';
import { createKey, readKeysFile, revokeKey } from './keys-file.ts';

let folder: string;
let file: string;
let rings: Keyring[];
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-keys-'));
  file = join(folder, 'keys.json');
  [rings, lines] = [[], []];
});

afterEach(async () => {
  for (const ring of rings) await ring.stop();
  await rm(folder, { recursive: true });
});

async function keyring(of: string | undefined = file): Promise<Keyring> {
  const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
  const ring = await createKeyring({ file: of, logger, pollMs: 5 });
  rings.push(ring);
  return ring;
}

/** In one step: a reader never sees half of it. */
async function replaceFile(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

const WRITER = { user: 'ada', projects: ['ada/*'], role: 'write' } as const;

describe('createKey', () => {
  it('makes keys that W&B clients take, and keeps only their hash, for the owner only', async () => {
    const { key, record } = await createKey(file, WRITER);
    expect(key).toMatch(/^weft_[0-9A-Za-z]{35}$/);
    expect(record).toMatchObject({ user: 'ada', projects: ['ada/*'], role: 'write' });
    expect(await readFile(file, 'utf8')).not.toContain(key.slice(5));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it('loses none of many at once', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => createKey(file, WRITER)));
    const ids = (await readKeysFile(file))?.map((record) => record.id);
    expect(new Set(ids)).toEqual(new Set(made.map(({ record }) => record.id)));
  });

  it('does not wait for a lock that its owner left behind', async () => {
    await writeFile(`${file}.lock`, '');
    await utimes(`${file}.lock`, 1, 1);
    await createKey(file, WRITER);
    expect(await readdir(folder)).toEqual(['keys.json']);
  });

  it.each([
    { user: '' },
    { projects: [] },
    { projects: ['ada'] },
    { projects: ['*/p'] },
    { projects: ['a/b/c'] },
    { projects: ['ada/p*'] },
    { role: 'owner' as never },
  ])('refuses %p and leaves the file alone', async (over) => {
    await expect(createKey(file, { ...WRITER, ...over })).rejects.toThrow(Object.keys(over)[0]);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('createKeyring', () => {
  it('is open without a file and without keys', async () => {
    expect((await keyring(join(folder, 'none.json'))).open).toBe(true);
    await writeFile(file, '{"version":1,"keys":[]}');
    expect((await keyring()).open).toBe(true);
  });

  it('knows keys by what they are, and nothing else', async () => {
    const { key } = await createKey(file, WRITER);
    const ring = await keyring();
    expect(ring.open).toBe(false);
    expect(ring.find(key)?.user).toBe('ada');
    for (const wrong of ['', key.slice(0, -1), `${key} `, key.toUpperCase()])
      expect(ring.find(wrong)).toBeUndefined();
  });

  it.each([
    [['*'], 'write', { 'ada/p': true, 'bob/q': true }],
    [
      ['ada/*'],
      'write',
      {
        'ada/p': true,
        'ada/*': false,
        'bob/p': false,
        'ad/p': false,
        'adam/p': false,
        ada: false,
        '': false,
      },
    ],
    [['ada/p', 'bob/q'], 'write', { 'ada/p': true, 'bob/q': true, 'ada/q': false, 'ada/P': false }],
    [['*'], 'read', { 'ada/p': false }],
    [['*'], 'admin', { 'ada/p': true }],
  ] as const)('lets %p with role %s write to %p', async (projects, role, expected) => {
    const { key } = await createKey(file, { user: 'ada', projects, role });
    const principal = (await keyring()).find(key);
    for (const [project, can] of Object.entries(expected))
      expect([project, principal?.can(project, 'write')]).toEqual([project, can]);
    expect(principal?.has('admin')).toBe(role === 'admin');
    expect(principal?.has('read')).toBe(true);
    expect(principal?.canAll('admin')).toBe(
      role === 'admin' && (projects as readonly string[]).includes('*'),
    );
    expect(principal?.canAll('read')).toBe((projects as readonly string[]).includes('*'));
  });

  it.each([
    [['ada/p'], 'ada/p'],
    [['ada/*'], undefined],
    [['*'], undefined],
    [['ada/p', 'ada/q'], undefined],
  ])('says which one project a key for %j reaches', async (projects, only) => {
    const { key } = await createKey(file, { ...WRITER, projects });
    expect((await keyring()).find(key)!.onlyProject).toBe(only);
  });

  it('takes up new keys and drops revoked ones while it runs', async () => {
    const first = await createKey(file, WRITER);
    const ring = await keyring();
    const second = await createKey(file, WRITER);
    await eventually(() => ring.find(second.key) !== undefined);
    expect(ring.find(first.key)).toBeDefined();
    await revokeKey(file, first.record.id);
    await eventually(() => ring.find(first.key) === undefined);
    expect(ring.find(second.key)).toBeDefined();
  });

  it('closes when the first key appears, and never opens again', async () => {
    const ring = await keyring();
    expect(ring.open).toBe(true);
    const { key } = await createKey(file, WRITER);
    await eventually(() => !ring.open);
    await writeFile(file, '{"version":1,"keys":[]}');
    await eventually(() => ring.find(key) === undefined);
    expect(ring.open).toBe(false);
  });

  it.each([
    ['malformed', () => replaceFile('{"version":1,"keys":[{"id":"hunter2"}]}')],
    ['not JSON', () => replaceFile('hunter2')],
    ['gone', () => rename(file, `${file}.away`)],
  ])('keeps the keys last read when the file is %s, and says so once', async (_, spoil) => {
    const { key } = await createKey(file, WRITER);
    const ring = await keyring();
    await spoil();
    await eventually(() => lines.some((line) => line.includes('keeping the keys last read')));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ring.find(key)).toBeDefined();
    expect(lines.filter((line) => line.includes('"level":"error"'))).toHaveLength(1);
    expect(lines.join()).not.toContain('hunter2');
  });

  it.each(['', '[]', '{"version":2,"keys":[]}', '{"version":1,"keys":[],"more":1}'])(
    'does not start on the malformed file %p',
    async (text) => {
      await writeFile(file, text);
      await expect(keyring()).rejects.toThrow(/keys file .* (malformed|not valid JSON)/);
    },
  );

  it('does not start on a file with a key twice', async () => {
    await createKey(file, WRITER);
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: object[] };
    await writeFile(file, JSON.stringify({ version: 1, keys: [...keys, ...keys] }));
    await chmod(file, 0o600);
    await expect(keyring()).rejects.toThrow('occurs twice');
  });
});

describe('revokeKey', () => {
  it('keeps the key listed with the time of its first revocation', async () => {
    const { record } = await createKey(file, WRITER);
    const { revokedAt } = await revokeKey(file, record.id);
    expect(revokedAt).toBeDefined();
    expect((await revokeKey(file, record.id)).revokedAt).toBe(revokedAt);
    expect(await readKeysFile(file)).toEqual([{ ...record, revokedAt }]);
  });

  it('says when there is no such key', async () => {
    await expect(revokeKey(file, 'none')).rejects.toThrow('no key with the id none');
  });
});

describe('assertBindable', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost'])(
    'lets an open server listen on %s',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(() => assertBindable(host, { open: true })).not.toThrow();
    },
  );

  it.each(['0.0.0.0', '::', '', '10.0.0.1', 'example.com', '127.0.0.1.example.com', 'localhost.example.com'])(
    'refuses %p without keys and takes it with keys',
    (host) => {
      expect(() => assertBindable(host, { open: true })).toThrow('weft keys create');
      expect(() => assertBindable(host, { open: false })).not.toThrow();
    },
  );
});
