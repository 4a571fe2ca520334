import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeBlobStore } from '../blob-store.contract.ts';
import { openLocalStore } from './local.ts';

describeBlobStore(
  'file:///dir',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weft-blobs-'));
    let buckets = 0;
    return {
      createBucket: async () => pathToFileURL(join(folder, `bucket ${++buckets}`)).href,
      open: (bucket, how) => openLocalStore(bucket, how),
      secrets: [],
      stop: () => rm(folder, { recursive: true }),
    };
  },
  { noServer: 'it is on disk' },
);
