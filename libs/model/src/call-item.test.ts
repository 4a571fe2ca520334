import { describe, expect, it } from '@jest/globals';
import { CallFramer } from './call-framer.ts';
import { findRefs, readCallItem, readFramedCall, type CallItemKind } from './call-item.ts';
import { parseInstant } from './time.ts';

const read = (kind: CallItemKind, item: object | string) =>
  readCallItem(kind, Buffer.from(typeof item === 'string' ? item : JSON.stringify(item)));
const utf8 = (bytes: Uint8Array | null | undefined) =>
  bytes == null ? bytes : Buffer.from(bytes).toString('utf8');

const START = { op_name: 'f', started_at: '2026-01-02T03:04:05.678901Z' };
const END = { ended_at: '2026-01-02T03:04:06Z' };
const FULL = {
  project_id: 'e/p',
  id: 'c1',
  trace_id: 't1',
  op_name: 'weave:///e/p/op/f:abc',
  display_name: 'F',
  parent_id: 'c0',
  thread_id: 'th',
  turn_id: 'tu',
  started_at: '2026-01-02T03:04:05.678901Z',
  attributes: { a: 1 },
  inputs: { x: 'weave:///e/p/object/d:1' },
  otel_dump: { s: 1 },
  wb_user_id: 'bob',
  wb_run_id: 'e/p/r',
  wb_run_step: 3,
  ended_at: '2026-01-02T03:04:06.000001+01:00',
  exception: 'boom',
  output: ['weave:///e/p/object/o:1'],
  summary: { usage: {} },
  wb_run_step_end: 4,
};

describe('readCallItem', () => {
  it('reads every member', () => {
    const item = read('call.completed', FULL);
    expect({ ...item, start: null, end: null }).toEqual({
      projectId: 'e/p',
      id: 'c1',
      traceId: 't1',
      userId: 'bob',
      start: null,
      end: null,
    });
    expect({
      ...item.start!,
      attributes: utf8(item.start!.attributes),
      inputs: utf8(item.start!.inputs),
      otelDump: utf8(item.start!.otelDump),
    }).toEqual({
      startedAtUs: parseInstant(FULL.started_at),
      traceId: 't1',
      parentId: 'c0',
      threadId: 'th',
      turnId: 'tu',
      opName: FULL.op_name,
      displayName: 'F',
      attributes: '{"a":1}',
      inputs: JSON.stringify(FULL.inputs),
      otelDump: '{"s":1}',
      userId: null,
      runId: 'e/p/r',
      runStep: 3,
      inputRefs: ['weave:///e/p/object/d:1'],
    });
    expect({ ...item.end!, output: utf8(item.end!.output), summary: utf8(item.end!.summary) }).toEqual({
      endedAtUs: parseInstant(FULL.ended_at),
      exception: 'boom',
      output: JSON.stringify(FULL.output),
      summary: '{"usage":{}}',
      runStepEnd: 4,
      outputRefs: ['weave:///e/p/object/o:1'],
    });
  });

  it('takes missing and null as not given', () => {
    const nulls = Object.fromEntries(Object.keys(FULL).map((name) => [name, null]));
    for (const item of [
      read('call.completed', { ...START, ...END }),
      read('call.completed', { ...nulls, ...START, ...END }),
    ]) {
      expect([item.projectId, item.id, item.traceId, item.userId]).toEqual([null, null, null, null]);
      expect({
        ...item.start!,
        attributes: utf8(item.start!.attributes),
        inputs: utf8(item.start!.inputs),
      }).toEqual({
        startedAtUs: parseInstant(START.started_at),
        traceId: '',
        parentId: null,
        threadId: null,
        turnId: null,
        opName: 'f',
        displayName: null,
        attributes: '{}',
        inputs: '{}',
        otelDump: null,
        userId: null,
        runId: null,
        runStep: null,
        inputRefs: [],
      });
      expect({ ...item.end!, output: utf8(item.end!.output), summary: utf8(item.end!.summary) }).toEqual({
        endedAtUs: parseInstant(END.ended_at),
        exception: null,
        output: 'null',
        summary: '{}',
        runStepEnd: null,
        outputRefs: [],
      });
    }
  });

  it('takes an empty exception for none', () => {
    expect(read('call.ended', { ...FULL, exception: '' }).end!.exception).toBeNull();
    expect(read('call.ended', { ...FULL, exception: ' ' }).end!.exception).toBe(' ');
  });

  it('reads the groups of its kind only', () => {
    expect(read('call.started', { ...FULL, ended_at: 5 }).end).toBeNull();
    expect(read('call.ended', { ...FULL, op_name: 5, inputs: 5 }).start).toBeNull();
  });

  it('takes the last of members with one name, and the payload bytes as they are', () => {
    const item = read(
      'call.started',
      ' {"op_name":"a","op_name" : "f","inputs":{"n":1.0}, "inputs": { "n" : 9007199254740993 } ,"started_at":"2026-01-02T03:04:05Z","\\u0069d":"c"} ',
    );
    expect([item.id, item.start!.opName, utf8(item.start!.inputs)]).toEqual([
      'c',
      'f',
      '{ "n" : 9007199254740993 }',
    ]);
  });

  it('does not copy payloads', () => {
    const bytes = Buffer.from(JSON.stringify({ ...START, inputs: { a: 1 } }));
    expect(readCallItem('call.started', bytes).start!.inputs.buffer).toBe(bytes.buffer);
  });

  it('bounds free names but not op refs', () => {
    expect(
      read('call.started', { ...START, op_name: 'x'.repeat(128), display_name: 'x'.repeat(1024) }).start!
        .opName,
    ).toHaveLength(128);
    expect(
      read('call.started', { ...START, op_name: `weave:///e/p/op/${'x'.repeat(128)}:abc` }).start,
    ).not.toBeNull();
  });

  const WRONG: [CallItemKind, object, string][] = [
    ['call.started', { op_name: undefined }, 'op_name: is required'],
    ['call.started', { op_name: 'x'.repeat(129) }, 'op_name: is longer than 128 characters'],
    ['call.started', { display_name: 'x'.repeat(1025) }, 'display_name: is longer than 1024 characters'],
    ['call.started', { started_at: undefined }, 'started_at: is required'],
    ['call.started', { started_at: '2026-02-30T00:00:00Z' }, 'started_at: must be an ISO 8601 time'],
    ['call.started', { started_at: 1767225600 }, 'started_at: must be a string'],
    ['call.ended', { ended_at: 'x' }, 'ended_at: must be an ISO 8601 time'],
    ['call.started', { wb_run_step: 1.5 }, 'wb_run_step: must be a whole number'],
    ['call.started', { wb_run_step: -1 }, 'wb_run_step: must be a whole number'],
    ['call.started', { wb_run_step: '1' }, 'wb_run_step: must be a whole number'],
    ['call.started', { wb_run_step: true }, 'wb_run_step: must be a whole number'],
    ['call.ended', { wb_run_step_end: 9007199254740993 }, 'wb_run_step_end: must be a whole number'],
    ['call.started', { id: '' }, 'id: must be 1 to 128 characters'],
    ['call.started', { id: 'x'.repeat(129) }, 'id: must be 1 to 128 characters'],
    ['call.started', { trace_id: 'a\nb' }, 'trace_id: must be 1 to 128 characters'],
    ...[
      'project_id',
      'id',
      'trace_id',
      'op_name',
      'display_name',
      'parent_id',
      'thread_id',
      'turn_id',
      'wb_run_id',
      'wb_user_id',
    ].map((name): [CallItemKind, object, string] => [
      'call.completed',
      { [name]: 5 },
      `${name}: must be a string`,
    ]),
    ...['inputs', 'attributes', 'summary'].map((name): [CallItemKind, object, string] => [
      'call.completed',
      { [name]: [] },
      `${name}: must be an object`,
    ]),
    ['call.ended', { exception: {} }, 'exception: must be a string'],
  ];
  it.each(WRONG)('%s with %j: %s', (kind, patch, message) => {
    expect(() => read(kind, { ...START, ...END, ...patch })).toThrow(message);
  });

  it.each(['', '[]', 'null', '"x"', '{} {}', '{"op_name":"f"', '{"inputs":{"a":[1,]}}'])(
    'refuses %j as not an object',
    (text) => {
      expect(() => read('call.started', text)).toThrow('not valid JSON');
    },
  );
});

