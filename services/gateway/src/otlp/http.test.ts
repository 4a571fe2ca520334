import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const PROJECT = { project_id: 'e/p' };

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

  it('takes a body at the limit', async () => {
    gateway = await startGateway({ otlpMaxBytes: 4096 });
    const body = Buffer.concat([fixture('openlit-tools.json'), Buffer.alloc(4096, ' ')]).subarray(0, 4096);
    expect((await gateway.post('/otel/v1/traces', body, { ...JSON_TYPE, ...PROJECT })).status).toBe(200);
  });
});

it.each(['Application/X-Protobuf; v=1', 'application/protobuf', 'application/vnd.google.protobuf'])(
  'takes %s for protobuf',
  async (type) => {
    gateway = await startGateway();
    const headers = { 'content-type': type, ...PROJECT };
    const answer = await gateway.post('/v1/traces', fixture('openlit-tools.bin'), headers);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-protobuf']);
  },
);

describe('logs', () => {
  it.each([
    '/otel/v1/logs',
    '/v1/logs',
    '/agents/otel/v1/logs',
    '/api/public/otel/v1/logs',
    '/traces/otel/v1/logs',
  ])('are taken at %s, in both encodings', async (path) => {
    gateway = await startGateway();
    const bin = await gateway.post(path, fixture('otel-genai-chat-logs.bin'), { ...PROTOBUF, ...PROJECT });
    const json = await gateway.post(path, gzipSync(fixture('otel-genai-chat-logs.json')), {
      ...JSON_TYPE,
      ...PROJECT,
      'content-encoding': 'gzip',
    });
    expect([bin.status, bin.bytes.length, bin.headers.get('content-type')]).toEqual([200, 0, PROTOBUF['content-type']]); // prettier-ignore
    expect([json.status, json.text, json.headers.get('content-type')]).toEqual([
      200,
      '{}',
      'application/json',
    ]);
    const events = await gateway.events();
    expect(events).toMatchObject([
      { kind: 'otlp.logs', projectId: 'acme/otel-lab', userId: 'acme' },
      { kind: 'otlp.logs', projectId: 'acme/otel-lab' },
    ]);
    expect(events.map(({ id }) => id)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), events[0]!.id]);
  });

  it('that say nothing of a span are dropped, and counted', async () => {
    gateway = await startGateway();
    const record = { timeUnixNano: '1', body: { stringValue: 'a line' }, severityNumber: 9 };
    const body = { resourceLogs: [{ scopeLogs: [{ logRecords: [record, record] }] }] };
    expect((await gateway.post('/v1/logs', body, { ...JSON_TYPE, ...PROJECT })).text).toBe('{}');
    expect(await gateway.events()).toEqual([]);
    expect(await gateway.metrics()).toContain('weft_gateway_otlp_ignored_total{signal="logs"} 2');
  });

  it('sent to the path of traces are refused with the right one', async () => {
    gateway = await startGateway();
    const body = fixture('otel-genai-chat-logs.bin');
    const answer = await gateway.post('/otel/v1/traces', body, { ...PROTOBUF, ...PROJECT });
    expect([answer.status, answer.text.includes('/otel/v1/logs')]).toEqual([400, true]);
  });
});

describe('metrics', () => {
  it.each(['/otel/v1/metrics', '/v1/metrics', '/agents/otel/v1/metrics', '/api/public/otel/v1/metrics'])(
    'are accepted and dropped at %s',
    async (path) => {
      gateway = await startGateway({ otlpMaxBytes: 4096 });
      const bin = await gateway.post(path, Buffer.from([0x0a, 0x00]), PROTOBUF);
      expect([bin.status, bin.bytes.length, bin.headers.get('content-type')]).toEqual([200, 0, PROTOBUF['content-type']]); // prettier-ignore
      expect((await gateway.post(path, { resourceMetrics: [] }, JSON_TYPE)).text).toBe('{}');
      expect((await gateway.post(path, Buffer.alloc(4097), PROTOBUF)).status).toBe(413);
      expect(await gateway.metrics()).toContain('weft_gateway_otlp_ignored_total{signal="metrics"} 2');
      expect(await gateway.events()).toEqual([]);
    },
  );
});

