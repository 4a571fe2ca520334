import { describe, expect, it } from '@jest/globals';
import type { AppError } from '@weft/model';
import { callsOf, jsonBody, readable, requestJson, spanJson, spansOf, split } from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';

const IDS = { traceId: '0102030405060708090A0B0C0D0E0F10', spanId: 'AABBCCDDEEFF0011' };
const one = (span: Record<string, unknown>): ReturnType<typeof spansOf>[number] =>
  spansOf(jsonBody(requestJson([span])), 'json')[0]!;

describe('OTLP/JSON', () => {
  it.each(TRACE_FIXTURES)('gives for %s the calls that protobuf gives', (name) => {
    const fromJson = callsOf(fixture(`${name}.json`), 'json').map(readable);
    expect(fromJson).toEqual(callsOf(fixture(`${name}.bin`), 'protobuf').map(readable));
  });

  it('takes ids in any case, and the base64 that generic printers make', () => {
    const { traceId, spanId } = one(spanJson({}, { ...IDS, parentSpanId: 'AABBCCDDEEFF0022' }));
    expect([traceId, spanId]).toEqual([IDS.traceId.toLowerCase(), IDS.spanId.toLowerCase()]);
    const base64 = one(
      spanJson(
        {},
        {
          traceId: Buffer.from(IDS.traceId, 'hex').toString('base64'),
          spanId: Buffer.from(IDS.spanId, 'hex').toString('base64'),
        },
      ),
    );
    expect([base64.traceId, base64.spanId]).toEqual([traceId, spanId]);
  });

  it('takes enum names, and keeps unknown numbers', () => {
    expect(
      one(spanJson({}, { kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_ERROR' } })),
    ).toMatchObject({
      kind: 3,
      statusCode: 2,
    });
    expect(one(spanJson({}, { kind: 9, status: { code: 7 } }))).toMatchObject({ kind: 9, statusCode: 7 });
  });

  it('keeps 64-bit numbers exact, as strings and as numbers', () => {
    const body = Buffer.from(
      JSON.stringify(requestJson([spanJson({ big: 1, text: '"intValue": 9007199254740993' })]))
        .replace('"intValue":"1"', '"intValue" : 9007199254740993')
        .replace('"1767225600000000000"', '1767225600000000001'),
    );
    const [span] = spansOf(body, 'json');
    expect(span!.attributes.get('big')).toBe(9007199254740993n);
    expect(span!.attributes.get('text')).toBe('"intValue": 9007199254740993');
    expect(span!.start).toEqual({ us: 1767225600000000, ns: 1 });
  });

  it('takes doubles, bytes, absent values and lists without members', () => {
    const span = one(
      spanJson([], {
        attributes: [
          { key: 'nan', value: { doubleValue: 'NaN' } },
          { key: 'inf', value: { doubleValue: '-Infinity' } },
          { key: 'bytes', value: { bytesValue: 'AAH+/w==' } },
          { key: 'empty', value: { arrayValue: {} } },
          { key: 'null', value: null },
          { key: 'none' },
          { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { boolValue: true } }] } } },
          { key: 'odd', value: { intValue: 'twelve' } },
        ],
        events: null,
        unknownMember: { a: 1 },
      }),
    );
    const get = (key: string): unknown => span.attributes.get(key);
    expect(get('nan')).toBeNaN();
    expect(get('inf')).toBe(-Infinity);
    expect(Buffer.from(get('bytes') as Uint8Array).toString('hex')).toBe('0001feff');
    expect(get('empty')).toEqual([]);
    expect(get('null')).toBeNull();
    expect(get('none')).toBeNull();
    expect(get('map')).toMatchObject({ keys: ['k'], values: [true] });
    expect(get('odd')).toBe('twelve');
  });

  it('takes attributes as a plain object', () => {
    const span = one(
      spanJson([], {
        attributes: { a: 'x', n: 3, list: ['y', 1.5], any: { stringValue: 'z' }, deep: { k: null } },
      }),
    );
    expect(span.attributes.keys).toEqual(['a', 'n', 'list', 'any', 'deep']);
    expect(span.attributes.values).toMatchObject(['x', 3, ['y', 1.5], 'z', { keys: ['k'], values: [null] }]);
  });

  it('rejects only the span that cannot be read', () => {
    const spans = [
      spanJson(),
      'no span',
      spanJson({}, { startTimeUnixNano: 'yesterday', name: 'late' }),
      spanJson({}, { events: 5 }),
    ];
    const result = split(jsonBody(requestJson(spans as Record<string, unknown>[])), 'json');
    expect(result.spanCount).toBe(1);
    expect(result.rejectedSpans).toBe(3);
    expect(result.rejected[1]).toMatchObject({
      name: 'late',
      reason: expect.stringContaining('nanoseconds'),
    });
  });

  it.each(['{', '[]', '"x"', '{"resourceSpans":{}}', '{"resourceSpans":[1]}', '{"resourceMetrics":[]}'])(
    'refuses %s with invalid_request and without quoting it',
    (text) => {
      let code = '';
      try {
        split(Buffer.from(text), 'json');
      } catch (error) {
        code = (error as AppError).code;
      }
      expect(code).toBe('invalid_request');
    },
  );
});
