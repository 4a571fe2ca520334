import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startGateway, type Answer, type GatewayServer } from '../testing/gateway-server.ts';

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const PROJECT = { project_id: 'e/p' };

/** code and message of a google.rpc.Status. */
function statusOf({ bytes, headers, json }: Answer): { code: number; message: string } {
  if (headers.get('content-type')?.startsWith('application/json'))
    return { code: json.code, message: json.message };
  expect(headers.get('content-type')).toBe('application/x-protobuf');
  // Field 1 (varint) and field 2 (text), read by hand: this package has no protobuf of its own.
  expect([bytes[0], bytes[2]]).toEqual([0x08, 0x12]);
  const lengthBytes = bytes[3]! < 0x80 ? 1 : 2;
  return { code: bytes[1]!, message: bytes.toString('utf8', 3 + lengthBytes) };
}

describe('POST /otel/v1/traces', () => {
  it.each([
    '/otel/v1/traces',
    '/otel/v1/trace',
    '/otel/v1/genai/traces',
    '/agents/otel/v1/traces',
    '/api/public/otel/v1/traces',
    '/v1/traces',
    '/traces/otel/v1/traces',
    '/traces//agents/otel/v1/traces',
  ])('takes protobuf at %s and keeps its bytes', async (path) => {
    gateway = await startGateway();
    const body = fixture('openlit-tools.bin');
    const answer = await gateway.post(path, body, { ...PROTOBUF, ...PROJECT });
    expect([answer.status, answer.bytes.length, answer.headers.get('content-type')]).toEqual([
      200,
      0,
      'application/x-protobuf',
    ]);
    expect(await gateway.events()).toHaveLength(1);
    expect((await gateway.events())[0]).toMatchObject({
      kind: 'otlp.spans',
      projectId: 'e/p',
      note: 'protobuf',
    });
    expect((await gateway.events())[0]!.id).toMatch(/^[0-9a-f]{32}$/);
    expect(body.equals((await gateway.events())[0]!.payload)).toBe(true);
  });

  it('takes JSON, and gzip', async () => {
    gateway = await startGateway();
    const answer = await gateway.post('/otel/v1/traces', gzipSync(fixture('openlit-tools.json')), {
      ...JSON_TYPE,
      ...PROJECT,
      'content-encoding': 'gzip',
    });
    expect([answer.status, answer.text, answer.headers.get('content-type')]).toEqual([
      200,
      '{}',
      'application/json',
    ]);
    expect(await gateway.events()).toHaveLength(1);
  });

  it('routes by resource attributes before the header', async () => {
    gateway = await startGateway();
    await gateway.post('/otel/v1/traces', fixture('synthetic-multi-project.bin'), {
      ...PROTOBUF,
      ...PROJECT,
    });
    expect((await gateway.events()).map(({ projectId }) => projectId)).toEqual(
      expect.arrayContaining(['acme/proj-a', 'acme/proj-b']),
    );
  });

  it('reports single bad spans and keeps the others', async () => {
    gateway = await startGateway();
    const request = JSON.parse(fixture('openlit-tools.json').toString('utf8'));
    const { spans } = request.resourceSpans[0].scopeSpans[0];
    spans.push({ ...spans[0], spanId: '0000000000000000' });
    const answer = await gateway.post('/otel/v1/traces', request, { ...JSON_TYPE, ...PROJECT });
    expect([answer.status, answer.json.partialSuccess.rejectedSpans]).toEqual([200, '1']);
    expect(answer.json.partialSuccess.errorMessage).toContain('Rejected span');
    expect(await gateway.events()).toHaveLength(1);
  });

  it('accepts an empty export', async () => {
    gateway = await startGateway();
    expect((await gateway.post('/otel/v1/traces', Buffer.alloc(0), PROTOBUF)).status).toBe(200);
    expect((await gateway.post('/otel/v1/traces', '{}', JSON_TYPE)).text).toBe('{}');
    expect(await gateway.events()).toEqual([]);
  });

  it.each([
    ['protobuf', PROTOBUF],
    ['json', JSON_TYPE],
  ])('answers every failure as google.rpc.Status in %s', async (_name, type) => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] }, otlpMaxBytes: 4096 });
    const body = fixture(type === PROTOBUF ? 'openlit-tools.bin' : 'openlit-tools.json');
    const cases: [number, number, Promise<Answer>][] = [
      [401, 16, gateway.post('/otel/v1/traces', body, { ...type, ...PROJECT, authorization: 'Bearer nope' })],
      [403, 7, gateway.post('/otel/v1/traces', body, { ...type, project_id: 'e/q' })],
      [400, 3, gateway.post('/otel/v1/traces', body, type)],
      [400, 3, gateway.post('/otel/v1/traces', '{"resourceSpans": 5', { ...type, ...PROJECT })],
      [
        400,
        3,
        gateway.post('/otel/v1/traces', gzipSync(body).subarray(0, 40), {
          ...type,
          ...PROJECT,
          'content-encoding': 'gzip',
        }),
      ],
      [413, 8, gateway.post('/agents/otel/v1/traces', Buffer.alloc(4097, ' '), { ...type, ...PROJECT })],
      [
        413,
        8,
        gateway.post('/v1/traces', gzipSync(Buffer.alloc(1_000_000, ' ')), {
          ...type,
          ...PROJECT,
          'content-encoding': 'gzip',
        }),
      ],
      [415, 3, gateway.post('/otel/v1/traces', body, { ...type, ...PROJECT, 'content-encoding': 'rot13' })],
      [404, 12, gateway.post('/otel/v1/logs', body, { ...type, ...PROJECT })],
      [404, 12, gateway.post('/v1/metrics', body, { ...type, ...PROJECT })],
    ];
    for (const [status, code, answer] of cases) {
      const got = await answer;
      expect([got.status, statusOf(got).code]).toEqual([status, code]);
      expect(statusOf(got).message).not.toBe('');
    }
    expect(await gateway.events()).toEqual([]);
    await gateway.breakLog();
    const down = await gateway.post('/otel/v1/traces', body, { ...type, ...PROJECT });
    expect([down.status, statusOf(down).code, Number(down.headers.get('retry-after')) > 0]).toEqual([
      503,
      14,
      true,
    ]);
  });

  it('answers 415 to other content types', async () => {
    gateway = await startGateway();
    const answer = await gateway.post('/otel/v1/traces', 'x', { 'content-type': 'text/plain', ...PROJECT });
    expect([answer.status, statusOf(answer).code]).toEqual([415, 3]);
  });

  it('takes a body at the limit', async () => {
    gateway = await startGateway({ otlpMaxBytes: 4096 });
    const body = Buffer.concat([fixture('openlit-tools.json'), Buffer.alloc(4096, ' ')]).subarray(0, 4096);
    expect((await gateway.post('/otel/v1/traces', body, { ...JSON_TYPE, ...PROJECT })).status).toBe(200);
  });

  it('stores nothing when one of several projects is foreign', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['acme/proj-a'] } });
    expect(
      (await gateway.post('/otel/v1/traces', fixture('synthetic-multi-project.bin'), PROTOBUF)).status,
    ).toBe(403);
    expect(await gateway.events()).toEqual([]);
  });
});
