import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';
import { runService, type StartStep } from './run-service.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function harness(start: (log: string[]) => StartStep[], stopTimeoutMs?: number) {
  const log: string[] = [];
  const lines: string[] = [];
  const process = new FakeProcess();
  const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
  const service = runService({ name: 'test', logger, process, start: start(log), stopTimeoutMs });
  return { log, lines, process, service };
}

function part(
  log: string[],
  name: string,
  over: { stop?: () => Promise<void>; done?: Promise<unknown> } = {},
): StartStep {
  return {
    name,
    start: async () => {
      log.push(`+${name}`);
      const stop = async () => {
        log.push(`-${name}`);
        await over.stop?.();
      };
      return { stop, done: over.done };
    },
  };
}

const never = new Promise<void>(() => {});

describe('runService', () => {
  it('starts in order and, on SIGTERM, stops in reverse and exits 0', async () => {
    const { log, process, service } = harness((l) => [
      part(l, 'a'),
      { name: 'x', start: async () => {} },
      part(l, 'b'),
    ]);
    await service.started;
    process.emit('SIGTERM', 'SIGTERM');
    expect(await service.ended).toBe(0);
    expect(log).toEqual(['+a', '+b', '-b', '-a']);
    expect(process.exits).toEqual([0]);
    expect(process.eventNames()).toEqual([]);
  });

  it('does not wait for a backend that has not come when it is told to stop', async () => {
    const { log, lines, process, service } = harness((l) => [
      part(l, 'a'),
      {
        name: 'backend',
        start: (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
            process.emit('SIGTERM', 'SIGTERM');
          }),
      },
      part(l, 'b'),
    ]);
    expect(await service.ended).toBe(0);
    expect(log).toEqual(['+a', '-a']);
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['stopping', 'stopped']);
  });

  it('stops once, however often it is asked', async () => {
    const { log, service, process } = harness((l) => [part(l, 'a')]);
    await service.started;
    expect(await Promise.all([service.stop(), service.stop()])).toEqual([0, 0]);
    expect(await service.stop()).toBe(0);
    expect(log).toEqual(['+a', '-a']);
    expect(process.exits).toEqual([0]);
  });

  it('closes what was open when a start fails, starts nothing more, and exits 1 with one line that says why', async () => {
    const bad: StartStep = { name: 'bad', start: async () => Promise.reject(new Error('no disk')) };
    const { log, lines, service } = harness((l) => [part(l, 'a'), bad, part(l, 'c')]);
    expect(await service.ended).toBe(1);
    expect(log).toEqual(['+a', '-a']);
    expect(lines.filter((line) => line.includes('no disk'))).toHaveLength(1);
  });

  it('stops what a signal found half started', async () => {
    let opened = () => {};
    const slow = (log: string[]): StartStep => ({
      name: 'slow',
      start: () =>
        new Promise((resolve) => (opened = () => resolve({ stop: async () => void log.push('-slow') }))),
    });
    const { log, service, process } = harness((l) => [part(l, 'a'), slow(l), part(l, 'c')]);
    await new Promise((resolve) => setImmediate(resolve));
    process.emit('SIGINT', 'SIGINT');
    opened();
    expect(await service.ended).toBe(0);
    expect(log).toEqual(['+a', '-slow', '-a']);
  });

  it('leaves behind what does not stop within the deadline, and exits 1', async () => {
    const { lines, service } = harness((l) => [part(l, 'a'), part(l, 'stuck', { stop: () => never })], 20);
    await service.started;
    expect(await service.stop()).toBe(1);
    expect(lines.join()).toContain('"left":["a","stuck"]');
  });

  it('goes on stopping after a part that fails to, and exits 1', async () => {
    const { log, service } = harness((l) => [
      part(l, 'a'),
      part(l, 'b', { stop: () => Promise.reject(new Error('x')) }),
    ]);
    await service.started;
    expect(await service.stop()).toBe(1);
    expect(log).toEqual(['+a', '+b', '-b', '-a']);
  });

  it('leaves at once on a second signal', async () => {
    const { service, process } = harness((l) => [part(l, 'stuck', { stop: () => never })]);
    await service.started;
    process.emit('SIGTERM', 'SIGTERM');
    process.emit('SIGTERM', 'SIGTERM');
    expect(await service.ended).toBe(1);
    expect(process.exits).toEqual([1]);
  });

  it('stops with 1 when a part says that it cannot go on', async () => {
    let broken = (_: Error) => {};
    const done = new Promise<void>((_, reject) => (broken = reject));
    const { log, lines, service } = harness((l) => [part(l, 'a'), part(l, 'b', { done })]);
    await service.started;
    broken(new Error('attempts used up'));
    expect(await service.ended).toBe(1);
    expect(log).toEqual(['+a', '+b', '-b', '-a']);
    expect(lines.filter((line) => line.includes('attempts used up'))).toHaveLength(1);
  });

  it.each(['uncaughtException', 'unhandledRejection'])(
    'logs one %s with its cause and exits 1',
    async (event) => {
      const { lines, service, process } = harness((l) => [part(l, 'a')]);
      await service.started;
      process.emit(event, new Error('surprise', { cause: new Error('deep') }));
      expect(await service.ended).toBe(1);
      expect(process.exits).toEqual([1]);
      expect(lines.filter((line) => line.includes('surprise') && line.includes('deep'))).toHaveLength(1);
    },
  );
});
