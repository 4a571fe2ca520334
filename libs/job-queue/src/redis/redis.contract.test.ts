import { afterAll, beforeAll, describe } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { requireBackend, sharedRedis, type SharedRedis } from '@weft/testkit';
import { describeJobQueue } from '../job-queue.contract.ts';
import { quiet } from '../testing/logs.ts';
import { openRedisJobQueue } from './redis.ts';

requireBackend('redis', describe)('on Redis', () => {
  let redis: SharedRedis;
  beforeAll(async () => {
    redis = await sharedRedis();
  });
  afterAll(() => redis.stop());

  describeJobQueue('redis', async () => {
    const prefix = `contract-${randomUUID()}`;
    return {
      open: () => openRedisJobQueue({ url: redis.url, prefix, logger: quiet }),
      worker: ['redis', redis.url, prefix],
      destroy: async () => undefined,
    };
  });
});
