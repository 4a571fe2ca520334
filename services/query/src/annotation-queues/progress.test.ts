import { describe, expect, it } from '@jest/globals';
import { changesState, parseState } from './progress.ts';

describe('progress', () => {
  it.each([
    [null, 'in_progress', true],
    [null, 'completed', true],
    [null, 'skipped', true],
    ['in_progress', 'completed', true],
    ['in_progress', 'skipped', true],
    ['in_progress', 'in_progress', false],
    ['completed', 'completed', false],
    ['skipped', 'skipped', false],
  ] as const)('from %s to %s is a change: %s', (from, to, expected) => {
    expect(changesState(from, to)).toBe(expected);
  });

  it.each([
    ['completed', 'in_progress', "Cannot transition to 'in_progress' when a record already exists"],
    ['skipped', 'in_progress', 'Cannot transition'],
    ['completed', 'skipped', 'Invalid state transition'],
    ['skipped', 'completed', 'Invalid state transition'],
  ] as const)('never goes from %s to %s', (from, to, message) => {
    expect(() => changesState(from, to)).toThrow(message);
  });

  it.each(['unstarted', 'done', ''])('refuses the state %j', (text) => {
    expect(() => parseState(text)).toThrow('Must be one of: completed, in_progress, skipped');
  });
});
