import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@weft/testkit';
import { openClickHouse, type ClickHouse } from '../clickhouse.ts';
import { openTestStore, type TestStore } from '../testing/store.ts';
import { withLock, type LockOptions } from './lock.ts';

let store: TestStore;
let db: ClickHouse;
let options: LockOptions;
const children: ChildProcessWithoutNullStreams[] = [];

beforeAll(async () => {
  store = await openTestStore();
  db = openClickHouse(store.writer);
  options = { target: { database: store.writer.database }, leaseSeconds: 1 };
}, 60_000);

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(async () => {
  await db?.close();
  await store?.close();
}, 60_000);

/** Ids of the queries that hold the lock. */
const leases = () =>
  store.query("SELECT query_id FROM system.processes WHERE query_id LIKE 'weft-migrate:%'");

/** A runner in a process of its own; `ask` tells whether it says that it holds the lock. */
async function startHolder(leaseSeconds: number) {
  const script = new URL('../testing/lock-holder.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', script, JSON.stringify(store.writer), String(leaseSeconds)];
  const child = spawn(process.execPath, args);
  children.push(child);
  const said = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => (await said.next()).value as string;
  expect(await next()).toBe('held');
  return {
    child,
    ask: () => {
      child.stdin.write('?\n');
      return next();
    },
  };
}

describe('the migration lock', () => {
  it('is held by one runner at a time', async () => {
    let holders = 0;
    let most = 0;
    const run = () =>
      withLock(db, options, async () => {
        most = Math.max(most, ++holders);
        await eventually(async () => (await leases()).length > 0);
        holders--;
      });
    await Promise.all([run(), run(), run(), run()]);
    expect(most).toBe(1);
  });

  it('is kept by a slow holder, longer than any lease', async () => {
    let waited = 0;
    await withLock(db, options, async (lock) => {
      await eventually(async () => (await leases()).some((id) => id.endsWith(':4')));
      const impatient = { ...options, patienceMs: 0, onWait: () => waited++ };
      await expect(withLock(db, impatient, async () => undefined)).rejects.toMatchObject({
        code: 'store_unavailable',
      });
      lock.assertHeld();
    });
    expect(waited).toBe(0);
    await withLock(db, options, async (lock) => lock.assertHeld());
  });

  it('goes with a holder that dies, at once', async () => {
    const { child } = await startHolder(600);
    let waited = 0;
    const next = withLock(db, { ...options, onWait: () => waited++ }, async () => 'mine');
    await eventually(async () => waited > 0);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    // The lease would last for ten minutes.
    expect(await next).toBe('mine');
  });

  it('goes with its lease when the holder stands still, who is told then', async () => {
    const { child, ask } = await startHolder(1);
    expect(await ask()).toBe('held');
    child.kill('SIGSTOP');
    expect(await withLock(db, options, async () => 'mine')).toBe('mine');
    child.kill('SIGCONT');
    // Nor does it renew what has ended, although nobody has the lock now.
    for (let i = 0; i < 100; i++) expect(await ask()).toMatch(/lock was lost/);
  });

  it('tells a holder whose query was killed', async () => {
    await withLock(db, { ...options, leaseSeconds: 600 }, async (lock) => {
      lock.assertHeld();
      await store.command("KILL QUERY WHERE query_id LIKE 'weft-migrate:%' SYNC");
      await eventually(async () => {
        try {
          lock.assertHeld();
          return false;
        } catch {
          return true;
        }
      });
    });
  });

  it('is one per database', async () => {
    const other = { ...options, target: { database: 'another' }, patienceMs: 0 };
    const inner = () => withLock(db, other, async () => 'both');
    expect(await withLock(db, options, inner)).toBe('both');
  });
});
