import { describe, expect, it } from '@jest/globals';
import { parseRef, type RefStep } from '@weft/model';
import { walk, type Stop } from './walk.ts';

const JSON_TEXT =
  ' {"a": {"b" : [1.0, [9007199254740993, {"c":"x"}], null]}, "é/ä":-0, "twice":1, "twice":{"x":2}, ' +
  '"ref":"weave:///e/p/object/o:d/attr/z", "table":"weave:///e/p/table/t", "0":"zero", "text":"hello", "none":null} ';

function steps(path: string): readonly RefStep[] {
  return parseRef(`weave:///e/p/object/o:d${path}`).extra;
}

function find(paths: readonly string[], json = JSON_TEXT): (string | null)[] {
  const found = new Map<string, string | null>();
  const told = (where: Stop) => {
    if (where.kind === 'nowhere') return null;
    if (where.kind === 'value') return Buffer.from(where.bytes).toString();
    return `${where.text} + ${where.rest.map((step) => `${step.edge}/${step.value}`).join('/')}`;
  };
  const walkers = paths.map((path) => ({ path, steps: steps(path) }));
  walk(Buffer.from(json), walkers, ({ path }, where) => {
    expect(found.has(path)).toBe(false);
    found.set(path, told(where));
  });
  return paths.map((path) => found.get(path)!);
}

describe('a walk into a value', () => {
  const cases: readonly (readonly [path: string, found: string | null])[] = [
    ['', JSON_TEXT.trim()],
    ['/attr/a', '{"b" : [1.0, [9007199254740993, {"c":"x"}], null]}'],
    ['/key/a/attr/b/index/0', '1.0'],
    ['/attr/a/attr/b/index/1/index/0', '9007199254740993'],
    ['/attr/a/attr/b/index/1/index/1/key/c', '"x"'],
    ['/attr/a/attr/b/index/2', 'null'],
    ['/attr/a/attr/b/index/3', null],
    ['/attr/a/attr/b/key/0', null],
    ['/attr/a/index/0', null],
    ['/attr/%C3%A9%2F%C3%A4', '-0'],
    ['/attr/twice', '{"x":2}'],
    ['/attr/twice/attr/x', '2'],
    ['/attr/0', '"zero"'],
    ['/attr/nope', null],
    ['/attr/nope/attr/x', null],
    ['/attr/text/index/0', null],
    ['/attr/none/attr/x', null],
    ['/attr/__proto__', null],
    ['/attr/ref', '"weave:///e/p/object/o:d/attr/z"'],
    ['/attr/ref/attr/y/index/1', 'weave:///e/p/object/o:d/attr/z + attr/y/index/1'],
    ['/attr/table/id/row/attr/q', 'weave:///e/p/table/t + id/row/attr/q'],
    ['/id/x', null],
  ];
  it.each(cases)('%j', (path, found) => {
    expect(find([path])).toEqual([found]);
  });

  it('is one for all that go into it', () => {
    expect(find(cases.map(([path]) => path))).toEqual(cases.map(([, found]) => found));
  });

  it.each(['1', '"x"', 'null', '[]', '{}'])('goes nowhere in %s', (json) => {
    expect(find(['', '/attr/a', '/index/0'], json)).toEqual([json, null, null]);
  });

  it('into a long list for many is about as long as for one', () => {
    const list = `[${Array.from({ length: 20_000 }, (_, i) => `{"i":${i}}`).join(',')}]`;
    const paths = Array.from({ length: 1000 }, (_, i) => `/index/${i * 20}/attr/i`);
    expect(find(paths, list)).toEqual(paths.map((_, i) => String(i * 20)));
  });
});
