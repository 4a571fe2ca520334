import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openLocalJobQueue, type JobQueue } from '@weft/job-queue';
import { createLogger } from '@weft/runtime';
import { createProviders, type Provider } from './providers.ts';

let dir: string;
let queue: JobQueue;
let nowMs = Date.now();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'providers-'));
  const logger = createLogger({ name: 'test', level: 'silent' });
  queue = await openLocalJobQueue({ dir, logger, now: () => nowMs });
});
afterAll(async () => {
  await queue.close();
  await rm(dir, { recursive: true });
});

let names = 0;
let provider: Provider;
beforeEach(() => {
  provider = { projectId: 'acme/p', name: `llm:${++names}` };
});
const open = (perMinute = 0) => createProviders(queue, perMinute, () => nowMs, () => 0.5); // prettier-ignore

describe('providers', () => {
  it('are asked as often as they may be, and the others come back one after the other', async () => {
    const providers = open(60);
    for (let i = 0; i < 60; i++) expect(await providers.enter(provider)).toBe(0);
    const waits = [
      await providers.enter(provider),
      await providers.enter(provider),
      await providers.enter(provider),
    ];
    expect(waits.map((ms) => Math.round(ms / 1000))).toEqual([1, 2, 3]);
    expect(await providers.enter({ ...provider, projectId: 'acme/other' })).toBe(0);
    for (let i = 0; i < 200; i++) expect(await providers.enter(provider)).toBeLessThan(60_002);
    nowMs += 60_000;
    expect(await providers.enter(provider)).toBe(0);
  });

  it('that said "later" are left alone by all processes', async () => {
    const [one, other] = [open(), open()];
    await one.limited(provider, 10_000);
    expect(await one.delay(provider)).toBeGreaterThan(9000);
    expect(await other.enter(provider)).toBeGreaterThan(9000);
    nowMs += 10_001;
    expect([await one.delay(provider), await other.enter(provider)]).toEqual([0, 0]);
  });

  it('that fail five times in a row are spared for half a minute, then asked once until they answer', async () => {
    const providers = open();
    for (let i = 0; i < 5; i++) {
      expect(await providers.enter(provider)).toBe(0);
      providers.failed(provider);
      if (i === 3) providers.answered(provider);
    }
    for (let i = 0; i < 4; i++) providers.failed(provider);
    expect(await providers.delay(provider)).toBeGreaterThan(29_000);
    nowMs += 30_000;
    expect(await providers.enter(provider)).toBe(0);
    expect(await providers.enter(provider)).toBeGreaterThan(0);
    providers.left(provider);
    expect(await providers.enter(provider)).toBe(0);
    providers.failed(provider);
    expect(await providers.enter(provider)).toBeGreaterThan(29_000);
    nowMs += 30_000;
    expect(await providers.enter(provider)).toBe(0);
    providers.answered(provider);
    expect([await providers.enter(provider), await providers.enter(provider)]).toEqual([0, 0]);
  });

  it('are nobody for scorers that ask nobody', async () => {
    const providers = open(1);
    const nobody = { projectId: 'acme/p', name: null };
    for (let i = 0; i < 6; i++) {
      expect([await providers.delay(nobody), await providers.enter(nobody)]).toEqual([0, 0]);
      providers.failed(nobody);
    }
    await providers.limited(nobody, 1000);
    expect(await providers.enter(nobody)).toBe(0);
  });
});