describe('the project', () => {
  const body = fixture('openlit-tools.bin');
  const projects = async () => (await gateway.events()).map(({ projectId }) => projectId);

  it.each<Record<string, string>>([
    { project_id: 'acme/p' },
    { 'project-id': 'acme/p' },
    { 'x-project-id': 'acme/p' },
    { 'wandb-entity': 'acme', 'wandb-project': 'p' },
    { project_id: 'acme%2Fp' },
    { 'wandb-entity': '%61cme', 'wandb-project': '%70' },
    { 'project-id': 'other/q', project_id: 'acme/p', 'wandb-entity': 'x', 'wandb-project': 'y' },
  ])('is taken from %j', async (headers) => {
    gateway = await startGateway();
    expect((await gateway.post('/v1/traces', body, { ...PROTOBUF, ...headers })).status).toBe(200);
    expect(await projects()).toEqual(['acme/p']);
  });

  it('is that of a key which reaches one only, before the one of the settings', async () => {
    gateway = await startGateway({
      user: { name: 'ann', projects: ['acme/mine'] },
      defaultProject: 'acme/all',
    });
    expect((await gateway.post('/v1/traces', body, PROTOBUF)).status).toBe(200);
    expect(await projects()).toEqual(['acme/mine']);
  });

  it('is that of the settings when nothing else names one', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['acme/*'] }, defaultProject: 'acme/all' });
    expect((await gateway.post('/v1/traces', body, PROTOBUF)).status).toBe(200);
    expect(await projects()).toEqual(['acme/all']);
  });

  it.each([
    undefined,
    { name: 'ann', projects: ['acme/*'] },
    { name: 'ann', projects: ['acme/a', 'acme/b'] },
  ])('is asked for when there is none: %j', async (user) => {
    gateway = await startGateway(user === undefined ? {} : { user });
    const answer = await gateway.post('/v1/traces', body, PROTOBUF);
    expect([answer.status, answer.text.includes('project_id: <entity>/<project>')]).toEqual([400, true]);
  });

  it('of some resources only: the others are counted, with a word on what is missing', async () => {
    gateway = await startGateway();
    const answer = await gateway.post('/v1/traces', fixture('synthetic-multi-project.json'), JSON_TYPE);
    expect([answer.status, answer.json.partialSuccess.rejectedSpans]).toEqual([200, '1']);
    expect(answer.json.partialSuccess.errorMessage).toContain('wandb.entity');
    expect((await projects()).sort()).toEqual(['acme/proj-a', 'acme/proj-b']);
  });

  it('that the key may not write to: the rest is stored, and the answer names it', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['acme/proj-a', 'acme/x'] } });
    const headers = { ...JSON_TYPE, project_id: 'acme/x' };
    const answer = await gateway.post('/v1/traces', fixture('synthetic-multi-project.json'), headers);
    expect([answer.status, answer.json.partialSuccess.rejectedSpans]).toEqual([200, '1']);
    expect(answer.json.partialSuccess.errorMessage).toContain('may not write there: acme/proj-b (1 span)');
    expect((await projects()).sort()).toEqual(['acme/proj-a', 'acme/x']);
  });

  it.each([
    { name: 'ann', projects: ['acme/other'] },
    { name: 'ann', projects: ['*'], role: 'read' as const },
  ])('that the key may not write to, all of them: 403 for %j, and nothing is stored', async (user) => {
    gateway = await startGateway({ user });
    const headers = { ...PROTOBUF, project_id: 'acme/q' };
    const answer = await gateway.post('/v1/traces', fixture('synthetic-multi-project.bin'), headers);
    expect([answer.status, answer.text.includes('acme/proj-a, acme/proj-b, acme/q')]).toEqual([403, true]);
    expect(await gateway.events()).toEqual([]);
  });
});
