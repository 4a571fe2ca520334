import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend, startKafka, type TestKafka } from '@weft/testkit';
import { collect, disordered, numbered, numbersOf } from '../testing/events.ts';
import { quiet } from '../testing/logs.ts';
import { openKafkaEventLog } from './kafka.ts';
import { testConfig, uniquePrefix } from './testing/test-config.ts';

const TOPIC = 'trace-events';
const GROUP = 'writer';

requireBackend('kafka', describe)('Kafka that goes away and comes back', () => {
  let kafka: TestKafka;

  beforeAll(async () => {
    kafka = await startKafka();
  }, 150_000);
  afterAll(() => kafka?.stop());

  const faults: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
    ['killed', () => kafka.kill(), () => kafka.start()],
    ['silent', () => kafka.pause(), () => kafka.resume()],
  ];

  it.each(faults)(
    'is met with quick refusals, then taken up again: %s',
    async (_, fail, mend) => {
      const config = testConfig(kafka.brokers, uniquePrefix(), { KAFKA_PRODUCE_TIMEOUT_MS: 1000 });
      const log = await openKafkaEventLog({ config, clientId: 'outage', logger: quiet });
      const reader = collect(log, TOPIC, { group: GROUP });
      const acknowledged: number[] = [];
      let next = 0;
      const append = async () => {
        const n = next++;
        await log.append(TOPIC, numbered(n, n + 1, 5));
        acknowledged.push(n);
      };
      for (let i = 0; i < 20; i++) await append();
      await eventually(() => reader.events.length >= 20);

      await fail();
      await expect(append()).rejects.toMatchObject({ code: 'log_unavailable' });
      await eventually(() => log.unavailable() !== undefined);
      // Refused without waiting for Kafka: in the same turn of the event loop.
      const refused = await Promise.race([
        append().then(
          () => 'acknowledged',
          () => 'refused',
        ),
        new Promise((resolve) => setTimeout(resolve, 50, 'held')),
      ]);
      expect(refused).toBe('refused');

      await mend();
      await eventually(() => log.unavailable() === undefined);
      await eventually(() =>
        append().then(
          () => true,
          () => false,
        ),
      );
      for (let i = 0; i < 20; i++) await append();
      const end = await log.endOffsets(TOPIC);
      expect(await log.waitCommitted(TOPIC, GROUP, end, 30_000)).toBe(true);
      await reader.stop();
      const handled = new Set(numbersOf(reader.events));
      expect(acknowledged.filter((n) => !handled.has(n))).toEqual([]);
      expect(disordered(reader.events, true)).toEqual([]);
      await log.close();
    },
    120_000,
  );
});
