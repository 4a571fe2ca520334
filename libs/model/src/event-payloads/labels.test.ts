import { describe, expect, it } from '@jest/globals';
import type { EventKind, TraceEvent } from '../events.ts';
import {
  assertAlias,
  assertTag,
  encodeAliases,
  encodeTags,
  readAliasesEvent,
  readTagsEvent,
} from './labels.ts';

const event = (kind: EventKind, id: string, payload: Uint8Array): TraceEvent => ({
  kind,
  projectId: 'e/p',
  id,
  userId: '',
  receivedAtUs: 1,
  note: '',
  payload,
});
const invalid = expect.objectContaining({ code: 'invalid_request' });
const undecodable = expect.objectContaining({ code: 'undecodable_event' });

describe('tags and aliases', () => {
  it('come back out of their events', () => {
    const tags = { add: ['a b', 'é"\\'], remove: [] };
    expect(readTagsEvent(event('object.tagged', 'n:m:d', encodeTags(tags)))).toEqual({
      objectId: 'n:m',
      digest: 'd',
      ...tags,
    });
    const aliases = { digest: null, aliases: ['x'] };
    expect(readAliasesEvent(event('object.aliased', 'n', encodeAliases(aliases)))).toEqual({
      objectId: 'n',
      ...aliases,
    });
  });

  it('that cannot be read are undecodable', () => {
    expect(() => readTagsEvent(event('object.tagged', 'nothing', Buffer.from('{}')))).toThrow(undecodable);
    expect(() => readTagsEvent(event('object.tagged', 'n:d', Buffer.from('{"add":[1]}')))).toThrow(
      undecodable,
    );
    expect(() => readAliasesEvent(event('object.aliased', 'n', Buffer.from('{"digest":1}')))).toThrow(
      undecodable,
    );
    expect(() => readAliasesEvent(event('object.aliased', '', Buffer.from('{}')))).toThrow(undecodable);
  });

  it.each(['a', 'a-b_c d', 'latest', 'v1', 'größe', '日本', 'x'.repeat(256), '\u{1d7d8}'.repeat(256)])(
    'tag %j',
    (tag) => expect(() => assertTag(tag)).not.toThrow(),
  );
  it.each(['', ' ', ' a', 'a ', 'a  b', 'a/b', 'a:b', 'a\n', 'a\tb', 'x'.repeat(257), '\ud800'])(
    'not the tag %j',
    (tag) => expect(() => assertTag(tag)).toThrow(invalid),
  );
  it.each([
    'a',
    'prod',
    'a b',
    ' a',
    'v',
    'v1x',
    'V1',
    'Latest',
    '#1',
    'x'.repeat(128),
    '\u{1f600}'.repeat(128),
  ])('alias %j', (alias) => expect(() => assertAlias(alias)).not.toThrow());
  it.each(['', ' ', '\n', 'a/b', 'a:b', 'v1', 'v007', 'latest', 'x'.repeat(129)])(
    'not the alias %j',
    (alias) => expect(() => assertAlias(alias)).toThrow(invalid),
  );
});
