import { describe, expect, it } from '@jest/globals';
import { AppendRequest } from './append-request.ts';
import { Lanes, takeLoad, type Slot } from './lanes.ts';

const on = { late: () => undefined, settled: () => undefined };

function fill(lanes: Lanes, partition: number, sizes: readonly number[]): Slot {
  const slot = lanes.slot('topic', partition);
  for (const size of sizes) {
    const record = { topic: 'topic', partition, value: Buffer.alloc(size) };
    const request = new AppendRequest([record], 1, 60_000, on);
    slot.queue.push({ record, request });
  }
  return slot;
}

function settle(slots: readonly Slot[], load: { entries: { request: AppendRequest }[] }): number[] {
  const sizes = load.entries.map(({ request }) => request.bytes);
  for (const { request } of load.entries) request.acknowledged();
  for (const slot of slots) for (const { request } of slot.queue) request.acknowledged();
  return sizes;
}

describe('what one send carries', () => {
  it('is within the bounds of a partition, in order', () => {
    const slot = fill(new Lanes(), 0, [400, 500, 200, 50]);
    const load = takeLoad([slot], 0, 1000);
    expect(slot.queue.map(({ request }) => request.bytes)).toEqual([200, 50]);
    expect(settle([slot], load)).toEqual([400, 500]);
  });

  it('is one larger record alone', () => {
    const slot = fill(new Lanes(), 0, [5000, 10]);
    expect(settle([slot], takeLoad([slot], 0, 1000))).toEqual([5000]);
  });

  it('holds no more records than asked for', () => {
    const slot = fill(new Lanes(), 0, [1, 1, 1, 1]);
    expect(settle([slot], takeLoad([slot], 0, 1000, 3))).toEqual([1, 1, 1]);
  });

  it('begins with another partition each time, so that none is forgotten', () => {
    const lanes = new Lanes();
    const slots = [fill(lanes, 0, [1, 1]), fill(lanes, 1, [2, 2]), fill(lanes, 2, [3, 3])];
    const first = takeLoad(slots, 1, 1000, 2);
    const second = takeLoad(slots, 2, 1000, 2);
    expect([settle([], first), settle(slots, second)]).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  it('leaves out what nobody waits for any more', () => {
    const slot = fill(new Lanes(), 0, [1, 2, 3]);
    slot.queue[1]!.request.fail(new Error('too late'));
    expect(settle([slot], takeLoad([slot], 0, 1000))).toEqual([1, 3]);
  });
});

describe('what can be sent', () => {
  it('goes by leader, without those that are busy, broken or unknown', () => {
    const lanes = new Lanes();
    const slots = [0, 1, 2, 3, 4].map((partition) => fill(lanes, partition, [1]));
    const leaders = [1, 1, 2, 3, -1];
    lanes.lane(2).broken = 'gone';
    lanes.lane(3).load = { slots: [], entries: [] };
    slots[1]!.sending = { slots: [], entries: [] };
    const ready = lanes.ready(({ partition }) => leaders[partition]!);
    expect([...ready].map(([{ leader }, some]) => [leader, some.map(({ partition }) => partition)])).toEqual([
      [1, [0]],
    ]);
    settle(slots, { entries: [] });
  });
});
