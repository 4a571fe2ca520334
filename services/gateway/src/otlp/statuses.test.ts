import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { encodeStatus } from '@weft/otlp';
import { answerOf, startGateway, type Answer, type GatewayServer } from '../testing/gateway-server.ts';
import { readStatus } from '../testing/rpc-status.ts';
import { rpcStatusOf } from './rpc-status.ts';

let gateway: GatewayServer;
afterEach(() => gateway?.stop());

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
const PROJECT = { project_id: 'e/p' };
const ANN = { user: { name: 'ann', projects: ['e/p', 'e/r'] } };

describe.each([
  ['protobuf', 'application/x-protobuf', 'bin'],
  ['json', 'application/json', 'json'],
])('failures in %s', (_encoding, contentType, extension) => {
  const type = { 'content-type': contentType };
  const given = { ...type, ...PROJECT };
  const spans = fixture(`openlit-tools.${extension}`);
  const read = ({ headers, bytes }: Answer) => {
    expect(headers.get('content-type')).toBe(contentType);
    return readStatus(contentType, bytes);
  };

  it.each(['/otel/v1/traces', '/v1/logs', '/api/public/otel/v1/metrics'])(
    'are google.rpc.Status at %s',
    async (path) => {
      gateway = await startGateway({ ...ANN, otlpMaxBytes: 4096 });
      const gzip = { ...given, 'content-encoding': 'gzip' };
      const cases: [number, number, Promise<Answer>][] = [
        [401, 16, gateway.post(path, spans, { ...given, authorization: 'Bearer nope' })],
        [401, 16, gateway.post(path, spans, { ...given, authorization: '' })],
        [400, 3, gateway.post(path, gzipSync(spans).subarray(0, 40), gzip)],
        [400, 3, gateway.post(path, 'no gzip', gzip)],
        [404, 12, gateway.post(`${path}/more`, spans, given)],
        [404, 12, gateway.post('/v1development/profiles', spans, given)],
        [413, 8, gateway.post(path, Buffer.alloc(4097, ' '), given)],
        [413, 8, gateway.post(path, gzipSync(Buffer.alloc(1_000_000, ' ')), gzip)],
        [415, 3, gateway.post(path, spans, { ...given, 'content-encoding': 'rot13' })],
      ];
      for (const [status, code, answer] of cases) {
        const got = await answer;
        const { message, ...said } = read(got);
        expect([got.status, said.code, message !== '']).toEqual([status, code, true]);
        expect(said.details).toEqual(status === 400 ? ['BadRequest'] : []);
        if (status === 401) expect(got.headers.get('www-authenticate')).toContain('Basic');
      }
      expect(await gateway.events()).toEqual([]);
    },
  );

  it('name the method that is allowed', async () => {
    gateway = await startGateway(ANN);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const authorization = `Bearer ${gateway.key}`;
      const answer = await answerOf(
        await fetch(`${gateway.url}/v1/logs`, { method, headers: { ...type, authorization } }),
      );
      expect([answer.status, answer.headers.get('allow'), read(answer).code]).toEqual([405, 'POST', 12]);
    }
  });

  it('say what is wrong with what was sent', async () => {
    gateway = await startGateway(ANN);
    const cases: [number, number, Promise<Answer>][] = [
      [403, 7, gateway.post('/v1/traces', spans, { ...type, project_id: 'e/q' })],
      [400, 3, gateway.post('/v1/traces', spans, type)],
      [400, 3, gateway.post('/v1/traces', '{"resourceSpans": 5', given)],
    ];
    for (const [status, code, answer] of cases) {
      const got = await answer;
      expect([got.status, read(got).code]).toEqual([status, code]);
      expect(read(got).details).toEqual(status === 400 ? ['BadRequest'] : []);
    }
  });

  it('are worth a repeat while the log is away or bodies take all memory', async () => {
    gateway = await startGateway({ ...ANN, budgetBytes: spans.length + 100 });
    const many = await gateway.post('/v1/traces', Buffer.alloc(spans.length + 200, ' '), given);
    expect([many.status, read(many).code]).toEqual([503, 14]);
    await gateway.breakLog();
    const down = await gateway.post('/v1/traces', spans, given);
    expect([down.status, read(down).code]).toEqual([503, 14]);
    for (const { headers } of [many, down]) expect(headers.get('retry-after')).toMatch(/^[1-5]$/);
  });

  it('say 429 as 8', () => {
    const status = rpcStatusOf(429, { message: 'slower' });
    const encoding = extension === 'json' ? 'json' : 'protobuf';
    expect(readStatus(contentType, encodeStatus(encoding, status))).toEqual({
      code: 8,
      message: 'slower',
      details: [],
    });
  });
});

it('answers 415 to other content types, in protobuf', async () => {
  gateway = await startGateway();
  for (const type of ['text/plain', 'application/jsonp', '']) {
    const answer = await gateway.post('/v1/logs', Buffer.from('x'), { 'content-type': type, ...PROJECT });
    const { code } = readStatus(answer.headers.get('content-type'), answer.bytes);
    expect([answer.status, code]).toEqual([415, 3]);
  }
});

it('never answers 500 to protobuf that is cut anywhere', async () => {
  gateway = await startGateway();
  for (const [path, name] of [
    ['/v1/traces', 'openlit-tools.bin'],
    ['/v1/logs', 'otel-genai-chat-logs.bin'],
  ] as const) {
    const whole = fixture(name);
    const statuses = new Set<number>();
    for (let end = 1; end < whole.length; end += 7) {
      const headers = { 'content-type': 'application/x-protobuf', ...PROJECT };
      statuses.add((await gateway.post(path, whole.subarray(0, end), headers)).status);
    }
    expect([...statuses]).toEqual([400]);
  }
});
