import { describe, expect, it } from '@jest/globals';
import { newId, timeOfId } from '@weft/model';
import { queueItemId } from './item-id.ts';

describe('queueItemId', () => {
  it('is a UUIDv7 of the time of its queue, the same for the same call', () => {
    const queue = newId();
    const id = queueItemId('e/p', queue, 'c');
    expect(timeOfId(id)).toBe(timeOfId(queue));
    expect(queueItemId('e/p', queue, 'c')).toBe(id);
    const others = [
      queueItemId('e/q', queue, 'c'),
      queueItemId('e/p', newId(), 'c'),
      queueItemId('e/p', queue, 'd'),
      queueItemId('e/p', 'any text', 'c'),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
    for (const other of others) expect(timeOfId(other)).toBeDefined();
  });
});
