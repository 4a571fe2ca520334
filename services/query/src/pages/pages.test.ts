import { describe, expect, it } from '@jest/globals';
import type { StoredCall } from '@weft/trace-store';
import { inTreeOrder } from './call-tree.ts';
import { html } from './html.ts';
import { prettyJson, SHOWN_CHARS } from './json-text.ts';

const call = (id: string, parentId: string | null) => ({ id, parentId }) as StoredCall;
const pretty = (text: string) => prettyJson(Buffer.from(text));

describe('html', () => {
  it('escapes values, not markup', () => {
    const evil = `</pre><script>alert("1'")</script>&`;
    expect(html`<b title="${evil}">${evil}</b>`.text).toBe(
      '<b title="&lt;/pre&gt;&lt;script&gt;alert(&quot;1&#39;&quot;)&lt;/script&gt;&amp;">&lt;/pre&gt;&lt;script&gt;alert(&quot;1&#39;&quot;)&lt;/script&gt;&amp;</b>',
    );
    expect(html`${[html`<i>${1}</i>`, html`<i>${'<'}</i>`]}${null}`.text).toBe('<i>1</i><i>&lt;</i>');
  });
});

describe('prettyJson', () => {
  it('puts in white space only', () => {
    expect(pretty('{"a":[1.0,9007199254740993,{}],"b" : "x,{\\"y" ,"c":[]}')).toBe(
      '{\n  "a": [\n    1.0,\n    9007199254740993,\n    {}\n  ],\n  "b": "x,{\\"y",\n  "c": []\n}',
    );
    for (const text of ['null', '"a\\u0000b"', '[]', '-0', '1e400']) expect(pretty(text)).toBe(text);
  });

  it('says what it cut', () => {
    const shown = pretty(`["${'x'.repeat(SHOWN_CHARS)}"]`);
    expect(shown.length).toBeLessThan(SHOWN_CHARS + 200);
    expect(shown).toContain('… 4 more bytes');
  });

  it('survives what is no JSON, and depth', () => {
    expect(pretty('{"a":"unfinished')).toContain('unfinished');
    expect(pretty(']]]]').replace(/\s/g, '')).toBe(']]]]');
    expect(pretty('['.repeat(50_000)).length).toBeLessThan(5_000_000);
  });
});

describe('inTreeOrder', () => {
  const order = (...calls: StoredCall[]) =>
    inTreeOrder(calls).map(({ call: { id }, depth }) => `${depth}${id}`);

  it('puts children under their parents', () => {
    expect(order(call('a', null), call('b', 'a'), call('c', null), call('d', 'b'), call('e', 'a'))).toEqual([
      '0a', '1b', '2d', '1e', '0c',
    ]); // prettier-ignore
  });

  it('shows orphans and circles, each once', () => {
    expect(order(call('a', 'gone'), call('b', 'c'), call('c', 'b'), call('d', 'd'))).toEqual([
      '0a', '0b', '1c', '0d',
    ]); // prettier-ignore
  });
});
