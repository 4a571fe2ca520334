import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../api/calls.ts';
import { answeredIn, askedIn, isNothing, stepsOf, topTurns } from './turn-text.ts';

const call = (id: string, parent: string | null, from: number, to: number | null, trace = 't') =>
  ({
    id,
    parent_id: parent,
    trace_id: trace,
    started_at: `2026-01-01T00:00:${String(from).padStart(2, '0')}Z`,
    ended_at: to === null ? null : `2026-01-01T00:00:${String(to).padStart(2, '0')}Z`,
  }) as Call;

describe('a turn', () => {
  it.each([
    [{ self: 'weave:///x', message: 'hi', user: 'ada' }, 'hi'],
    [{ messages: [{ role: 'user', content: 'one' }, { role: 'assistant', content: 'x' }, { role: 'user', content: 'two' }] }, 'two'],
    [{ self: 'weave:///x', topic: 'weft' }, 'weft'],
    [{ a: 'one', b: 'two' }, undefined],
    [{ __proto__: null, n: 1 }, undefined],
    [null, undefined],
  ])('asks %j', (inputs, text) => expect(askedIn(inputs)).toBe(text)); // prettier-ignore

  it.each([
    ['yes', 'yes'],
    [{ answer: 'so' }, 'so'],
    [{ n: 1 }, undefined],
    [null, undefined],
  ])('answers %j', (output, text) => expect(answeredIn(output)).toBe(text));

  it('has nothing to show without members', () => {
    expect([null, '', {}, [], 0, { a: 1 }].map(isNothing)).toEqual([true, true, true, true, false, false]);
  });

  it('is not one within another, but may be in a trace with others', () => {
    const turns = [call('2', 'root', 20, 25), call('1', 'root', 10, 15), call('sub', '1', 11, 12), call('open', null, 30, null, 'u'), call('below', 'open', 31, null, 'u')]; // prettier-ignore
    expect(topTurns(turns).map(({ id }) => id)).toEqual(['1', '2', 'open']);
  });

  it('has steps in the order of calling, whatever their parents say', () => {
    const calls = [call('a', 'turn', 1, 2), call('aa', 'a', 1, 2), call('b', 'turn', 3, 4), call('x', 'else', 3, 4), call('turn', 'b', 0, 5)]; // prettier-ignore
    expect(stepsOf(calls, 'turn').map(({ call: { id }, depth }) => [id, depth])).toEqual([['a', 0], ['aa', 1], ['b', 0]]); // prettier-ignore
  });
});
