import { describe, expect, it } from '@jest/globals';
import { looksLikeMarkdown, MAX_MARKDOWN } from './looks-like-markdown.ts';

describe('looksLikeMarkdown', () => {
  it.each([
    '# Title\nand text',
    'Two things:\n- one\n- two',
    '1. first\n2. second',
    'See:\n```python\nx = 1\n```',
    '> said before',
    '| a | b |\n|---|:-:|\n| 1 | 2 |',
    'this is **important**',
    'call `f(x)` first',
    `${'>'.repeat(29)} **deep**`,
    'see [the docs](https://example.com/a)',
  ])('is true of %j', (text) => expect(looksLikeMarkdown(text)).toBe(true));

  it.each([
    '',
    'Plain prose. With #1 and 2 * 3 * 4 = 24.',
    'a - b\n\nc',
    '- one dash alone',
    'snake_case and __init__',
    "it's `odd",
    '**',
    'a | b',
    '[x](javascript:alert(1))',
    '#!/bin/sh',
    `${'>'.repeat(30)} **deep**`,
  ])('is false of %j', (text) => expect(looksLikeMarkdown(text)).toBe(false));

  it('leaves long texts as they are', () => {
    const bold = '**b** ';
    expect(looksLikeMarkdown(bold + 'x'.repeat(MAX_MARKDOWN - bold.length))).toBe(true);
    expect(looksLikeMarkdown(bold + 'x'.repeat(MAX_MARKDOWN - bold.length + 1))).toBe(false);
  });
});
