import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';
import { openPatiently, type PatienceOptions } from './open-patiently.ts';

class Passing extends Error {
  readonly retryable = true;
}

function harness(over: Partial<PatienceOptions> = {}) {
  const lines: string[] = [];
  const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
  const signal = new AbortController().signal;
  return {
    lines,
    options: { what: 'Kafka at db:9092 (KAFKA_BROKERS)', timeoutMs: 30_000, signal, logger, ...over },
  };
}

/** Fails so often, then opens. */
function door(failures: number, error: Error = new Passing('no', { cause: new Error('ECONNREFUSED') })) {
  let attempts = 0;
  return {
    attempts: () => attempts,
    open: async () => {
      if (attempts++ < failures) throw error;
      return 'open';
    },
  };
}

describe('openPatiently', () => {
  it('says nothing when all is well', async () => {
    const { lines, options } = harness();
    expect(await openPatiently(door(0).open, options)).toBe('open');
    expect(lines).toEqual([]);
  });

  it('tries again, and says what it waits for and why, but not each time', async () => {
    const { lines, options } = harness();
    expect(await openPatiently(door(2).open, options)).toBe('open');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 'warn',
      msg: 'waiting for Kafka at db:9092 (KAFKA_BROKERS)',
      reason: 'no: ECONNREFUSED',
    });
  });

  it('does not wait for what does not pass', async () => {
    const wrong = new Error('wrong password');
    const { attempts, open } = door(1, wrong);
    await expect(openPatiently(open, harness().options)).rejects.toBe(wrong);
    expect(attempts()).toBe(1);
  });

  it('gives up in time, naming the backend, the reason and the setting', async () => {
    const { options } = harness({ timeoutMs: 0 });
    const failed = openPatiently(door(Infinity).open, options);
    await expect(failed).rejects.toThrow(
      /^Kafka at db:9092 \(KAFKA_BROKERS\) .* \(WEFT_START_TIMEOUT_MS\): no: ECONNREFUSED$/,
    );
  });

  it('ends at once when nobody waits any more', async () => {
    const stop = new AbortController();
    const { attempts, open } = door(Infinity);
    const failed = openPatiently(
      async () => {
        stop.abort();
        return open();
      },
      harness({ signal: stop.signal }).options,
    );
    await expect(failed).rejects.toThrow('aborted');
    expect(attempts()).toBe(1);
  });
});
