import { describe, expect, it, jest } from '@jest/globals';
import type { Offsets } from '@weft/event-log';
import { AppError } from '@weft/model';
import { createFreshnessGate } from './freshness.ts';

/** A log whose answers the test gives by hand. */
function log() {
  const looks: { resolve: (offsets: Offsets) => void; reject: (error: unknown) => void }[] = [];
  const waits: { offsets: Offsets; resolve: (committed: boolean) => void }[] = [];
  return {
    looks,
    waits,
    endOffsets: jest.fn(() => new Promise<Offsets>((resolve, reject) => looks.push({ resolve, reject }))),
    waitCommitted: jest.fn(
      (_topic: string, _group: string, offsets: Offsets, _timeoutMs: number) =>
        new Promise<boolean>((resolve) => waits.push({ offsets, resolve })),
    ),
    lag: () => Promise.resolve({ events: 3, bytes: 30, oldestMs: 42, partitions: [] }),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('freshness', () => {
  it('waits until the writer has stored what the log held', async () => {
    const eventLog = log();
    const waiting = createFreshnessGate({ eventLog, maxWaitMs: 10_000 }).wait();
    await turn();
    eventLog.looks[0]!.resolve([7n, 9n]);
    await turn();
    expect(eventLog.waitCommitted).toHaveBeenCalledWith('trace-events', 'writer', [7n, 9n], 10_000);
    eventLog.waits[0]!.resolve(true);
    expect(await waiting).toEqual({ fresh: true });
  });

  it('shares one look among those who arrive before it is sent, and none with those who come later', async () => {
    const eventLog = log();
    const gate = createFreshnessGate({ eventLog, maxWaitMs: 10_000 });
    const early = [gate.wait(), gate.wait(), gate.wait()];
    await turn();
    expect(eventLog.looks).toHaveLength(1);
    // The first look is under way: it may have been answered before these arrived.
    const late = [gate.wait(), gate.wait()];
    await turn();
    expect(eventLog.looks).toHaveLength(1);
    eventLog.looks[0]!.resolve([1n]);
    await turn();
    expect(eventLog.looks).toHaveLength(2);
    eventLog.looks[1]!.resolve([2n]);
    await turn();
    expect(eventLog.waits.map((wait) => wait.offsets)).toEqual([[1n], [2n]]);
    eventLog.waits.forEach((wait) => wait.resolve(true));
    expect(await Promise.all([...early, ...late])).toEqual(Array(5).fill({ fresh: true }));
  });

  it('says how far behind it is when the writer does not catch up', async () => {
    const eventLog = log();
    const waiting = createFreshnessGate({ eventLog, maxWaitMs: 10_000 }).wait();
    await turn();
    eventLog.looks[0]!.resolve([1n]);
    await turn();
    eventLog.waits[0]!.resolve(false);
    expect(await waiting).toEqual({ fresh: false, lagMs: 42 });
  });

  it('does not depend on a log that fails or hangs', async () => {
    const eventLog = log();
    const failing = createFreshnessGate({ eventLog, maxWaitMs: 10_000 });
    const first = failing.wait();
    await turn();
    eventLog.looks[0]!.reject(new AppError('log_unavailable', 'gone'));
    expect(await first).toEqual({ fresh: false, lagMs: undefined });
    const second = failing.wait();
    await turn();
    expect(eventLog.looks).toHaveLength(2);
    eventLog.looks[1]!.reject(new AppError('log_unavailable', 'gone'));
    await second;

    const hanging = createFreshnessGate({ eventLog, maxWaitMs: 1 });
    expect(await hanging.wait()).toEqual({ fresh: false, lagMs: 42 });
  });
});
