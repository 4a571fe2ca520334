import { describe, expect, it } from '@jest/globals';
import { isValidId, newId, parseProjectId, timeOfId } from './ids.ts';

describe('newId', () => {
  it('is a lower-case UUIDv7 that holds its millisecond', () => {
    for (const ms of [0, 1, 1_767_323_045_678, 2 ** 48 - 1]) {
      const id = newId(ms);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(timeOfId(id)).toBe(ms);
    }
  });

  it('sorts by time and does not repeat', () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => newId(1_767_323_045_000 + i));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(Array.from({ length: 1_000 }, () => newId(5))).size).toBe(1_000);
  });
});

describe('timeOfId', () => {
  it.each([
    '',
    'abc',
    '0af7651916cd43dd',
    '01890a5d-ac96-4f5a-9b1a-0242ac120002',
    '01890A5D-AC96-774A-9B1A-0242AC120002',
  ])('knows nothing of %j', (id) => {
    expect(timeOfId(id)).toBeUndefined();
  });
});

describe('isValidId', () => {
  it.each(['a', '0af7651916cd43dd8448eb211c80319c', 'x'.repeat(128), 'é/:'])('takes %j', (id) =>
    expect(isValidId(id)).toBe(true),
  );
  it.each(['', 'x'.repeat(129), 'a b', 'a\n', '\x00', '\x7f'])('refuses %j', (id) =>
    expect(isValidId(id)).toBe(false),
  );
});

describe('parseProjectId', () => {
  it.each(['e/p', 'my entity/my project', 'é/😀', `${'e'.repeat(128)}/${'p'.repeat(128)}`])(
    'takes %j',
    (id) => expect(parseProjectId(id)).toBe(id),
  );
  it.each([
    '',
    'e',
    '/p',
    'e/',
    '/',
    'e/p/q',
    'e/p\n',
    'e\x00/p',
    `${'e'.repeat(129)}/p`,
    5,
    null,
    undefined,
    {},
  ])('refuses %j', (id) => {
    expect(() => parseProjectId(id)).toThrow('project_id: expected "entity/project"');
  });
});
