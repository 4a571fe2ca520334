import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs';
import { describeRejected, encodeExportResponse, encodeStatus, encodingOf } from './responses.ts';
import { ExportTraceServiceResponse } from './testing/oracle.ts';

const { root } = protobuf.parse(`syntax = "proto3"; package google.rpc;
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message RetryInfo { message Duration { int64 seconds = 1; int32 nanos = 2; } Duration retry_delay = 1; }
  message BadRequest { message FieldViolation { string field = 1; string description = 2; } repeated FieldViolation field_violations = 1; }`);
const json = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

describe('encodeExportResponse', () => {
  it('leaves partial_success unset when everything was accepted', () => {
    expect(encodeExportResponse('protobuf', 'traces', { rejected: 0 })).toHaveLength(0);
    expect(encodeExportResponse('json', 'traces', { rejected: 0, errorMessage: '' }).toString()).toBe('{}');
  });

  it.each([
    [
      { rejected: 2, errorMessage: 'why' },
      { rejectedSpans: '2', errorMessage: 'why' },
    ],
    [{ rejected: 0, errorMessage: 'a warning' }, { errorMessage: 'a warning' }],
    [{ rejected: 3_000_000_000 }, { rejectedSpans: '3000000000' }],
  ])('encodes %j', (given, partialSuccess) => {
    expect(json(encodeExportResponse('json', 'traces', given))).toEqual({ partialSuccess });
    const message = ExportTraceServiceResponse.decode(encodeExportResponse('protobuf', 'traces', given));
    expect(message.toJSON()).toEqual({ partialSuccess });
  });
});

it.each([
  ['logs', { rejectedLogRecords: '3' }],
  ['metrics', { rejectedDataPoints: '3' }],
] as const)('names the count of %s as their response does', (signal, partialSuccess) => {
  expect(json(encodeExportResponse('json', signal, { rejected: 3 }))).toEqual({ partialSuccess });
  expect([...encodeExportResponse('protobuf', signal, { rejected: 3 })]).toEqual([0x0a, 2, 0x08, 3]);
});

describe('encodeStatus', () => {
  it('is a google.rpc.Status with BadRequest details', () => {
    const fieldViolations = [{ field: 'body', description: 'not valid JSON' }];
    const given = { code: 3, message: 'bad', fieldViolations };
    const status = root.lookupType('google.rpc.Status').decode(encodeStatus('protobuf', given)) as never as {
      code: number;
      message: string;
      details: { type_url?: string; typeUrl?: string; value: Uint8Array }[];
    };
    expect([status.code, status.message]).toEqual([3, 'bad']);
    expect(status.details[0]!.typeUrl ?? status.details[0]!.type_url).toBe(
      'type.googleapis.com/google.rpc.BadRequest',
    );
    expect(root.lookupType('google.rpc.BadRequest').decode(status.details[0]!.value).toJSON()).toEqual({
      fieldViolations,
    });
    expect(json(encodeStatus('json', given))).toEqual({
      code: 3,
      message: 'bad',
      details: [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations }],
    });
    expect(json(encodeStatus('json', { code: 16, message: 'who?' }))).toEqual({ code: 16, message: 'who?' });
  });

  it('says when to try again', () => {
    const given = { code: 14, message: 'later', retryDelaySeconds: 3 };
    expect(json(encodeStatus('json', given))).toEqual({
      code: 14,
      message: 'later',
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '3s' }],
    });
    const { details } = root
      .lookupType('google.rpc.Status')
      .decode(encodeStatus('protobuf', given)) as never as { details: { value: Uint8Array }[] };
    const info = root.lookupType('google.rpc.RetryInfo').decode(details[0]!.value).toJSON();
    expect(info).toEqual({ retryDelay: { seconds: '3' } });
  });
});

describe('describeRejected', () => {
  it('words twenty reasons and says when there are more', () => {
    const one = { reason: 'invalid span id', name: 'n', traceId: 'ab', spanId: '' };
    expect(describeRejected([one], 1)).toBe("Rejected span (name='n' trace_id='ab'): invalid span id");
    const text = describeRejected(
      Array.from({ length: 30 }, () => ({ reason: 'r' })),
      30,
    );
    expect(text.match(/Rejected span: r/g)).toHaveLength(20);
    expect(text.endsWith('; ...')).toBe(true);
  });
});

describe('encodingOf', () => {
  it.each([
    ['application/x-protobuf', 'protobuf'],
    ['Application/Protobuf', 'protobuf'],
    ['application/json; charset=utf-8', 'json'],
    ['text/plain', null],
    ['', null],
    [undefined, null],
  ])('%s is %s', (contentType, encoding) => {
    expect(encodingOf(contentType)).toBe(encoding);
  });
});
