import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createScorers } from './registry.ts';
import { NOTHING_SPENT, type Scorer } from './scorer.ts';
import type { ScorerAbout, ScorerKind } from './scorer-kind.ts';
import { outputOf, scorersDeps } from './testing/local.ts';

const published = JSON.parse(
  readFileSync(new URL('../fixtures/weave-python.json', import.meta.url), 'utf8'),
) as Record<string, { scorers: string[] }>;

const ref = (name: string) => `weave:///e/p/object/${name}:v1`;
const BASES = ['Scorer', 'Object', 'BaseModel'];
const objects = new Map<string, unknown>(
  Object.entries(published).map(([name, value]) => [ref(name), value]),
);

const scorerOf = (about: readonly ScorerAbout[]): Scorer => ({
  scorers: about.map(({ name, ref: text }) => ({ name, ref: text })),
  provider: null,
  forecast: () => NOTHING_SPENT,
  score: () => Promise.reject(new Error('not asked')),
});
/** Tells what it was made with. */
const made: unknown[] = [];
const remote: ScorerKind<{ endpoint_url: string }> = {
  classNames: ['RemoteScorer'],
  config: z.looseObject({ endpoint_url: z.string() }),
  create(config, about) {
    made.push([config, about]);
    return scorerOf([about]);
  },
  merge: (each) => scorerOf(each.map(({ about }) => about)),
};
const withObjects = (more: Record<string, unknown> = {}) =>
  scorersDeps(
    new Map([...objects, ...Object.entries(more).map(([name, value]) => [ref(name), value] as const)]),
    { remote },
  );

describe('a scorer', () => {
  it.each(['ValidJSONScorer', 'ValidXMLScorer', 'StringMatchScorer', 'PydanticScorer', 'rem', 'len'])(
    'is made of what the Python client published: %s',
    async (name) =>
      expect((await createScorers(withObjects()).load([ref(name)])).scorers).toEqual([
        { name, ref: ref(name) },
      ]),
  );

  it('sees its own members, and the map of its columns', async () => {
    made.length = 0;
    const mapped = { ...published.rem, column_map: { target: 'expected' }, score: 'weave:///e/p/op/RemoteScorer.score:v' };
    await createScorers(withObjects({ mapped })).load([ref('mapped')]);
    expect(made).toEqual([[
      { endpoint_url: 'https://x.example/s', config: { a: 1 }, auth_config: null },
      { projectId: 'e/p', name: 'mapped', ref: ref('mapped'), className: 'RemoteScorer', columnMap: new Map([['target', 'expected']]) },
    ]]);
  }); // prettier-ignore

  it('is of the kind of its nearest base', async () => {
    const mine = { _type: 'Mine', _class_name: 'Mine', _bases: ['ValidJSONScorer', ...BASES], score: 'weave:///e/p/op/ValidJSONScorer.score:v' };
    await expect(createScorers(withObjects({ mine })).load([ref('mine')])).resolves.toBeDefined();
  }); // prettier-ignore

  it('may be a class without code of its own', async () => {
    const config = { _type: 'LengthScorer', _class_name: 'LengthScorer', _bases: BASES, max_words: 3, score: 'weave:///e/p/op/Scorer.score:v' };
    await expect(createScorers(withObjects({ config })).load([ref('config')])).resolves.toBeDefined();
  }); // prettier-ignore

  it('may lie inside its monitor, and is named by itself', async () => {
    const monitor = { scorers: ['x', { _type: 'LengthScorer', _class_name: 'LengthScorer', _bases: BASES, name: 'short' }, { _type: 'ValidXMLScorer' }] };
    const scorers = createScorers(withObjects({ monitor }));
    const inside = (i: number) => `${ref('monitor')}/attr/scorers/index/${i}`;
    expect((await scorers.load([inside(1)])).scorers).toEqual([{ name: 'short', ref: inside(1) }]);
    expect((await scorers.load([inside(2)])).scorers).toEqual([{ name: 'ValidXMLScorer', ref: inside(2) }]);
    await expect(scorers.load([inside(3)])).rejects.toMatchObject({ kind: 'unscorable' });
  }); // prettier-ignore

  const base = { _bases: BASES };
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'is not there'],
    ['a class of a user', published.Mine, 'Mine is code that no server runs: a server runs LLMAsAJudgeScorer'],
    ['a class of a user that is called like ours', published.LengthScorer, 'LengthScorer is code that no server runs'],
    ['one made of ours with code of its own', { ...base, _class_name: 'Mine', _bases: ['ValidJSONScorer', ...BASES], score: 'weave:///e/p/op/Mine.score:v' }, 'Mine is code that no server runs'],
    ['one of W&B that takes a model', { ...base, _class_name: 'PresidioScorer' }, 'PIIScorer finds what patterns can tell'],
    ['a dataset', { _class_name: 'Dataset', _bases: ['Object', 'BaseModel'] }, 'Dataset is no scorer'],
    ['a bare value', { a: 1 }, 'it has no _class_name'],
    ['a list', [1], 'Invalid input'],
    ['a bad column map', { ...base, _class_name: 'LengthScorer', column_map: { a: 1 } }, 'column_map.a'],
    ['bad members', { ...base, _class_name: 'LengthScorer', max_words: 'many' }, 'odd: max_words'],
  ])('is not %s', async (_, value, message) => {
    const load = createScorers(withObjects(value === undefined ? {} : { odd: value })).load([ref('odd')]);
    await expect(load).rejects.toMatchObject({ kind: 'unscorable', message: expect.stringContaining(message) });
  }); // prettier-ignore

  it.each(['', 'x', '{}', 'weave:///e/p/call/1', 'weave:///e/p/object/x', 'weave:///e/p/object/x:1/attr'])('is not named by %j', (text) =>
    expect(createScorers(withObjects()).load([text])).rejects.toMatchObject({ kind: 'unscorable' })); // prettier-ignore
});

