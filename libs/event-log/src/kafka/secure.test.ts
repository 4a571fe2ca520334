import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '@weft/runtime';
import { eventually, requireBackend, startKafka, type TestKafka } from '@weft/testkit';
import { collect, numbered, numbersOf } from '../testing/events.ts';
import { quiet } from '../testing/logs.ts';
import type { KafkaConfig } from './env.ts';
import { openKafkaEventLog } from './kafka.ts';
import { testConfig, uniquePrefix } from './testing/test-config.ts';

const PASSWORD = 'lovelace1815';

requireBackend('kafka', describe)('Kafka behind TLS and SASL', () => {
  let kafka: TestKafka;

  beforeAll(async () => {
    kafka = await startKafka({ users: { ada: PASSWORD } });
  }, 150_000);
  afterAll(() => kafka?.stop());

  const open = (more: Partial<KafkaConfig>) =>
    openKafkaEventLog({
      config: testConfig(kafka.secure!.brokers, uniquePrefix(), {
        KAFKA_TLS: true,
        KAFKA_TLS_CA_FILE: kafka.secure!.caFile,
        KAFKA_CLIENT_USER: 'ada',
        KAFKA_CLIENT_PASSWORD: new Secret(PASSWORD),
        ...more,
      }),
      clientId: 'secure',
      logger: quiet,
    });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'is written and read: %s',
    async (KAFKA_SASL_MECHANISM) => {
      const log = await open({ KAFKA_SASL_MECHANISM });
      const reader = collect(log, 'trace-events', { group: 'writer' });
      await log.append('trace-events', numbered(0, 3));
      await eventually(() => reader.events.length === 3);
      expect(numbersOf(reader.events).sort()).toEqual([0, 1, 2]);
      await reader.stop();
      await log.close();
    },
    60_000,
  );

  it('is not opened with a wrong password, which it does not repeat', async () => {
    const error = await open({ KAFKA_CLIENT_PASSWORD: new Secret('byron') }).catch((e: Error) => e);
    expect(error).toMatchObject({ code: 'log_unavailable' });
    expect(JSON.stringify([String(error), error])).not.toContain('byron');
  }, 60_000);
});
