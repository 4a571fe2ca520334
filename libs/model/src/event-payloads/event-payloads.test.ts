import { describe, expect, it } from '@jest/globals';
import {
  CHUNK_ROWS,
  cutTable,
  encodeCallUpdated,
  encodeFeedback,
  encodeProgress,
  encodeQueue,
  encodeQueueItem,
  encodeObject,
  encodeTable,
  NO_SCORED_SPAN,
  NO_SCORER_RESULT,
  objectEventId,
  readCallUpdatedEvent,
  readFeedbackEvent,
  readObjectEvent,
  readQueueEvent,
  readQueueItemEvent,
  readTableEvent,
  TABLE_EVENT_BYTES,
} from '../index.ts';
import type { EventKind, TraceEvent } from '../events.ts';
import { appendMembers } from '../json-members.ts';

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
  const inOne = (rowDigests: readonly string[]) => ({ rowDigests, chunks: [] });
  const row = (digest: string, val: string) => ({ digest, val: Buffer.from(val) });
  const readAll = (payloads: Uint8Array[]) =>
    payloads.map((payload) => readTableEvent(event('table.created', 't', payload)));

  it('keep rows and their order, sending each once', () => {
    const [table] = readAll(
      encodeTable({
        rows: [row('a', '{"x": 1.0}'), row('b', '{}'), row('a', '{"x": 1.0}')],
        chunks: [],
        order: inOne(['a', 'b', 'a']),
      }),
    );
    expect(table!.order).toEqual(inOne(['a', 'b', 'a']));
    expect(table!.rows.map(({ digest, val }) => [digest, utf8(val)])).toEqual([
      ['a', '{"x": 1.0}'],
      ['b', '{}'],
    ]);
  });

  it('may give the order only', () => {
    expect(readAll(encodeTable({ rows: [], chunks: [], order: inOne(['a', 'a']) }))).toEqual([
      { rows: [], chunks: [], order: inOne(['a', 'a']) },
    ]);
    expect(readAll(encodeTable({ rows: [], chunks: [], order: inOne([]) }))[0]!.order).toEqual(inOne([]));
  });

  it('split before an event grows over its size; a giant row travels alone', () => {
    const big = (digest: string, size: number) => row(digest, `{"x":"${'x'.repeat(size)}"}`);
    const third = Math.floor(TABLE_EVENT_BYTES / 3);
    const tables = readAll(
      encodeTable({
        rows: [
          big('a', third),
          big('b', third),
          big('c', third),
          big('d', TABLE_EVENT_BYTES * 2),
          big('e', 1),
        ],
        chunks: [],
        order: inOne(['a', 'b', 'c', 'd', 'e']),
      }),
    );
    expect(tables.map((table) => table.rows.map(({ digest }) => digest))).toEqual([
      ['a', 'b'],
      ['c'],
      ['d'],
      ['e'],
    ]);
    expect(tables.map((table) => table.order !== null)).toEqual([false, false, false, true]);
  });

  it('give a long order in chunks, those of the same rows once', () => {
    const piece = (name: string) => Array.from({ length: CHUNK_ROWS }, (_, i) => `${name}${i}`);
    const rowDigests = [...piece('a'), ...piece('b'), ...piece('a'), 'end'];
    const cut = cutTable(rowDigests, (digests) => `chunk of ${digests[0]} to ${digests.at(-1)}`);
    const [table, ...more] = readAll(encodeTable({ rows: [row('a0', '{}')], ...cut })).toReversed();
    expect(table!.chunks.map((chunk) => chunk.rowDigests.length)).toEqual([CHUNK_ROWS, CHUNK_ROWS, 1]);
    expect(more).toEqual([{ rows: [{ digest: 'a0', val: Buffer.from('{}') }], chunks: [], order: null }]);
    const byDigest = new Map(table!.chunks.map((chunk) => [chunk.digest, chunk.rowDigests]));
    expect(table!.order!.chunks.flatMap(({ digest }) => byDigest.get(digest)!)).toEqual(rowDigests);
    expect(table!.order).toEqual(cut.order);
  });

  it('of as many rows as fit a chunk need none', () => {
    const rowDigests = Array.from({ length: CHUNK_ROWS }, String);
    expect(cutTable(rowDigests, () => 'x')).toEqual({ order: inOne(rowDigests), chunks: [] });
  });

  it.each([
    '"chunks":[["a"]]',
    '"chunks":[["a",5]]',
    '"order":[["a"]]',
    '"order":[[5,5]]',
    '"order":{}',
    '"row_digests":[5]',
  ])('refuse %s as undecodable', (member) => {
    const payload = Buffer.from(`{"rows":[],${member}}`);
    expect(() => readTableEvent(event('table.created', 't', payload))).toThrow(
      expect.objectContaining({ code: 'undecodable_event' }),
    );
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
      queueId: null,
      scorer: NO_SCORER_RESULT,
      span: NO_SCORED_SPAN,
    });
  });

  const scored = (members: object) =>
    readFeedbackEvent(
      event(
        'feedback.created',
        'f1',
        Buffer.from(
          JSON.stringify({
            weave_ref: 'weave:///e/p/agent_turn/t1',
            feedback_type: 'wandb.agent_monitor',
            payload: {},
            ...members,
          }),
        ),
      ),
    );

  it('reads what scorers said', () => {
    const read = scored({
      queue_id: 'q',
      scorer_tags: ['a'],
      scorer_tag_reasons: { a: 'why', ['__proto__']: 'x' },
      scorer_ratings: { r: 0.5 },
      span_status_code: null,
      scorer_trace_id: 's',
    });
    expect(read.queueId).toBe('q');
    expect(read.scorer).toEqual({
      ...NO_SCORER_RESULT,
      tags: ['a'],
      tagReasons: [
        ['a', 'why'],
        ['__proto__', 'x'],
      ],
      ratings: [['r', 0.5]],
      traceId: 's',
    });
    expect(read.span).toEqual({ ...NO_SCORED_SPAN, traceId: 't1' });
  });

  it('takes the turn or conversation out of the ref, unless it was sent', () => {
    const span = (weave_ref: string, members = {}) => scored({ weave_ref, ...members }).span;
    expect(span('weave:///e/p/agent_conversation/a%2Fb')).toEqual({
      ...NO_SCORED_SPAN,
      conversationId: 'a/b',
    });
    expect(span('weave:///e/p/agent_turn/t', { span_trace_id: 'own' }).traceId).toBe('own');
    expect(span('weave:///e/p/agent_turn/t', { feedback_type: 'custom' })).toEqual(NO_SCORED_SPAN);
  });

  it.each([
    { scorer_ratings: { r: '0.5' } },
    { scorer_tag_reasons: { a: 1 } },
    { scorer_tags: [1] },
    { scorer_tags: 't' },
    { scorer_ratings: [] },
  ])('refuses %j', (members) => {
    expect(() => scored(members)).toThrow(expect.objectContaining({ code: 'undecodable_event' }));
  });
});