describe('CallFramer', () => {
  it('reads a framed item as it reads the item alone', () => {
    const item = JSON.stringify(FULL);
    const framer = new CallFramer(Buffer.from(`[1, ${item} ]`));
    const framed = framer.frame(4);
    expect([utf8(framed.bytes), framed.end]).toEqual([item, 4 + item.length]);
    expect(JSON.stringify(readFramedCall('call.completed', framed))).toBe(
      JSON.stringify(read('call.completed', item)),
    );
  });

  it('says of other values that they are no objects', () => {
    const framed = new CallFramer(Buffer.from('[1]')).frame(1);
    expect(utf8(framed.bytes)).toBe('1');
    expect(() => readFramedCall('call.started', framed)).toThrow('must be an object');
  });
});

describe('findRefs', () => {
  const refs = (text: string) => findRefs(Buffer.from(text));
  it('finds refs at any depth, each once, in order', () => {
    expect(
      refs('{"a":["weave:///e/p/object/x:1",{"b":"weave:///e/p/op/f:2"}],"c":"weave:///e/p/object/x:1"}'),
    ).toEqual(['weave:///e/p/object/x:1', 'weave:///e/p/op/f:2']);
  });
  it('takes a whole value', () => expect(refs('"weave:///e/p/call/é"')).toEqual(['weave:///e/p/call/é']));
  it('unescapes', () =>
    expect(refs('["weave:///e/p/object/\\u0061\\/b:1"]')).toEqual(['weave:///e/p/object/a/b:1']));
  it.each([
    '{"weave:///e/p/object/x:1":1}',
    '{"weave:///e/p/object/x:1" : 1}',
    '["see weave:///e/p/object/x:1"]',
    '["\\"weave:///e/p/object/x:1\\""]',
    '["a\\\\", 1]',
    '{}',
  ])('finds none in %s', (text) => expect(refs(text)).toEqual([]));
  it('is not fooled by an escaped backslash before a ref', () => {
    expect(refs('["a\\\\","weave:///e/p/object/x:1"]')).toEqual(['weave:///e/p/object/x:1']);
  });
});
