import { afterAll, beforeAll, describe } from '@jest/globals';
import { requireBackend, sharedKafka, type SharedKafka } from '@weft/testkit';
import { describeEventLog } from '../event-log.contract.ts';
import { quiet } from '../testing/logs.ts';
import { openKafkaEventLog } from './kafka.ts';
import { deleteTopics, testConfig, uniquePrefix } from './testing/test-config.ts';

requireBackend('kafka', describe)('on Apache Kafka', () => {
  let kafka: SharedKafka;
  const prefix = uniquePrefix();
  let opened = 0;

  beforeAll(async () => {
    kafka = await sharedKafka();
  }, 150_000);

  afterAll(async () => {
    await deleteTopics(kafka.brokers, prefix);
    await kafka.stop();
  }, 30_000);

  describeEventLog('kafka', async () => {
    const config = testConfig(kafka.brokers, `${prefix}${opened++}.`);
    return {
      open: () => openKafkaEventLog({ config, clientId: 'contract', logger: quiet }),
      // All of them at the end: one request.
      destroy: async () => undefined,
    };
  });
});
