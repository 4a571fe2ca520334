import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeJobQueue } from '../job-queue.contract.ts';
import { quiet } from '../testing/logs.ts';
import { openLocalJobQueue } from './local.ts';

describeJobQueue('LMDB', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'job-queue-'));
  return {
    open: () => openLocalJobQueue({ dir, logger: quiet }),
    worker: ['local', dir],
    destroy: () => rm(dir, { recursive: true, force: true }),
  };
});
