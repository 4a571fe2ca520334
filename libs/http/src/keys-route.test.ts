import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createLogger } from '@weft/runtime';
import { createKeyring, type Keyring } from './keyring.ts';
import { createKey, revokeKey } from './keys-file.ts';
import { startApp, stopApps } from './test-app.ts';

let folder: string;
let file: string;
let ring: Keyring | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-keys-'));
  file = join(folder, 'keys.json');
});
afterEach(async () => {
  await stopApps();
  await ring?.stop();
  await rm(folder, { recursive: true });
});

async function list(key: string | undefined) {
  const logger = createLogger({ name: 'test', level: 'silent' });
  ring = await createKeyring({ file, logger, pollMs: 0 });
  const { url } = await startApp({ auth: ring, routes: [] });
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
  const res = await fetch(`${url}/weft/v1/keys`, { ...(headers && { headers }) });
  return { status: res.status, text: await res.text(), cache: res.headers.get('cache-control') };
}

it('tells who may what, and nothing that leads to a key', async () => {
  const admin = await createKey(file, { user: 'ops', projects: ['*'], role: 'admin' });
  const writer = await createKey(file, { user: 'ada', projects: ['ada/*', 'bob/p'], role: 'write' });
  const { revokedAt } = await revokeKey(file, writer.record.id);
  const { status, text, cache } = await list(admin.key);
  expect([status, cache]).toEqual([200, 'no-store']);
  expect(JSON.parse(text)).toEqual({
    keys: [
      { id: admin.record.id, user: 'ops', projects: ['*'], role: 'admin', created_at: admin.record.createdAt, revoked_at: null },
      { id: writer.record.id, user: 'ada', projects: ['ada/*', 'bob/p'], role: 'write', created_at: writer.record.createdAt, revoked_at: revokedAt },
    ],
  }); // prettier-ignore
  for (const secret of [admin.key, writer.key, admin.record.hash, writer.record.hash])
    expect(text).not.toContain(secret);
});

it.each([
  [['*'], 'write', 403],
  [['ada/*'], 'admin', 403],
] as const)('refuses a key for %p with role %s', async (projects, role, expected) => {
  const { key } = await createKey(file, { user: 'ada', projects, role });
  const { status, text } = await list(key);
  expect([status, text]).toEqual([expected, expect.stringContaining('role admin for every project')]);
});

it('asks for a key, and has none to tell of where there are none', async () => {
  expect(await list(undefined)).toMatchObject({ status: 200, text: '{"keys":[]}' });
  await stopApps();
  await ring!.stop();
  await createKey(file, { user: 'ops', projects: ['*'], role: 'admin' });
  expect((await list(undefined)).status).toBe(401);
});