describe('annotation queues', () => {
  const AT = 1_767_323_045_678_901;
  it.each([null, AT + 1])('keep a queue deleted at %j', (deletedAtUs) => {
    const queue = {
      name: 'n', description: '', scorerRefs: ['r'], createdBy: 'ann', createdAtUs: AT, updatedAtUs: AT + 1, deletedAtUs,
    }; // prettier-ignore
    expect(readQueueEvent(event('queue.saved', 'q', encodeQueue(queue)))).toEqual(queue);
  });

  it('keep items and the progress of annotators', () => {
    const item = {
      queueId: 'q', callId: 'c', callOpName: 'op', callTraceId: 't', callStartedAtUs: AT, callEndedAtUs: null, displayFields: ['inputs.x'],
      addedBy: 'ann', createdAtUs: AT,
    }; // prettier-ignore
    const progress = { queueId: 'q', annotator: 'bob', state: 'skipped', updatedAtUs: AT } as const;
    expect(readQueueItemEvent(event('queue_item.saved', 'i', encodeQueueItem(item)))).toEqual({ item });
    expect(readQueueItemEvent(event('queue_item.saved', 'i', encodeProgress(progress)))).toEqual({
      progress,
    });
  });

  it.each(['{}', '{"queue_id":"q","progress":{"state":"unstarted","updated_at":"2026-01-02T03:04:05Z"}}'])(
    'refuse the payload %s as undecodable',
    (text) => {
      expect(() => readQueueItemEvent(event('queue_item.saved', 'i', Buffer.from(text)))).toThrow(
        expect.objectContaining({ code: 'undecodable_event' }),
      );
    },
  );
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
