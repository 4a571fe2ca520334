import { describe, expect, it } from '@jest/globals';
import { formatRef, internalizeRef, internalProjectId, parseRef, type Ref } from './refs.ts';

const CASES: [string, Ref][] = [
  ['weave:///e/p/object/x:abc', { kind: 'object', projectId: 'e/p', name: 'x', version: 'abc', extra: [] }],
  [
    'weave:///e/p/op/Evaluation.evaluate:v3',
    { kind: 'op', projectId: 'e/p', name: 'Evaluation.evaluate', version: 'v3', extra: [] },
  ],
  [
    'weave:///e/p/call/0af7651916cd43dd',
    { kind: 'call', projectId: 'e/p', id: '0af7651916cd43dd', extra: [] },
  ],
  ['weave:///e/p/table/d', { kind: 'table', projectId: 'e/p', digest: 'd', extra: [] }],
  [
    'weave:///e/p/table/d/id/r',
    { kind: 'table', projectId: 'e/p', digest: 'd', extra: [{ edge: 'id', value: 'r' }] },
  ],
  [
    'weave:///e/p/object/x:abc/attr/rows/id/r1/key/a%20b%2Fc%25/index/10',
    {
      kind: 'object',
      projectId: 'e/p',
      name: 'x',
      version: 'abc',
      extra: [
        { edge: 'attr', value: 'rows' },
        { edge: 'id', value: 'r1' },
        { edge: 'key', value: 'a b/c%' },
        { edge: 'index', value: '10' },
      ],
    },
  ],
  [
    'weave:///e/p/object/x:1/key/%21%27%28%29%2A~_.-%C3%A9',
    {
      kind: 'object',
      projectId: 'e/p',
      name: 'x',
      version: '1',
      extra: [{ edge: 'key', value: "!'()*~_.-é" }],
    },
  ],
  ['weave:///e/p/object/x:*', { kind: 'object', projectId: 'e/p', name: 'x', version: '*', extra: [] }],
];

describe('parseRef and formatRef', () => {
  it.each(CASES)('%s', (text, ref) => {
    expect(parseRef(text)).toEqual(ref);
    expect(formatRef(ref)).toBe(text);
  });

  it.each([
    '',
    'weave://e/p/object/x:1',
    'weave-trace-internal:///x/object/x:1',
    'weave:///',
    'weave:///e',
    'weave:///e/p',
    'weave:///e/p/object',
    'weave:///e/p/object/',
    'weave:///e/p/object/x',
    'weave:///e/p/object/:1',
    'weave:///e/p/object/x:',
    'weave:///e/p/nothing/x',
    'weave:///e/p/object/x:1/attr',
    'weave:///e/p/object/x:1/what/a',
    'weave:///e/p/object/x:1/index/a',
    'weave:///e/p/object/x:1/index/-1',
    'weave:///e/p/object/x:1/key/%zz',
    'weave:////p/object/x:1',
    'weave:///e//object/x:1',
  ])('refuses %j', (text) => {
    expect(() => parseRef(text)).toThrow('bad ref');
  });
});

describe('internalizeRef', () => {
  it('puts the internal project id in place of the names', () => {
    expect(internalizeRef('weave:///e/p/object/x:1/attr/a')).toBe(
      `weave-trace-internal:///${internalProjectId('e/p')}/object/x:1/attr/a`,
    );
    expect(internalizeRef('weave:///e/p/')).toBe(`weave-trace-internal:///${internalProjectId('e/p')}/`);
  });

  it.each(['', 'text', 'see weave:///e/p/object/x:1', 'Weave:///e/p/x', 'wandb-artifact:///e/p/1'])(
    'leaves %j',
    (text) => expect(internalizeRef(text)).toBe(text),
  );
  it.each(['weave:///', 'weave:///e', 'weave:///e/p'])('refuses %j', (text) =>
    expect(() => internalizeRef(text)).toThrow('bad ref'),
  );
  it('refuses internal refs', () =>
    expect(() => internalizeRef('weave-trace-internal:///abc/object/x:1')).toThrow(
      'Encountered unexpected internal ref format.',
    ));
});

describe('internalProjectId', () => {
  it('is stable, without slashes, and different for different projects', () => {
    expect(internalProjectId('e/p')).toBe('ZS9w');
    const ids = ['e/p', 'e/q', 'é/😀', '???/>>>', 'e /p'].map(internalProjectId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]+$/);
  });
});
