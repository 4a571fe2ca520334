import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { backend } from './backend.ts';
import { createLogger } from './logger.ts';
import { runService } from './run-service.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const awaited = { what: 'a log', timeoutMs: 30_000 };
const quiet = () => Object.assign(new EventEmitter(), { exit: () => undefined });

describe('backend', () => {
  it('waits for it, hands it out once it is open, and closes it at the end', async () => {
    let [attempts, closed] = [0, 0];
    const log = backend({
      name: 'event log',
      awaited,
      logger,
      open: async () => {
        if (attempts++ === 0) throw Object.assign(new Error('away'), { retryable: true });
        return { attempts, close: async () => void closed++ };
      },
    });
    expect(() => log.value).toThrow('event log: used before it was open');
    const service = runService({ name: 'test', logger, process: quiet(), start: [log] });
    await service.started;
    expect(log.value.attempts).toBe(2);
    expect([await service.stop(), closed]).toEqual([0, 1]);
  });

  it('ends the process when it says that it cannot go on, also while it is being opened', async () => {
    let fail!: (error: unknown) => void;
    const open = async (onFatal: (error: unknown) => void) => {
      fail = onFatal;
      return { close: async () => {} };
    };
    const start = [backend({ name: 'a', logger, open })];
    const running = runService({ name: 'test', logger, process: quiet(), start });
    await running.started;
    fail(new Error('broken'));
    expect(await running.ended).toBe(1);
    const early = async (onFatal: (error: unknown) => void) => {
      onFatal(new Error('broken'));
      return { close: async () => {} };
    };
    const start2 = [backend({ name: 'b', logger, open: early })];
    expect(await runService({ name: 'test', logger, process: quiet(), start: start2 }).ended).toBe(1);
  });
});
