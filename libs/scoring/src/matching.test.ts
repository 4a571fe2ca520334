import { describe, expect, it } from '@jest/globals';
import type { StoredCallFacts } from '@weft/model';
import { createMatcher } from './matching.ts';
import type { Monitor } from './monitor.ts';

const monitor = (name: string, opNames: readonly string[], given: Partial<Monitor> = {}): Monitor => ({
  projectId: 'e/p', name, digest: 'd', ref: `weave:///e/p/object/${name}:d`, displayName: name, userId: 'u', active: true,
  samplingRate: 1, opNames, agentTurns: opNames.includes('weave.genai.turn_ended'), query: undefined, scorers: [], isClassifier: false,
  isTraced: true, debounce: undefined, ...given,
}); // prettier-ignore
const call = (opName: string, given: Partial<StoredCallFacts> = {}): StoredCallFacts => ({
  traceId: 't', parentId: null, threadId: null, opName, isSpan: false, isScore: false, endedAtUs: 1, ...given,
}); // prettier-ignore
const matches = (opNames: readonly string[], facts: StoredCallFacts) =>
  createMatcher([monitor('m', opNames)]).match(facts).length === 1;

describe('op names', () => {
  it.each<[readonly string[], string, boolean]>([
    [[], 'anything', true],
    [['*'], 'weave:///e/p/op/x:v1', true],
    [['weave:///e/p/op/x:*'], 'weave:///e/p/op/x:v1', true],
    [['weave:///e/p/op/x:*'], 'weave:///e/p/op/y:v1', false],
    [['weave:///e/p/op/x:*'], 'weave:///e/other/op/x:v1', false],
    [['weave:///e/other/op/x:*'], 'weave:///e/other/op/x:v1', true],
    [['weave:///e/p/op/x:*'], 'x', true],
    [['weave:///e/other/op/x:*'], 'x', false],
    [['weave:///e/p/op/x:v1'], 'weave:///e/p/op/x:v1', true],
    [['weave:///e/p/op/x:v1'], 'weave:///e/p/op/x:v2', false],
    [['weave:///e/p/op/x:v1'], 'x', false],
    [['x'], 'weave:///e/p/op/x:v1', true],
    [['x'], 'weave:///e/p/op/x.y:v1', false],
    [['x'], 'x', true],
    [['GET /a b'], 'GET /a b', true],
    [['weave:///e/p/op/my%20op:*'], 'weave:///e/p/op/my op:v1', true],
    [['y', 'x'], 'x', true],
    [['weave:///'], 'weave:///', true],
    [['__proto__'], 'constructor', false],
    [['weave.genai.turn_ended'], 'x', false],
  ])('%j of %s: %j', (opNames, opName, expected) => expect(matches(opNames, call(opName))).toBe(expected)); // prettier-ignore
});

describe('turns of agents', () => {
  const turns = createMatcher([monitor('turns', ['weave.genai.turn_ended']), monitor('both', ['weave.genai.turn_ended', 'chat']), monitor('ops', ['chat'])]);
  const found = (facts: StoredCallFacts) => turns.match(facts).map(({ monitor: { name }, isAgentTurn }) => [name, isAgentTurn]);

  it('are spans without a parent', () => {
    expect(found(call('invoke', { isSpan: true }))).toEqual([['turns', true], ['both', true]]);
    expect(found(call('chat', { isSpan: true }))).toEqual([['turns', true], ['both', true], ['ops', false]]);
    expect(found(call('chat', { isSpan: true, parentId: 'p' }))).toEqual([['both', false], ['ops', false]]);
    expect(found(call('invoke'))).toEqual([]);
  }); // prettier-ignore
}); // prettier-ignore

describe('a matcher', () => {
  it('matches nothing for monitors that are off and calls of scorers', () => {
    expect(createMatcher([monitor('m', [], { active: false })]).match(call('x'))).toEqual([]);
    expect(createMatcher([monitor('m', [])]).match(call('x', { isScore: true }))).toEqual([]);
  });

  it('says the same of an op again, and of more ops than it keeps', () => {
    const matcher = createMatcher([monitor('a', ['op1', 'op10001']), monitor('b', [])]);
    const names = (opName: string) => matcher.match(call(opName)).map((match) => match.monitor.name);
    for (let round = 0; round < 2; round++) {
      expect(names('op1')).toEqual(['a', 'b']);
      for (let i = 2; i < 10_010; i++) names(`op${i}`);
      expect(names('op10001')).toEqual(['a', 'b']);
      expect(names('op2')).toEqual(['b']);
    }
  });
});
