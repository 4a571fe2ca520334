import { APICallError } from '@ai-sdk/provider';
import { describe, expect, it } from '@jest/globals';
import { toLlmError } from './errors.ts';

function answered(status: number, body: unknown, responseHeaders: Record<string, string> = {}) {
  const responseBody = typeof body === 'string' ? body : JSON.stringify(body);
  return toLlmError(
    new APICallError({
      message: 'm',
      url: 'u',
      requestBodyValues: {},
      statusCode: status,
      responseHeaders,
      responseBody,
    }),
    [],
  );
}

const google = (status: string, ...details: object[]) => ({
  error: { code: 429, message: 'm', status, details },
});
const quotaOf = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaMetric: 'generate_content_requests', quotaId }],
});
const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '38.2s' };

describe('the kind of a failure is told by codes, not by the status alone', () => {
  it.each([
    // OpenAI
    ['rate_limited', 429, { error: { type: 'requests', code: 'rate_limit_exceeded' } }],
    ['rate_limited', 429, { error: { type: 'tokens', code: null } }],
    ['rate_limited', 503, { error: { type: 'server_error', code: 'slow_down' } }],
    ['quota', 429, { error: { type: 'insufficient_quota', code: 'insufficient_quota' } }],
    ['quota', 429, { error: { type: 'requests', code: 'billing_hard_limit_reached' } }],
    ['quota', 400, { error: { type: 'invalid_request_error', code: 'billing_not_active' } }],
    ['unavailable', 500, { error: { type: 'server_error', code: null } }],
    ['refused', 400, { error: { type: 'invalid_request_error', code: 'context_length_exceeded' } }],
    ['refused', 404, { error: { type: 'invalid_request_error', code: 'model_not_found' } }],
    ['refused', 401, { error: { type: 'invalid_request_error', code: 'invalid_api_key' } }],
    // Azure
    ['rate_limited', 429, { error: { code: '429', message: 'retry after 3 seconds' } }],
    // Anthropic
    ['rate_limited', 429, { type: 'error', error: { type: 'rate_limit_error' } }],
    ['unavailable', 529, { type: 'error', error: { type: 'overloaded_error' } }],
    ['unavailable', 500, { type: 'error', error: { type: 'api_error' } }],
    ['quota', 402, { type: 'error', error: { type: 'billing_error' } }],
    ['timeout', 504, { type: 'error', error: { type: 'timeout_error' } }],
    // Gemini
    [
      'rate_limited',
      429,
      google('RESOURCE_EXHAUSTED', quotaOf('GenerateRequestsPerMinutePerProjectPerModel')),
    ],
    [
      'quota',
      429,
      google('RESOURCE_EXHAUSTED', quotaOf('GenerateRequestsPerDayPerProjectPerModel-FreeTier')),
    ],
    ['unavailable', 503, google('UNAVAILABLE')],
    ['timeout', 504, google('DEADLINE_EXCEEDED')],
    ['rate_limited', 429, [google('RESOURCE_EXHAUSTED')]],
    // Others
    ['quota', 402, 'Payment Required'],
    ['unavailable', 502, '<html>'],
    ['invalid', 200, 'no JSON'],
    ['rate_limited', 200, { error: { code: 429, message: 'm' } }],
    ['unavailable', 200, { error: { code: 502, message: 'm' } }],
    ['rate_limited', 429, ''],
  ])('%s: %d %j', (kind, status, body) => {
    expect(answered(status, body)).toMatchObject({ kind, status });
  });

  it.each([
    ['rate_limited', 429, 'ThrottlingException'],
    ['quota', 400, 'ServiceQuotaExceededException'],
    ['unavailable', 429, 'ModelNotReadyException'],
    ['timeout', 408, 'ModelTimeoutException'],
    ['refused', 400, 'ValidationException'],
    ['refused', 403, 'AccessDeniedException'],
  ])('%s: Bedrock, %d %s', (kind, status, type) => {
    expect(answered(status, { message: 'm' }, { 'x-amzn-errortype': type })).toMatchObject({ kind });
  });

  it('of a stream: by what the provider sent in place of a chunk', () => {
    expect(toLlmError({ type: 'error', error: { type: 'overloaded_error' } }, [])).toMatchObject({
      kind: 'unavailable',
    });
    expect(toLlmError({ message: 'm', code: 'insufficient_quota' }, [])).toMatchObject({ kind: 'quota' });
  });

  it.each([
    ['timeout', 'UND_ERR_CONNECT_TIMEOUT'],
    ['timeout', 'ETIMEDOUT'],
    ['unavailable', 'ECONNREFUSED'],
    ['unavailable', 'ENOTFOUND'],
    ['unavailable', 'UND_ERR_SOCKET'],
    ['invalid', 'UND_ERR_HEADERS_OVERFLOW'],
    ['invalid', 'HPE_INVALID_CONSTANT'],
  ])('%s: %s', (kind, code) => {
    const cause = Object.assign(new Error('x'), { code });
    expect(toLlmError(new TypeError('fetch failed', { cause }), [])).toMatchObject({
      kind,
      status: undefined,
    });
  });
});

describe('how long a provider wants to be left alone', () => {
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '120', 'retry-after': '1' }, 120],
    [{ 'retry-after': '-3' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '99999999' }, 86_400_000],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    [{ 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-tokens': '6m0s', 'x-ratelimit-remaining-tokens': '900' }, 1000],
    [{ 'x-ratelimit-reset-requests': '20ms', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-tokens': '6m0s', 'x-ratelimit-remaining-tokens': '0' }, 360_000],
    [{ 'x-ratelimit-reset-requests': '12ms', 'x-ratelimit-reset-tokens': '1h2m3s' }, 12],
    [{ 'x-ratelimit-reset': '5' }, 5000],
    [{ 'x-ratelimit-reset-tokens': '1; drop' }, undefined],
    [{}, undefined],
  ])('%j → %j ms', (headers, expected) => {
    expect(answered(429, { error: { code: 'rate_limit_exceeded' } }, headers).retryAfterMs).toBe(expected);
  }); // prettier-ignore

  it('is read from dates and instants', () => {
    const all: Record<string, string>[] = [
      { 'retry-after': inSeconds(30) },
      { 'x-ratelimit-reset': String(Date.now() + 30_000) },
      { 'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 30) },
    ];
    for (const headers of all) {
      const waitMs = answered(429, {}, headers).retryAfterMs;
      expect(waitMs).toBeGreaterThan(25_000);
      expect(waitMs).toBeLessThanOrEqual(31_000);
    }
  });

  it("is read from Google's details, and a limit's reset counts for nothing but limits", () => {
    expect(answered(429, google('RESOURCE_EXHAUSTED', retryInfo)).retryAfterMs).toBe(38_200);
    expect(answered(500, {}, { 'x-ratelimit-reset-requests': '1s' }).retryAfterMs).toBeUndefined();
    expect(answered(503, {}, { 'retry-after': '2' })).toMatchObject({
      kind: 'unavailable',
      retryAfterMs: 2000,
    });
  });
});
