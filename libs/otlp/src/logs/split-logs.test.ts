import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { mulberry32, mutate } from '@weft/testkit';
import { jsonBody, SPAN, spanJson, protobufBody, requestJson, TRACE } from '../testing/build.ts';
import { LOG_FIXTURES, logsJson, recordJson, splitLogs } from '../testing/build-logs.ts';
import { fixture, TRACE_FIXTURES } from '../testing/fixtures.ts';
import { splitTraceRequest } from '../split.ts';
import { contentOfLogs } from './content-of-logs.ts';
import { readLogs } from './read-logs.ts';

const refusal = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('was accepted');
};
const splitRecords = (records: object[], options = {}, resource = {}) =>
  splitLogs(jsonBody(logsJson(records as never, resource)), 'json', options);
const otherTrace = 'f'.repeat(32);

describe('splitLogsRequest', () => {
  it.each(LOG_FIXTURES)('keeps all of %s, the same from both encodings', (name) => {
    const of = (extension: string, encoding: 'json' | 'protobuf') => {
      const { groups, ...counts } = splitLogs(fixture(`${name}.${extension}`), encoding);
      const records = groups.flatMap(({ payload }) => readLogs(payload).logs);
      return { projects: groups.map(({ projectId }) => projectId), counts, records };
    };
    const fromProtobuf = of('bin', 'protobuf');
    expect(fromProtobuf.records.length).toBe(name.startsWith('openlit') ? 1 : 3);
    expect(fromProtobuf.counts).toMatchObject({
      keptRecords: fromProtobuf.records.length,
      ignoredRecords: 0,
      rejectedRecords: 0,
      rejected: [],
      warnings: [],
    });
    expect(of('json', 'json')).toEqual(fromProtobuf);
  });

  it('hands the body itself on when all of it goes one way', () => {
    const body = fixture('otel-genai-chat-logs.bin');
    expect(splitLogs(body, 'protobuf').groups.map(({ payload }) => payload.buffer === body.buffer)).toEqual([
      true,
    ]);
  });

  it.each<[string, object]>([
    ['the field of the event name', recordJson('gen_ai.choice')],
    ['the attribute event.name', recordJson('', null, { attributes: { 'event.name': 'gen_ai.choice' } })],
    ['the attribute event_name', recordJson('', null, { attributes: { event_name: 'gen_ai.choice' } })],
    ['a body that is the name', recordJson('', 'gen_ai.client.inference.operation.details')],
    ['an attribute of the conventions', recordJson('', 'hi', { attributes: { 'gen_ai.system': 'x' } })],
    ['a member of the body', recordJson('', { 'gen_ai.input.messages': [] })],
    ['a name in the body', recordJson('', { 'event.name': 'gen_ai.user.message', content: 'x' })],
  ])('keeps a record known by %s', (_, record) => {
    expect(splitRecords([record])).toMatchObject({ keptRecords: 1, ignoredRecords: 0 });
  });

  it('ignores what says nothing of a model, and what belongs to no span', () => {
    const result = splitRecords([
      recordJson('', 'listening on gen_ai.port 80'),
      recordJson('http.request', { path: '/gen_ai.' }, { attributes: { 'x.gen_ai.system': 'x' } }),
      recordJson('gen_ai.choice', 'x', { traceId: '', spanId: '' }),
      recordJson('gen_ai.choice', 'x', { traceId: '0'.repeat(32), spanId: '0'.repeat(16) }),
      recordJson('gen_ai.choice', 'x', { spanId: null }),
    ]);
    expect(result).toMatchObject({ keptRecords: 0, ignoredRecords: 5, rejectedRecords: 0, groups: [] });
    expect(result.warnings).toEqual([expect.stringContaining('3 GenAI records have no trace id')]);
    expect(splitRecords([recordJson('', 'plain')], { headerProject: null })).toMatchObject({
      ignoredRecords: 1,
    });
  });

  it('rejects singly what has half an id, is no record, or goes nowhere', () => {
    const result = splitLogs(
      jsonBody({
        resourceLogs: [
          ...(logsJson([
            recordJson('gen_ai.choice', 'x'),
            recordJson('gen_ai.choice', 'x', { traceId: 'abcd' }),
            5 as never,
            recordJson('gen_ai.choice', 'x', { timeUnixNano: 'now' }),
          ])['resourceLogs'] as object[]),
          ...(logsJson([recordJson('gen_ai.choice')], { 'wandb.entity': 'a b/c', 'wandb.project': 'p' })[
            'resourceLogs'
          ] as object[]),
        ],
      }),
      'json',
    );
    expect(result).toMatchObject({ keptRecords: 1, rejectedRecords: 4, ignoredRecords: 0 });
    expect(result.rejected).toEqual([
      { reason: expect.stringContaining('expected an object') },
      {
        reason: expect.stringContaining('a time is not'),
        name: 'gen_ai.choice',
        traceId: TRACE,
        spanId: SPAN,
      },
      {
        reason: expect.stringContaining('invalid trace id'),
        name: 'gen_ai.choice',
        traceId: 'abcd',
        spanId: SPAN,
      },
      {
        reason: expect.stringContaining('wandb.entity'),
        name: 'gen_ai.choice',
        traceId: TRACE,
        spanId: SPAN,
      },
    ]);
    const cut = protobufWith(Buffer.from('2a050aff', 'hex'), Buffer.from('2a030a0161', 'hex'));
    const partly = splitLogs(cut, 'protobuf');
    expect(partly).toMatchObject({ rejectedRecords: 1, ignoredRecords: 1 });
    expect(partly.rejected[0]!.reason).toContain('not a valid OTLP logs request');
  });

  it('routes by resource, then header, then default, and groups by trace or by the key of the caller', () => {
    const records = [recordJson('gen_ai.choice'), recordJson('gen_ai.choice', 'x', { traceId: otherTrace })];
    const routed = { 'wandb.entity': 'e', 'wandb.project': 'p' };
    const places = (result: ReturnType<typeof splitRecords>) =>
      result.groups.map(({ projectId, traceId, recordCount }) => [projectId, traceId, recordCount]);
    expect(places(splitRecords(records, {}, routed))).toEqual([
      ['e/p', TRACE, 1],
      ['e/p', otherTrace, 1],
    ]);
    const options = { headerProject: 'a%2Fb', groupOf: () => 'all' };
    expect(places(splitRecords(records, options))).toEqual([['a/b', TRACE, 2]]);
    expect(places(splitRecords(records.slice(1), { headerProject: null, defaultProject: 'd/p' }))).toEqual([
      ['d/p', otherTrace, 1],
    ]);
    expect(refusal(() => splitRecords(records, { headerProject: null })).message).toContain('no project');
  });

  it('names the path of another signal', () => {
    for (const name of TRACE_FIXTURES) {
      for (const [extension, encoding] of [
        ['bin', 'protobuf'],
        ['json', 'json'],
      ] as const) {
        const body = fixture(`${name}.${extension}`);
        const isEmpty = splitTraceRequestOrNull(body, encoding);
        if (isEmpty) continue;
        const error = refusal(() => splitLogs(body, encoding));
        expect([name, error.code, error.message]).toEqual([
          name,
          'invalid_request',
          expect.stringContaining('/otel/v1/traces'),
        ]);
      }
    }
    const body = protobufBody(requestJson([spanJson({}, { startTimeUnixNano: 0, endTimeUnixNano: 0 })]));
    expect(refusal(() => splitLogs(body, 'protobuf')).message).toContain('/otel/v1/traces');
    const metric = protobufWith(Buffer.from('0a08726571756573747312017a', 'hex'));
    expect(refusal(() => splitLogs(metric, 'protobuf')).message).toContain('/otel/v1/metrics');
    expect(refusal(() => splitLogs(jsonBody({ resourceMetrics: [] }), 'json')).message).toContain(
      '/otel/v1/metrics',
    );
  });

  it('reads an empty request, and refuses one that is none', () => {
    for (const encoding of ['json', 'protobuf'] as const)
      expect(splitLogs(Buffer.alloc(0), encoding)).toMatchObject({ keptRecords: 0, groups: [] });
    expect(refusal(() => splitLogs(Buffer.from('nope'), 'json')).code).toBe('invalid_request');
    expect(refusal(() => splitLogs(Buffer.from([0x0a, 0xff]), 'protobuf')).message).toContain(
      'OTLP logs request',
    );
  });

  it('refuses, or keeps whole records of, a request that is cut off anywhere', () => {
    for (const [name, encoding, extension] of LOG_FIXTURES.flatMap(
      (name) =>
        [
          [name, 'json', 'json'],
          [name, 'protobuf', 'bin'],
        ] as const,
    )) {
      const body = fixture(`${name}.${extension}`);
      for (let end = 0; end < body.length; end++) {
        try {
          const { groups, keptRecords } = splitLogs(body.subarray(0, end), encoding);
          const read = groups.map(({ payload }) => readLogs(payload));
          expect(read.flatMap(({ rejected }) => rejected)).toEqual([]);
          expect(read.flatMap(({ logs }) => logs).length).toBe(keptRecords);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
        }
      }
    }
  });

  it.each(['json', 'protobuf'] as const)(
    'keeps nothing of a broken %s request that the writer cannot read',
    (encoding) => {
      const random = mulberry32(encoding.length);
      const bodies = LOG_FIXTURES.map((name) => fixture(`${name}.${encoding === 'json' ? 'json' : 'bin'}`));
      let kept = 0;
      for (let round = 0; round < 2000; round++) {
        const body = mutate(bodies[round % 2]!, bodies[(round + 1) % 2]!, encoding, random);
        try {
          const { groups, keptRecords } = splitLogs(body, encoding);
          const read = groups.map(({ payload }) => readLogs(payload));
          expect(read.flatMap(({ rejected }) => rejected)).toEqual([]);
          const content = contentOfLogs(read.flatMap(({ logs }) => logs.map(({ log }) => log)));
          for (const json of [content.inputs, content.output])
            if (json !== null) JSON.parse(Buffer.from(json).toString());
          kept += keptRecords;
        } catch (error) {
          if (!(error instanceof AppError))
            throw new Error(`round ${round}: ${body.toString('base64')}`, { cause: error });
        }
      }
      expect(kept).toBeGreaterThan(100);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    60_000,
  );

  it('rejects a record that is too large to be stored', () => {
    const text = '\u0001'.repeat(2 * 1024 * 1024);
    const result = splitRecords([recordJson('gen_ai.choice', text), recordJson('gen_ai.choice', 'x')]);
    expect(result).toMatchObject({ keptRecords: 1, rejectedRecords: 1 });
    expect(result.rejected[0]!.reason).toContain('larger than');
    expect(splitRecords([recordJson('gen_ai.choice', 'x'.repeat(7 * 1024 * 1024))]).keptRecords).toBe(1);
  });

  it('reads what lenient senders write', () => {
    const strict = recordJson(
      'gen_ai.user.message',
      { content: 'hi', n: 5 },
      { attributes: [{ key: 'a', value: { doubleValue: 'NaN' } }] },
    );
    const lenient = {
      ...strict,
      traceId: Buffer.from(TRACE, 'hex').toString('base64'),
      spanId: SPAN.toUpperCase(),
      severityNumber: 'SEVERITY_NUMBER_INFO',
      body: { content: 'hi', n: 5 },
      unknown: { x: 1 },
      severityText: null,
    };
    const text = JSON.stringify(logsJson([lenient])).replace(
      /"((?:observedT|t)imeUnixNano)":"(\d+)"/g,
      '"$1":$2',
    );
    expect(text).toContain('"timeUnixNano":1767225600000000001');
    const payload = (body: Buffer) => Buffer.from(splitLogs(body, 'json').groups[0]!.payload).toString('hex');
    expect(payload(Buffer.from(text))).toBe(payload(jsonBody(logsJson([strict]))));
  });
});

function splitTraceRequestOrNull(body: Buffer, encoding: 'json' | 'protobuf'): boolean {
  return splitTraceRequest(body, { encoding, headerProject: 'a/b' }).spanCount === 0;
}

/** One resource with these items, as they are. */
function protobufWith(...items: Buffer[]): Buffer {
  const framed = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
  return framed(0x0a, framed(0x12, Buffer.concat(items.map((item) => framed(0x12, item)))));
}
