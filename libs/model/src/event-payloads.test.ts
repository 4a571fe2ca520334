import { describe, expect, it } from '@jest/globals';
import {
  encodeCallUpdated,
  encodeFeedback,
  encodeObject,
  encodeTable,
  objectEventId,
  readCallUpdatedEvent,
  readFeedbackEvent,
  readObjectEvent,
  readTableEvent,
  TABLE_EVENT_BYTES,
} from './event-payloads.ts';
import type { EventKind, TraceEvent } from './events.ts';
import { appendMembers } from './json-members.ts';

const event = (kind: EventKind, id: string, payload: Uint8Array): TraceEvent => ({
  kind,
  projectId: 'e/p',
  id,
  userId: '',
  receivedAtUs: 0,
  note: '',
  payload,
});
const utf8 = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

describe('objects', () => {
  it.each(['{"a": 1.0 ,"val":2,"r":"weave:///e/p/object/x:1"}', 'null', '"val"', '[1e400]'])(
    'keep %s',
    (val) => {
      const payload = encodeObject({
        kind: 'object',
        baseObjectClass: 'Model',
        leafObjectClass: 'Mi"ne',
        val: Buffer.from(val),
      });
      const read = readObjectEvent(
        event('object.created', objectEventId('name.with:colon', 'digest'), payload),
      );
      expect({ ...read, val: utf8(read.val), refs: read.refs.length }).toEqual({
        objectId: 'name.with:colon',
        digest: 'digest',
        kind: 'object',
        baseObjectClass: 'Model',
        leafObjectClass: 'Mi"ne',
        val,
        refs: val.includes('weave:') ? 1 : 0,
      });
    },
  );

  it('are told as deleted without a value', () => {
    const payload = encodeObject({ kind: 'op', baseObjectClass: null, leafObjectClass: null, val: null });
    expect(readObjectEvent(event('object.deleted', 'x:d', payload))).toEqual({
      objectId: 'x',
      digest: 'd',
      kind: 'op',
      baseObjectClass: null,
      leafObjectClass: null,
      val: new Uint8Array(),
      refs: [],
    });
  });

  it.each(['', '{}', '{"kind":"what"}', '{"kind":5}', 'x'])(
    'refuse the payload %j as undecodable',
    (text) => {
      expect(() => readObjectEvent(event('object.created', 'x:d', Buffer.from(text)))).toThrow(
        expect.objectContaining({ code: 'undecodable_event' }),
      );
    },
  );
});

describe('tables', () => {
  const row = (digest: string, val: string) => ({ digest, val: Buffer.from(val) });
  const readAll = (payloads: Uint8Array[]) =>
    payloads.map((payload) => readTableEvent(event('table.created', 't', payload)));

  it('keep rows and their order, sending each once', () => {
    const [table] = readAll(
      encodeTable([row('a', '{"x": 1.0}'), row('b', '{}'), row('a', '{"x": 1.0}')], ['a', 'b', 'a']),
    );
    expect(table!.rowDigests).toEqual(['a', 'b', 'a']);
    expect(table!.rows.map(({ digest, val }) => [digest, utf8(val)])).toEqual([
      ['a', '{"x": 1.0}'],
      ['b', '{}'],
    ]);
  });

  it('may give the order only', () => {
    expect(readAll(encodeTable([], ['a', 'a']))).toEqual([{ rows: [], rowDigests: ['a', 'a'] }]);
  });

  it('split before an event grows over its size; a giant row travels alone', () => {
    const big = (digest: string, size: number) => row(digest, `{"x":"${'x'.repeat(size)}"}`);
    const third = Math.floor(TABLE_EVENT_BYTES / 3);
    const tables = readAll(
      encodeTable(
        [big('a', third), big('b', third), big('c', third), big('d', TABLE_EVENT_BYTES * 2), big('e', 1)],
        ['a', 'b', 'c', 'd', 'e'],
      ),
    );
    expect(tables.map((table) => table.rows.map(({ digest }) => digest))).toEqual([
      ['a', 'b'],
      ['c'],
      ['d'],
      ['e'],
    ]);
    expect(tables.map((table) => table.rowDigests !== null)).toEqual([false, false, false, true]);
  });

  it.each([
    '',
    '{}',
    '{"digests":["a"],"rows":[]}',
    '{"digests":[5],"rows":[{}]}',
    '{"digests":"a","rows":[{}]}',
  ])('refuse the payload %j as undecodable', (text) => {
    expect(() => readTableEvent(event('table.created', 't', Buffer.from(text)))).toThrow(
      expect.objectContaining({ code: 'undecodable_event' }),
    );
  });
});

describe('feedback', () => {
  it('keeps the request and what the server decided', () => {
    const request = Buffer.from(
      '{"weave_ref":"r","feedback_type":"t","payload":{"n": 1.0},"id":null,"extra":[1.0]} ',
    );
    const payload = encodeFeedback(request, {
      id: 'f1',
      createdAtUs: 1_767_323_045_678_901,
      payload: Buffer.from('{"n": 1.0,"m":2}'),
    });
    expect(utf8(payload)).toBe(
      '{"weave_ref":"r","feedback_type":"t","payload":{"n": 1.0},"id":null,"extra":[1.0],"id":"f1","created_at":"2026-01-02T03:04:05.678901Z","payload":{"n": 1.0,"m":2}} ',
    );
    const read = readFeedbackEvent(event('feedback.created', 'f1', payload));
    expect({ ...read, payload: utf8(read.payload) }).toEqual({
      weaveRef: 'r',
      feedbackType: 't',
      creator: null,
      payload: '{"n": 1.0,"m":2}',
      annotationRef: null,
      runnableRef: null,
      callRef: null,
      triggerRef: null,
    });
  });
});

describe('call updates', () => {
  it.each(['', 'n"ame', '\ud83d'])('keep the name %j', (displayName) => {
    expect(readCallUpdatedEvent(event('call.updated', 'c', encodeCallUpdated({ displayName })))).toEqual({
      displayName,
    });
  });
});

describe('appendMembers', () => {
  it.each([
    ['{}', '{"a":1}'],
    [' { } ', ' { "a":1} '],
    ['{"b":"}"}', '{"b":"}","a":1}'],
    ['{"b":{}\n}\n', '{"b":{}\n,"a":1}\n'],
  ])('%j becomes %j', (json, expected) => {
    expect(utf8(appendMembers(Buffer.from(json), { a: '1' }))).toBe(expected);
  });
});
