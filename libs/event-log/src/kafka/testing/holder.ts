/**
 * A process to be stopped: `tsx holder.ts <brokers> <prefix>` consumes as `writer`, says `holds` once a batch is in its hand
 * and it owns the partitions, and `lost <n>` when it does not any more, n being how often it had asked since.
 */
import { writeSync } from 'node:fs';
import { quiet } from '../../testing/logs.ts';
import { openKafkaEventLog } from '../kafka.ts';
import { testConfig } from './test-config.ts';

const say = (line: string) => writeSync(1, `${line}\n`);
const [brokers = '', prefix = ''] = process.argv.slice(2);
const config = testConfig(brokers, prefix, { KAFKA_SESSION_TIMEOUT_MS: 1500 });
const log = await openKafkaEventLog({ config, clientId: 'holder', logger: quiet });
const { signal } = new AbortController();
const options = { group: 'writer', maxBatchEvents: 10, maxBatchBytes: 1 << 20, signal };

await log.consume('trace-events', options, async (_, lease) => {
  let asked = 0;
  let last = performance.now();
  for (; lease.isHeld(); asked++) {
    // The first question after a stop counts as the first.
    if (performance.now() - last > 500) asked = 0;
    last = performance.now();
    if (asked === 0) say('holds');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  say(`lost ${performance.now() - last > 500 ? 0 : asked}`);
  return [];
});
