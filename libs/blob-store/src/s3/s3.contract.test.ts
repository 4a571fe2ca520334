import { describe } from '@jest/globals';
import { requireBackend, s3At, sharedS3 } from '@weft/testkit';
import { describeBlobStore } from '../blob-store.contract.ts';
import { s3ConfigOf } from '../testing/s3-config.ts';
import { openS3Store } from './s3.ts';

requireBackend('s3', describe)('versitygw', () => {
  describeBlobStore('s3', async () => {
    const s3 = await sharedS3();
    const { hostname, port } = new URL(s3.url);
    const wrong = 'a-secret-key-of-nobody';
    return {
      address: { host: hostname, port: Number(port) },
      createBucket: async () => `s3://${await s3.createBucket()}`,
      open(uri, { through, as, timeoutMs } = {}) {
        const access = through === undefined ? s3 : s3At(`http://${through.host}:${through.port}`);
        const secret = as === 'wrong_credentials' ? wrong : access.secretAccessKey;
        return openS3Store(uri, s3ConfigOf(access, secret), timeoutMs === undefined ? {} : { timeoutMs });
      },
      secrets: [s3.secretAccessKey, wrong],
      stop: () => s3.stop(),
    };
  });
});
