import { describe, expect, it } from '@jest/globals';
import { html } from './html.ts';

describe('html', () => {
  it('escapes values, not markup', () => {
    const evil = `</pre><script>alert("1'")</script>&`;
    expect(html`<b title="${evil}">${evil}</b>`.text).toBe(
      '<b title="&lt;/pre&gt;&lt;script&gt;alert(&quot;1&#39;&quot;)&lt;/script&gt;&amp;">&lt;/pre&gt;&lt;script&gt;alert(&quot;1&#39;&quot;)&lt;/script&gt;&amp;</b>',
    );
    expect(html`${[html`<i>${1}</i>`, html`<i>${'<'}</i>`]}${null}`.text).toBe('<i>1</i><i>&lt;</i>');
  });
});
