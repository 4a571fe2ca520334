import { nowUs } from '@weft/model';

/**
 * Instants for what is accepted, microseconds: each is later than the one before and than `after`, so that of two writes
 * one is the last. The system clock ticks in milliseconds, and the clock of whoever wrote before may be ahead.
 */
export type Clock = (after?: number) => number;

export function createClock(): Clock {
  let last = 0;
  return (after = 0) => (last = Math.max(last + 1, after + 1, nowUs()));
}
