import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { mulberry32 } from '@weft/testkit';
import { contentOf, keyOf, KEYS } from '../testing/crash-keys.ts';
import { sourceOf } from '../testing/content.ts';
import { openLocalStore } from './local.ts';

const PUT_FOREVER = fileURLToPath(new URL('../testing/put-forever.ts', import.meta.url));
const ROUNDS = 10;
const AT_ONCE = 5;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'weft-blobs-'))));
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

async function putForever(): Promise<ChildProcess> {
  const args = ['--import', 'tsx', PUT_FOREVER, pathToFileURL(folder).href];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  expect(child.exitCode).toBeNull();
  return child;
}

it('has whole blobs or none, whenever the processes that write them are killed', async () => {
  const random = mulberry32(7);
  const contents = new Map(
    Array.from({ length: KEYS }, (_, n) => [keyOf(n), contentOf(n)] as const).flatMap(([key, bytes]) => [
      [key, bytes],
      [`trash/${key}`, bytes],
    ]),
  );
  const store = openLocalStore(pathToFileURL(folder).href);
  const unfinished = join(folder, 'unfinished.');
  let leftovers = 0;
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const running = await Promise.all(Array.from({ length: AT_ONCE }, putForever));
    await Promise.all(
      running.map(async (child) => {
        await delay(random() * 150);
        expect(child.exitCode).toBeNull(); // no operation has failed by itself
        child.kill('SIGKILL');
        await once(child, 'close');
      }),
    );
    for await (const page of store.list(''))
      for (const { key, size } of page) {
        const content = await store.get(key);
        expect(content!.size).toBe(size);
        expect((await buffer(content!.body)).equals(contents.get(key)!)).toBe(true);
        found++;
      }
    leftovers = (await readdir(unfinished)).length;
  }
  // Kills have struck where it hurts.
  expect(found).toBeGreaterThan(0);
  expect(leftovers).toBeGreaterThan(0);

  const names = await readdir(unfinished);
  const [young, ...old] = names.map((name) => join(unfinished, name));
  const twoHoursAgo = Date.now() / 1000 - 7200;
  await Promise.all(old.map((path) => utimes(path, twoHoursAgo, twoHoursAgo)));
  const again = openLocalStore(pathToFileURL(folder).href);
  for (let n = 0; n < KEYS; n++) await again.put(keyOf(n), sourceOf(contentOf(n)));
  expect(await readdir(unfinished)).toEqual([names[0]]);
  expect(young).toBeDefined();
  for (let n = 0; n < KEYS; n++)
    expect((await buffer((await again.get(keyOf(n)))!.body)).equals(contentOf(n))).toBe(true);
}, 300_000);
