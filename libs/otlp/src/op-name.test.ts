import { describe, expect, it } from '@jest/globals';
import { displayNameOf, opShortName } from './op-name.ts';

describe('opShortName', () => {
  it.each([
    ['chat gpt-4o-mini', 'chat_gpt-4o-mini'],
    ['GET /users/<id>', 'get__users_id'],
    ['ai.generateText.doGenerate', 'ai.generatetext.dogenerate'],
    ['a:b?c', 'a_b_c'],
    ['Größe', 'größe'],
    ['', 'unknown'],
    ['<>', 'unknown'],
    ['x'.repeat(127), 'x'.repeat(127)],
  ])('of %j is %s', (name, short) => {
    expect(opShortName(name)).toBe(short);
  });

  it('cuts long names where a word ends and tells them apart', () => {
    const long = `GET ${'seg/'.repeat(60)}`;
    const short = opShortName(long);
    expect(short).toMatch(/^get_(?:seg_)*seg_[0-9a-f]{4}$/);
    expect(short.length).toBeLessThanOrEqual(128);
    expect(short.length).toBeGreaterThan(110);
    expect(opShortName(`${long}x`)).not.toBe(short);
    expect(opShortName('x'.repeat(500))).toMatch(/^x{123}_[0-9a-f]{4}$/);
  });
});

describe('displayNameOf', () => {
  it('cuts at 1024 characters', () => {
    expect(displayNameOf('x'.repeat(1023))).toHaveLength(1023);
    expect(displayNameOf('x'.repeat(2000))).toBe(`${'x'.repeat(1021)}...`);
  });
});
