import { describe, expect, it } from '@jest/globals';
import { requireBackend } from '../backends.ts';
import { isAlive } from '../processes.ts';
import { answersHttp } from './server-process.ts';
import { startAzure } from './start-azure.ts';
import { startGcs } from './start-gcs.ts';
import { startS3 } from './start-s3.ts';

/** The first start of all may build the server. */
const BUILD_MS = 20 * 60_000;

const start = {
  s3: startS3,
  gcs: startGcs,
  azure: async () => {
    const azure = await startAzure();
    return Object.assign(azure, { createBucket: (name?: string) => azure.createContainer(name) });
  },
};

for (const kind of ['s3', 'gcs', 'azure'] as const)
  requireBackend(kind, describe)(`start ${kind}`, () => {
    it(
      'keeps what it has answered when it is killed',
      async () => {
        const store = await start[kind]();
        try {
          const bucket = await store.createBucket();
          const pid = store.pid!;
          await store.kill();
          expect(isAlive(pid)).toBe(false);
          expect(store.pid).toBeUndefined();
          expect(await answersHttp(store.url)).toBe(false);
          await store.restart();
          await expect(store.createBucket(bucket)).rejects.toThrow('409');
          expect(await store.createBucket()).not.toBe(bucket);
        } finally {
          await store.stop();
        }
        expect(await answersHttp(store.url)).toBe(false);
      },
      BUILD_MS,
    );
  });