describe('several scorers', () => {
  const scorers = () => createScorers(withObjects({ other: published.rem }));

  it('are merged where their kind can', async () => {
    expect((await scorers().load([ref('rem'), ref('other')])).scorers.map(({ name }) => name)).toEqual(['rem', 'other']);
    expect(made.length).toBeLessThan(3);
    await expect(scorers().load([ref('rem')], { merged: true })).resolves.toBeDefined();
  }); // prettier-ignore

  it.each<[string[]]>([[['rem', 'len']], [['len', 'rem']], [['len', 'len']]])(
    'are not where it cannot: %j',
    (names) =>
      expect(scorers().load(names.map(ref))).rejects.toMatchObject({
        kind: 'unscorable',
        message: 'len: LengthScorer cannot be one of several classifiers',
      }),
  );

  it('are at least one', () => expect(scorers().load([])).rejects.toMatchObject({ kind: 'unscorable' }));
});

describe('what was made', () => {
  it('is kept for a minute, and what failed is not', async () => {
    let now = 0;
    const reads: string[] = [];
    const deps = withObjects();
    const scorers = createScorers({
      ...deps,
      clock: () => now,
      readObject: (text) => {
        reads.push(text);
        return deps.readObject(text);
      },
    });
    const [one, other] = await Promise.all([scorers.load([ref('len')]), scorers.load([ref('len')])]);
    expect(one).toBe(other);
    now = 59_999;
    expect(await scorers.load([ref('len')])).toBe(one);
    now = 60_000;
    expect(await scorers.load([ref('len')])).not.toBe(one);
    expect(reads).toEqual([ref('len'), ref('len')]);
    for (let i = 0; i < 2; i++) await expect(scorers.load([ref('odd')])).rejects.toThrow();
    expect(reads).toHaveLength(4);
  });

  it('is bounded: the one used longest ago goes first', async () => {
    let reads = 0;
    const deps = withObjects();
    const readObject = () => {
      reads++;
      return deps.readObject(ref('len'));
    };
    const scorers = createScorers({ ...deps, readObject });
    for (let i = 0; i < 1000; i++) await scorers.load([ref(`s${i}`)]);
    await scorers.load([ref('s0')]);
    await scorers.load([ref('one more')]);
    await scorers.load([ref('s0')]);
    expect(reads).toBe(1001);
    await scorers.load([ref('s1')]);
    expect(reads).toBe(1002);
  });
});

describe('column maps', () => {
  const says = (column_map: Record<string, string>, inputs: unknown, output: unknown) =>
    outputOf('StringMatchScorer', { column_map }, { inputs, output });

  it.each<[string, Record<string, string>, unknown, unknown]>([
    ['a name', { target: 'expected' }, { expected: 'abc' }, 'b'],
    ['a name with dots', { target: 'a.b' }, { 'a.b': 'abc', a: { b: 'x' } }, 'b'],
    ['a path', { target: 'a.b.0' }, { a: { b: ['abc'] } }, 'b'],
    ['a path from inputs', { target: 'inputs.a' }, { a: 'abc' }, 'b'],
    ['an input called inputs', { target: 'inputs' }, { inputs: 'abc' }, 'b'],
    ['a path beside an input called inputs', { target: 'inputs.a' }, { inputs: 'x', a: 'abc' }, 'b'],
    ['a part of the output', { target: 'a', output: 'output.say' }, { a: 'abc' }, { say: 'b', more: 1 }],
    ["an input of the argument's own name first", { target: 'other' }, { target: 'abc', other: 'x' }, 'b'],
  ])('take %s', async (_, map, inputs, output) =>
    expect(await says(map, inputs, output)).toEqual({ string_in_input: true })); // prettier-ignore

  it.each(['nope', '__proto__', 'a.nope', 'a.length', 'output.b'])('do not find %j', (path) =>
    expect(says({ target: path }, { a: 'x' }, 'b')).rejects.toMatchObject({ kind: 'unscorable' })); // prettier-ignore
});
