import { describe, expect, it } from '@jest/globals';
import { outputOf } from '../testing/local.ts';

describe('ValidXMLScorer', () => {
  it.each<[unknown, boolean]>([
    ['<a><b c="1"/>text &amp; more<!-- x --></a>', true],
    ['<?xml version="1.0" encoding="utf-8"?>\n<a xmlns:x="u"><x:b/></a>', true],
    ['<a>&#65;<![CDATA[ <b> ]]></a>', true],
    ['', false],
    ['text', false],
    ['<a>', false],
    ['<a></b>', false],
    ['<a b=1/>', false],
    ['<a/><b/>', false],
    ['<x:a/>', false],
    ['<a>&nbsp;</a>', false],
    [' <?xml version="1.0"?><a/>', false],
    [{ output: '<a/>' }, true],
    [{ output: '<a>' }, false],
    [{ other: '<a/>' }, false],
    [null, false],
  ])('%j: %j', async (output, expected) =>
    expect(await outputOf('ValidXMLScorer', {}, { output })).toEqual({ xml_valid: expected })); // prettier-ignore

  it('expands nothing', async () => {
    const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY e${i + 1} "&e${i};&e${i};&e${i};&e${i};">`);
    const output = `<!DOCTYPE a [<!ENTITY e0 "x">${entities.join('')}]><a>&e20;</a>`;
    expect(await outputOf('ValidXMLScorer', {}, { output })).toEqual({ xml_valid: false });
  }); // prettier-ignore

  it('reads no deeper than it can in time', async () => {
    const deep = (levels: number) => '<a>'.repeat(levels) + '</a>'.repeat(levels);
    expect(await outputOf('ValidXMLScorer', {}, { output: deep(500) })).toEqual({ xml_valid: true });
    expect(await outputOf('ValidXMLScorer', {}, { output: `<r>${'<a/>'.repeat(10_000)}</r>` })).toEqual({ xml_valid: true });
    await expect(outputOf('ValidXMLScorer', {}, { output: deep(100_000) })).rejects.toMatchObject({ kind: 'unscorable' });
  }); // prettier-ignore
});
