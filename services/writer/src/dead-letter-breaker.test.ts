import { describe, expect, it } from '@jest/globals';
import type { TraceEvent } from '@weft/model';
import { partitionOf } from '@weft/event-log';
import { createDeadLetterBreaker } from './dead-letter-breaker.ts';

let instant = 0;

function events(count: number): TraceEvent[] {
  return Array.from({ length: count }, () => ({
    kind: 'call.started',
    projectId: 'a/b',
    id: `call-${++instant}`,
    userId: '',
    receivedAtUs: instant,
    note: '',
    payload: Buffer.from('{}'),
  }));
}

const because = (batch: readonly TraceEvent[]) => batch.map((event) => ({ event, reason: 'bad' }));

describe('dead-letter breaker', () => {
  let nowMs: number;
  const open = (maxPercent = 1, partitions = 1) =>
    createDeadLetterBreaker({ maxPercent, partitions, nowMs: () => nowMs });
  const bad = (count: number, breaker: ReturnType<typeof open>) => {
    const batch = events(count);
    return breaker.judge(batch, because(batch));
  };
  const good = (count: number, breaker: ReturnType<typeof open>) => breaker.judge(events(count), []);

  nowMs = 1_700_000_000_000;

  it('opens at the 1,000th rejected event in a row, over batches', () => {
    const breaker = open();
    good(1_000_000, breaker);
    expect(bad(999, breaker)).toBeUndefined();
    expect(bad(1, breaker)).toBe('1000 events of partition 0 in a row were rejected');
  });

  it('starts to count again after an event that was stored', () => {
    const breaker = open();
    good(1_000_000, breaker);
    bad(999, breaker);
    good(1, breaker);
    expect(bad(999, breaker)).toBeUndefined();
  });

  it('opens for a run within a batch that goes on well', () => {
    const [before, run, after] = [events(200_000), events(1_000), events(5)];
    expect(open().judge([...before, ...run, ...after], because(run))).toContain('in a row');
  });

  it('counts each partition for itself', () => {
    const breaker = open(1, 4);
    good(1_000_000, breaker);
    const ofPartition = (partition: number, count: number) =>
      events(count * 8)
        .filter((event) => partitionOf(event, 4) === partition)
        .slice(0, count);
    const [run, others] = [ofPartition(2, 999), ofPartition(1, 999)];
    expect(breaker.judge([...run, ...others], because([...run, ...others]))).toBeUndefined();
    good(100, {
      judge: (batch) =>
        breaker.judge(
          batch.filter((event) => partitionOf(event, 4) === 1),
          [],
        ),
    });
    const last = ofPartition(1, 1);
    expect(breaker.judge(last, because(last))).toBeUndefined();
    const next = ofPartition(2, 1);
    expect(breaker.judge(next, because(next))).toBe('1000 events of partition 2 in a row were rejected');
  });

  it('opens above 1 % of 10 minutes, from 1,000 rejected on', () => {
    const breaker = open();
    const mixed = (rejected: number) => {
      const batch = events(rejected * 100 - 1);
      return breaker.judge(batch, because(batch.filter((_, i) => i % 2 === 0).slice(0, rejected)));
    };
    expect(mixed(500)).toBeUndefined();
    expect(mixed(499)).toBeUndefined();
    expect(mixed(1)).toContain('1000 of 99997 events of the last 10 minutes were rejected, more than 1 %');
    nowMs += 11 * 60_000;
    expect(mixed(500)).toBeUndefined();
  });

  it('takes a share that is allowed', () => {
    const batch = events(100_000);
    const rejected = because(batch.filter((_, i) => i % 100 === 0));
    expect(open().judge(batch, rejected)).toBeUndefined();
    expect(open(0).judge(batch, rejected)).toContain('more than 0 %');
  });

  it('counts a batch that comes again once, cut in whatever way', () => {
    const breaker = open();
    const batch = events(600);
    for (let i = 0; i < 5; i++) expect(breaker.judge(batch, because(batch))).toBeUndefined();
    expect(breaker.judge(batch.slice(0, 300), because(batch.slice(0, 300)))).toBeUndefined();
    expect(breaker.judge(batch.slice(300), because(batch.slice(300)))).toBeUndefined();
    expect(bad(399, breaker)).toBeUndefined();
    expect(bad(1, breaker)).toContain('in a row');
  });

  it('judges a held batch the same each time, and closes when it passes', () => {
    const breaker = open();
    const batch = events(1_000);
    for (let i = 0; i < 3; i++) expect(breaker.judge(batch, because(batch))).toContain('1000 events');
    expect(breaker.judge(batch, [])).toBeUndefined();
    expect(bad(999, breaker)).toBeUndefined();
  });

  it('never opens at 100 %', () => {
    expect(bad(50_000, open(100))).toBeUndefined();
  });
});
