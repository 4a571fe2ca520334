import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from './program.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
let client: grpc.Client | undefined;
beforeAll(async () => {
  stack = await openStack();
  if (stack.grpc !== undefined)
    client = new grpc.Client(stack.grpc, grpc.credentials.createInsecure(), {
      'grpc.max_send_message_length': -1,
    });
});
afterAll(async () => {
  client?.close();
  await stack.stop();
});

const MIB = 1024 * 1024;
const PROTOBUF = 'application/x-protobuf';
const TRACE_SERVICE = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const fixture = (name: string) =>
  readFileSync(new URL(`../../../libs/otlp/fixtures/${name}`, import.meta.url));
/** Routed by header: the fixture names no project. */
const spans = fixture('openlit-tools.bin');

const callsOf = (project_id: string) => stack.lines<ReadCall>('/calls/stream_query', { project_id });

interface Sent {
  readonly code: number;
  readonly message: string;
}

function sendGrpc(message: Buffer, metadata: Record<string, string>): Promise<Sent> {
  const sent = new grpc.Metadata();
  for (const [name, value] of Object.entries({ 'wandb-api-key': apiKey, ...metadata })) sent.set(name, value);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    client!.makeUnaryRequest(TRACE_SERVICE, same, same, message, sent, (error) =>
      resolve({ code: error?.code ?? 0, message: error?.details ?? '' }),
    );
  });
}

/** A running stack that did not say where its gRPC is cannot be asked there. */
const isGrpcKnown = () => stack.grpc !== undefined;

describe.each(['grpc', 'proto'] as const)('stock exporters of OpenTelemetry JS, %s', (protocol) => {
  it('send spans and log records that meet in one call, without a complaint', async () => {
    if (protocol === 'grpc' && !isGrpcKnown()) return;
    const project = newProject('otel-signals');
    const base = protocol === 'grpc' ? stack.grpc! : stack.url;
    const sent = await runProgram<{ traceId: string; spanId: string; complaints: string[] }>(
      stack, 'otel-signals.mjs', protocol, base, project, apiKey,
    ); // prettier-ignore
    expect(sent.complaints).toEqual([]);
    const calls = await callsOf(project);
    expect(calls).toMatchObject([{ id: sent.spanId }]);
    expect(JSON.stringify(calls[0]!.inputs)).toContain('what is 2+2?');
    expect(JSON.stringify(calls[0]!.output)).toContain('it is 4');
  });
});

describe('the same body', () => {
  it('is the same calls over HTTP in three encodings, and over gRPC', async () => {
    const json = { 'content-type': 'application/json; charset=utf-8' };
    const projects: string[] = [];
    const post = async (body: Uint8Array, headers: Record<string, string>) => {
      const project = newProject('otel-same');
      projects.push(project);
      const answer = await stack.send('/otel/v1/traces', body, {
        ...headers,
        project_id: encodeURIComponent(project),
      });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        headers['content-type']!.split(';')[0],
      ]);
    };
    await post(spans, { 'content-type': PROTOBUF });
    await post(gzipSync(spans), { 'content-type': PROTOBUF, 'content-encoding': 'gzip' });
    await post(fixture('openlit-tools.json'), json);
    if (isGrpcKnown()) {
      projects.push(newProject('otel-same'));
      expect(await sendGrpc(spans, { project_id: projects.at(-1)! })).toEqual({ code: 0, message: '' });
    }
    const told = await Promise.all(
      projects.map(async (project) =>
        (await callsOf(project)).map(({ id, inputs, output, started_at }) => ({
          id,
          inputs,
          output,
          started_at,
        })),
      ),
    );
    expect(told[0]).not.toHaveLength(0);
    for (const one of told) expect(one).toEqual(told[0]);
  });
});

describe('what cannot be taken', () => {
  it.each(['/otel/v1/traces', '/otel/v1/logs', '/v1/metrics'])(
    'is 413 at %s: 65 MiB, or what inflates to it',
    async (path) => {
      const headers = { 'content-type': PROTOBUF, project_id: newProject('otel-large') };
      expect((await stack.send(path, Buffer.alloc(65 * MIB), headers)).status).toBe(413);
      const bomb = gzipSync(Buffer.alloc(200 * MIB), { level: 9 });
      expect(bomb.length).toBeLessThan(MIB);
      const answer = await stack.send(path, bomb, { ...headers, 'content-encoding': 'gzip' });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([413, PROTOBUF]);
    },
    60_000,
  );

  it('is RESOURCE_EXHAUSTED over gRPC', async () => {
    if (!isGrpcKnown()) return;
    const { code } = await sendGrpc(Buffer.alloc(65 * MIB), { project_id: newProject('otel-large') });
    expect(code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  }, 60_000);

  it('is 400 for logs sent to traces, with the path for them', async () => {
    const body = fixture('otel-genai-chat-logs.bin');
    const answer = await stack.send('/otel/v1/traces', body, {
      'content-type': PROTOBUF,
      project_id: newProject('x'),
    });
    expect([answer.status, (await answer.text()).includes('/otel/v1/logs')]).toEqual([400, true]);
  });

  it.each([PROTOBUF, 'application/json'])('is a google.rpc.Status in %s', async (type) => {
    const given = { 'content-type': type, project_id: newProject('x') };
    const broken = Buffer.from('{"resourceSpans": 5');
    for (const [status, headers, method] of [
      [400, given, 'POST'],
      [415, { ...given, 'content-encoding': 'rot13' }, 'POST'],
      [405, given, 'PUT'],
    ] as const) {
      const authorization = `Bearer ${apiKey}`;
      const url = `${stack.url}/otel/v1/traces`;
      const answer = await fetch(url, { method, headers: { authorization, ...headers }, body: broken });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, type]);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const code = status === 405 ? 12 : 3;
      if (type === PROTOBUF) expect([...bytes.subarray(0, 3)]).toEqual([0x08, code, 0x12]);
      else expect(JSON.parse(bytes.toString())).toMatchObject({ code, message: expect.any(String) });
    }
  });
});
