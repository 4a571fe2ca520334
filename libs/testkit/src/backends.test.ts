import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { requireBackend, sharedKafka } from './backends.ts';
import { liveBrokers } from './kafka/metadata.ts';

const NAMES = ['CI', 'REQUIRE_BACKENDS', 'WEFT_PYTHON', 'WEFT_TEST_KAFKA', 'WEFT_TEST_KAFKA_MISSING'];
let before: (string | undefined)[];
beforeEach(() => {
  before = NAMES.map((name) => process.env[name]);
  for (const name of NAMES) delete process.env[name];
});
afterEach(() => {
  for (const [i, name] of NAMES.entries())
    if (before[i] === undefined) delete process.env[name];
    else process.env[name] = before[i];
});

/** Stands for jest's own, and writes down what it was told. */
function recorder() {
  const seen: string[] = [];
  const record = (title: string) => void seen.push(title);
  return {
    seen,
    describe: Object.assign(record, { skip: (title: string) => void seen.push(`skip ${title}`) }),
  };
}

describe('requireBackend', () => {
  it('lets tests run where the backend is', () => {
    const { seen, describe } = recorder();
    process.env.WEFT_PYTHON = '/usr/bin/python3';
    process.env.WEFT_TEST_KAFKA = '127.0.0.1:9092';
    requireBackend('python', describe)('one', () => {});
    requireBackend('kafka', describe)('two', () => {});
    expect(seen).toEqual(['one', 'two']);
  });

  it('skips by name where it is not, and fails where it is promised', () => {
    const { seen, describe } = recorder();
    process.env.WEFT_TEST_KAFKA_MISSING = 'no network';
    requireBackend('kafka', describe)('a log', () => {});
    expect(seen).toEqual(['skip a log (skipped: no kafka: no network)']);
    process.env.REQUIRE_BACKENDS = 'python';
    requireBackend('kafka', describe)('again', () => {});
    expect(seen).toHaveLength(2);
    expect(() => requireBackend('python', describe)).toThrow('python is promised');
    for (const [name, value] of [['REQUIRE_BACKENDS', '1'], ['REQUIRE_BACKENDS', 'python,kafka'], ['CI', 'true']] as const) {
      delete process.env.REQUIRE_BACKENDS;
      process.env[name] = value;
      expect(() => requireBackend('kafka', describe)).toThrow(
        'kafka is promised (CI or REQUIRE_BACKENDS) and missing: no network',
      );
    }
  }); // prettier-ignore

  it('knows the backends that can be promised', () => {
    process.env.REQUIRE_BACKENDS = 'kafak';
    expect(() => requireBackend('python', describe)).toThrow('REQUIRE_BACKENDS lists kafak');
  });
});

describe('sharedKafka', () => {
  it('is the one that scripts/test has started, and stays', async () => {
    process.env.WEFT_TEST_KAFKA = '127.0.0.1:1';
    const kafka = await sharedKafka();
    expect(kafka.brokers).toBe('127.0.0.1:1');
    await kafka.stop();
  });

  requireBackend('kafka', describe)('without it', () => {
    it('is one of its own, which stops', async () => {
      const kafka = await sharedKafka();
      const port = Number(kafka.brokers.split(':')[1]);
      expect(await liveBrokers(port)).toEqual([1]);
      await kafka.stop();
      expect(await liveBrokers(port)).toBeUndefined();
    }, 60_000);
  });
});
