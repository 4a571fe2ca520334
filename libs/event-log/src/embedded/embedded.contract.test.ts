import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEventLog } from '../event-log.contract.ts';
import { quiet } from '../testing/logs.ts';
import { openEmbeddedEventLog } from './embedded.ts';

describeEventLog('embedded', async (groups) => {
  const dir = await mkdtemp(join(tmpdir(), 'event-log-'));
  return {
    open: () => openEmbeddedEventLog({ dir, groups, logger: quiet }),
    destroy: () => rm(dir, { recursive: true, force: true }),
  };
});

// Everything is read back from disk, through many small segments.
describeEventLog('embedded without memory', async (groups) => {
  const dir = await mkdtemp(join(tmpdir(), 'event-log-'));
  const config = { EVENT_LOG_TAIL_BYTES: 0, EVENT_LOG_SEGMENT_BYTES: 2000, EVENT_LOG_PARTITIONS: 3 };
  return {
    open: () => openEmbeddedEventLog({ dir, groups, logger: quiet, config }),
    destroy: () => rm(dir, { recursive: true, force: true }),
  };
});
