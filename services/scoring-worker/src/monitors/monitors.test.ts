import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@weft/runtime';
import type { Monitors } from '../parts.ts';
import { MONITOR, openWorld, type World } from '../testing/world.ts';
import { createMonitors } from './monitors.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 60_000);
afterAll(() => world?.close(), 60_000);

let projects = 0;
let project: string;
let nowMs: number;
let reads: number;
let said: string[];
let problem: Error | undefined;
let monitors: Monitors;

beforeEach(() => {
  project = `acme/m${++projects}`;
  nowMs = 0;
  reads = 0;
  said = [];
  problem = undefined;
  const logger = createLogger({
    name: 't',
    level: 'warn',
    destination: { write: (line) => void said.push(line) },
  });
  monitors = createMonitors({
    reader: {
      readObject: (...args) => world.reader.readObject(...args),
      streamObjects: (query) => {
        reads++;
        if (problem !== undefined) throw problem;
        return world.reader.streamObjects(query);
      },
    },
    logger,
    clock: () => nowMs,
  });
});

const names = async () => (await monitors.active(project)).map(({ name }) => name).sort();

describe('monitors', () => {
  it('are read once for all who ask, and seen when they change', async () => {
    await world.publish(project, 'one', MONITOR);
    await Promise.all([names(), names(), monitors.latest(project, 'one')]);
    expect([await names(), reads]).toEqual([['one'], 1]);
    const before = await monitors.active(project);
    nowMs = 4000;
    expect([await monitors.active(project), reads]).toEqual([before, 2]);
    expect(await monitors.active(project)).toBe(before);
    const off = await world.publish(project, 'one', { ...MONITOR, active: false });
    await world.publish(project, 'two', { ...MONITOR, _class_name: 'ClassifierMonitor', _bases: ['Monitor', 'Object', 'BaseModel'] }); // prettier-ignore
    await world.publish(project, 'model', {
      _type: 'Model',
      _class_name: 'Model',
      _bases: ['Object'],
      active: true,
    });
    nowMs = 8000;
    expect(await names()).toEqual(['two']);
    expect(await monitors.latest(project, 'one')).toMatchObject({ ref: off, active: false });
    expect(await monitors.latest(project, 'none')).toBeUndefined();
  });

  it('are read at most every 4 s where many projects are looked at, and as they are now by who asks for that', async () => {
    for (let i = 0; i < 200; i++) await monitors.active(`acme/none-${i}`);
    expect(await names()).toEqual([]);
    const ref = await world.publish(project, 'one', MONITOR);
    nowMs = 3999;
    expect(await names()).toEqual([]);
    expect(await monitors.current(project, 'one')).toMatchObject({ ref });
    expect(await monitors.current(project, 'two')).toBeUndefined();
    // Who is about to give something up for it looks again.
    expect(await monitors.latest(project, 'one')).toMatchObject({ ref });
    nowMs = 4000;
    expect([await names(), reads]).toEqual([['one'], 202]);
  });

  it('that cannot be read are told of once, and left out', async () => {
    await world.publish(project, 'bad', { ...MONITOR, sampling_rate: 7 });
    await world.publish(project, 'good', MONITOR);
    expect(await names()).toEqual(['good']);
    nowMs = 4000;
    expect(await names()).toEqual(['good']);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('sampling_rate');
  });

  it('are asked for again after a read that failed', async () => {
    await world.publish(project, 'one', MONITOR);
    problem = new Error('away');
    await expect(names()).rejects.toThrow('away');
    problem = undefined;
    expect(await names()).toEqual(['one']);
  });

  it('have versions', async () => {
    const first = await world.publish(project, 'one', { ...MONITOR, sampling_rate: 0.25 });
    await world.publish(project, 'one', MONITOR);
    expect(await monitors.version(first)).toMatchObject({ ref: first, samplingRate: 0.25, userId: 'ada' });
    await expect(monitors.version(`weave:///${project}/object/one:nope`)).rejects.toThrow(
      'there is no monitor',
    );
    await expect(monitors.version(`weave:///${project}/op/one:x`)).rejects.toThrow(
      'is not the ref of a monitor',
    );
    const model = await world.publish(project, 'model', { _type: 'Model' });
    await expect(monitors.version(model)).rejects.toThrow('is not Monitor');
  });
});
