import { describe, expect, it } from '@jest/globals';
import { createInFlight } from './in-flight.ts';

const inFlight = (maxWaitMs = 60_000) => createInFlight({ maxBytes: 100, maxWaitMs, uri: 's3://b' });

describe('createInFlight', () => {
  it('gives room in the order in which it was asked for', async () => {
    const room = inFlight();
    const [a, b] = [await room.take(60), await room.take(40)];
    const order: string[] = [];
    const large = room.take(90).then((give) => (order.push('large'), give));
    const small = room.take(10).then((give) => (order.push('small'), give));
    a();
    await new Promise(setImmediate);
    expect([order, room.bytes]).toEqual([[], 40]);
    b();
    b();
    await Promise.all([large, small]);
    expect([order, room.bytes]).toEqual([['large', 'small'], 100]);
    (await large)();
    (await small)();
    expect(room.bytes).toBe(0);
  });

  it('lets through alone what is larger than all of it', async () => {
    const room = inFlight();
    const give = await room.take(1000);
    const next = room.take(1);
    give();
    (await next)();
    expect(room.bytes).toBe(0);
  });

  it('refuses who has waited too long, and lets those behind go on', async () => {
    const room = inFlight(30);
    const give = await room.take(60);
    const refused = room.take(90);
    const behind = new Promise((resolve) => {
      // Still waiting when the one before it gives up.
      setTimeout(() => resolve(room.take(40)), 15);
    });
    await expect(refused).rejects.toMatchObject({ code: 'storage_unavailable', trouble: 'throttled' });
    await behind;
    expect(room.bytes).toBe(100);
    give();
  });
});
