/**
 * A process to be killed or stopped: `tsx worker.ts <options as JSON> <local|redis> <dir|url> [prefix]` runs jobs whose data is
 * `{ "ms": 10 }`, saying `began <id> <attempt> <saved>` and `ended <id>` around so many milliseconds, or `left <id>` when it is
 * told to leave. What it saves is its process id.
 */
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningJob } from '../job-queue.ts';
import { openLocalJobQueue } from '../local/local.ts';
import { openRedisJobQueue } from '../redis/redis.ts';
import { quiet } from './logs.ts';

const say = (line: string) => writeSync(1, `${line}\n`);
const [options = '{}', kind, where = '', prefix = ''] = process.argv.slice(2);
const queue =
  kind === 'local'
    ? await openLocalJobQueue({ dir: where, logger: quiet })
    : await openRedisJobQueue({ url: where, prefix, logger: quiet });

async function work(job: RunningJob) {
  say(`began ${job.id} ${job.attempt} ${job.saved ?? '-'}`);
  await job.save(String(process.pid));
  const { ms } = JSON.parse(job.data) as { ms: number };
  try {
    await delay(ms, undefined, { signal: job.signal });
  } catch (error) {
    say(`left ${job.id}`);
    throw error;
  }
  say(`ended ${job.id}`);
  return { done: 'ok' };
}

say('open');
await queue.run({
  handlers: { work },
  ...{ concurrency: 8, projectConcurrency: 4, maxAttempts: 3, leaseMs: 1000, graceMs: 1000 },
  ...(JSON.parse(options) as object),
  signal: new AbortController().signal,
});
