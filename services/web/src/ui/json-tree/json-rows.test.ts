import { describe, expect, it } from '@jest/globals';
import { BigNumber, parseJson } from '../../api/request.ts';
import { FIRST_CHILDREN, findNodes, isSmall, pathOf, revealed, rootOf, rowsOf } from './json-rows.ts';
import { jsonText, visible } from './json-value.ts';

const NOTHING = { toggled: new Map<string, boolean>(), limits: new Map<string, number>() };

describe('rows of a JSON tree', () => {
  it('shows keys of any name, and leads back to them', () => {
    const root = rootOf(parseJson('{"__proto__":{"a.b":[1,{"":null}]}}'));
    const rows = rowsOf(root, NOTHING, true);
    expect(rows.map(({ node }) => pathOf(node))).toEqual([
      ['__proto__'],
      ['__proto__', 'a.b'],
      ['__proto__', 'a.b', '0'],
      ['__proto__', 'a.b', '1'],
      ['__proto__', 'a.b', '1', ''],
    ]);
  });

  it('opens what is deep only where it is asked for, and finds it', () => {
    const deep = parseJson(`${'['.repeat(500)}"needle"${']'.repeat(500)}`);
    const root = rootOf(deep);
    expect(isSmall(deep)).toBe(false);
    expect(rowsOf(root, NOTHING, false)).toHaveLength(2);
    expect(rowsOf(root, NOTHING, true)).toHaveLength(500);
    const [hit] = findNodes(root, 'NEEDLE');
    expect(pathOf(hit!)).toHaveLength(500);
    expect(rowsOf(root, revealed(hit!, NOTHING), false)).toHaveLength(500);
  });

  it('shows the first of many, and more where a match is', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `value ${i}`);
    const root = rootOf(many);
    const rows = rowsOf(root, NOTHING, false);
    expect(rows).toHaveLength(FIRST_CHILDREN + 1);
    expect(rows.at(-1)!.left).toBe(100_000 - FIRST_CHILDREN);
    const [hit] = findNodes(root, 'value 99998');
    const opened = rowsOf(root, revealed(hit!, NOTHING), false);
    expect(opened.some(({ node }) => node.id === hit!.id)).toBe(true);
  });

  it('writes every digit, and makes nothing invisible', () => {
    expect(jsonText({ a: new BigNumber('9007199254740993'), b: '\u00000\u0000' })).toBe(
      '{\n  "a": 9007199254740993,\n  "b": "\\u00000\\u0000"\n}',
    );
    expect(jsonText(new BigNumber('12345678901234567890'))).toBe('12345678901234567890');
    expect(visible('a\u001b[31m\n')).toBe('a\u241b[31m\n');
  });
});
