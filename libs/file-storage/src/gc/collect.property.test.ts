import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openBlobStore } from '@weft/blob-store';
import { mulberry32 } from '@weft/testkit';
import { TRASH_PREFIX } from '../keys.ts';
import { collectGarbage } from './collect.ts';
import { Turns, type Actor } from './testing/turns.ts';
import { World, type Mutation } from './testing/world.ts';
import type { GcDone } from './types.ts';

const GRACE_MS = 64_000;
const RETENTION_MS = 90_000;
const T0 = Date.UTC(2026, 0, 1);
/** A look is trusted for 4 s and settled after 8 s. */
const TIMES = { clientMs: 30_000, deletionMs: 3_900, quickMs: 300, stallMs: 3 * GRACE_MS };

beforeAll(() => {
  // Blobs are dated by the clock of the turns; everything else takes its time.
  jest.useFakeTimers({
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  });
});
afterAll(() => void jest.useRealTimers());

let worlds = 0;
async function newWorld(seed: number) {
  const random = mulberry32(seed);
  const turns = new Turns(random, T0, (nowMs) => void jest.setSystemTime(nowMs));
  const store = openBlobStore(`memory://gc-${seed}-${worlds++}`, {});
  return { random, turns, world: new World(store, turns, random, TIMES) };
}

type TestWorld = Awaited<ReturnType<typeof newWorld>>;

async function collect({ world }: TestWorld, actor: Actor, mutation?: Mutation): Promise<GcDone | undefined> {
  const options = { graceMs: GRACE_MS, eventsRetentionMs: RETENTION_MS };
  for await (const line of collectGarbage(world.seenBy(actor, mutation), options))
    if (line.kind === 'done') return line;
  return undefined;
}

/** Clients, a writer and two collections at once, some of them killed. @throws Error when something is lost. */
async function live(test: TestWorld, mutation?: Mutation): Promise<void> {
  const { random, turns, world } = test;
  let clients = 4;
  const client = async () => {
    const actor = { isDead: false };
    for (let n = 0; n < 10; n++) {
      await turns.wait(actor, GRACE_MS * random());
      const what = random();
      if (what < 0.6) await world.upload(actor);
      else if (what < 0.85) await world.deleteCall(actor);
      else await world.replay(actor);
    }
    clients--;
  };
  const writer = async () => {
    while (clients > 0 || !world.isStored) {
      await world.storeNext({ isDead: false });
      if (random() < 0.05) await turns.wait({ isDead: false }, GRACE_MS * random());
    }
  };
  const collector = async () => {
    while (clients > 0) {
      const actor = { isDead: false };
      const isOver = collect(test, actor, mutation);
      const killed = random() < 0.4 ? turns.wait({ isDead: false }, 60_000 * random()) : undefined;
      await (killed === undefined ? isOver : Promise.race([isOver, killed]));
      actor.isDead = true;
      await turns.wait({ isDead: false }, GRACE_MS * random());
    }
  };
  const failure = new Promise<never>((_, reject) => {
    void Promise.all([client(), client(), client(), client(), writer(), collector(), collector()]).catch(
      reject,
    );
  });
  await Promise.race([failure, turns.run(() => world.check())]);
}

/** Runs of a collection that nothing disturbs, a grace apart. */
async function runs(test: TestWorld, count: number): Promise<void> {
  const { turns, world } = test;
  for (let n = 0; n < count; n++) {
    const actor = { isDead: false };
    const work = turns.wait(actor, RETENTION_MS + GRACE_MS).then(() => collect(test, actor));
    await turns.run(() => world.check());
    await work;
  }
}

const SEEDS = Array.from({ length: 100 }, (_, i) => i + 1);

describe('garbage collection', () => {
  it('loses nothing that is referred to, and leaves nothing else', async () => {
    let worked = 0;
    for (const seed of SEEDS) {
      const test = await newWorld(seed);
      try {
        await live(test);
        test.world.dropLetters();
        TIMES.stallMs = 300;
        await runs(test, 3);
        const keys = await test.world.keys();
        expect(keys.filter((key) => key.startsWith(TRASH_PREFIX))).toEqual([]);
        expect(new Set(keys)).toEqual(new Set(test.world.referenced()));
        worked++;
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      } finally {
        TIMES.stallMs = 3 * GRACE_MS;
      }
    }
    expect(worked).toBe(SEEDS.length);
  }, 120_000);

  const mutations: Mutation[] = [
    { noTrash: true },
    { noSecondLook: true },
    { noSettle: true },
    { noLetters: true },
  ];
  it.each(mutations)(
    'would be caught: %j',
    async (mutation) => {
      const lost: string[] = [];
      for (const seed of SEEDS) {
        const test = await newWorld(seed);
        await live(test, mutation).catch((error: Error) => lost.push(error.message));
        if (lost.length > 0) break;
      }
      expect(lost).toEqual([expect.stringContaining('lost: ')]);
    },
    120_000,
  );
});
