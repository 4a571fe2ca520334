import { expect, it } from '@jest/globals';
import { describeBlobStore } from '../blob-store.contract.ts';
import { bytesOf, sourceOf } from '../testing/content.ts';
import { openMemoryStore } from './memory.ts';

let buckets = 0;

describeBlobStore(
  'memory',
  async () => ({
    createBucket: async () => `memory://contract-${++buckets}`,
    open: (bucket, how) => openMemoryStore(bucket, how),
    secrets: [],
    stop: async () => {},
  }),
  {
    noServer: 'it is in the process',
    skip: [{ test: '1 GiB goes in and out with flat memory', reason: 'it holds what it is given' }],
  },
);

it('is one store for all who name it alike', async () => {
  await openMemoryStore('memory://alike').put('a', sourceOf(bytesOf(10)));
  expect(await openMemoryStore('memory://alike').head('a')).toMatchObject({ size: 10 });
  expect(await openMemoryStore('memory://other').head('a')).toBeUndefined();
});
