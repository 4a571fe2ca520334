import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import grpc from '@grpc/grpc-js';
import { eventually } from '@weft/testkit';
import { startGateway, type GatewayServer } from '../../testing/gateway-server.ts';
import { readStatus } from '../../testing/rpc-status.ts';

let gateway: GatewayServer;
const clients: grpc.Client[] = [];
const sessions: ClientHttp2Session[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const session of sessions.splice(0)) session.destroy();
  await gateway.stop();
});

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/${name}`, import.meta.url));
const PROJECT = { project_id: 'e/p' };
const SERVICES = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const MIB = 1024 * 1024;

interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly reply: Buffer | undefined;
  /** Types of the details of `grpc-status-details-bin`. */
  readonly details: readonly string[];
}

function newClient(options: grpc.ClientOptions = {}): grpc.Client {
  const client = new grpc.Client(gateway.grpc, grpc.credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
    ...options,
  });
  clients.push(client);
  return client;
}

/** One call with a stock client. Fails as the server says, or `CANCELLED` … as the client finds. */
function send(
  path: string,
  message: Buffer,
  metadata: Record<string, string> = PROJECT,
  client = newClient(),
): Promise<Outcome> {
  const sent = new grpc.Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, message, sent, (error, reply) => {
      const details = error?.metadata.get('grpc-status-details-bin')[0] as Buffer | undefined;
      resolve({
        code: error?.code ?? 0,
        message: error?.details ?? '',
        reply,
        details: details === undefined ? [] : readStatus('application/x-protobuf', details).details,
      });
    });
  });
}

const keyed = () => ({ ...PROJECT, authorization: `Bearer ${gateway.key}` });

describe('OTLP/gRPC', () => {
  it.each([
    ['traces', 'openlit-tools.bin', 'otlp.spans', 'e/p'],
    ['logs', 'otel-genai-chat-logs.bin', 'otlp.logs', 'acme/otel-lab'],
  ] as const)('takes %s, as they are and gzipped', async (signal, name, kind, projectId) => {
    gateway = await startGateway();
    const body = fixture(name);
    const gzip = newClient({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
    for (const client of [newClient(), gzip])
      expect(await send(SERVICES[signal], body, PROJECT, client)).toMatchObject({
        code: 0,
        reply: Buffer.alloc(0),
      });
    const events = await gateway.events();
    expect(events.map((event) => [event.kind, event.projectId])).toEqual([[kind, projectId], [kind, projectId]]); // prettier-ignore
    expect(Buffer.from(events[1]!.payload).equals(events[0]!.payload)).toBe(true);
    expect(await gateway.metrics()).toContain(
      `weft_grpc_requests_total{method="${SERVICES[signal]}",code="0"} 2`,
    );
  });

  it('takes metrics and drops them', async () => {
    gateway = await startGateway();
    expect(await send(SERVICES.metrics, Buffer.from([0x0a, 0]))).toMatchObject({
      code: 0,
      reply: Buffer.alloc(0),
    });
    expect(await gateway.metrics()).toContain('weft_gateway_otlp_ignored_total{signal="metrics"} 1');
  });

  it('counts what it refuses in the response', async () => {
    gateway = await startGateway();
    const { code, reply } = await send(SERVICES.traces, fixture('synthetic-edge-ids-times.bin'));
    // partial_success { rejected_spans: 4, error_message: … }
    expect([code, [...reply!.subarray(3, 6)], reply!.includes('Rejected span')]).toEqual([
      0,
      [8, 4, 18],
      true,
    ]);
  });

  it('takes the same keys and project names as HTTP, from metadata', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/*', 'acme/p'] } });
    const basic = `Basic ${Buffer.from(`api:${gateway.key}`).toString('base64')}`;
    for (const metadata of [
      { 'wandb-api-key': gateway.key, project_id: 'acme%2Fp' },
      { authorization: basic, 'x-project-id': 'acme/p' },
      { authorization: `Bearer ${gateway.key}`, 'wandb-entity': 'acme', 'wandb-project': 'p' },
    ] as Record<string, string>[])
      expect((await send(SERVICES.traces, fixture('openlit-tools.bin'), metadata)).code).toBe(0);
    expect((await gateway.events()).map(({ projectId, userId }) => [projectId, userId])).toEqual(Array(3).fill(['acme/p', 'ann'])); // prettier-ignore
  });

  it('says what is wrong in codes that exporters know', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p', 'e/r'] }, otlpMaxBytes: 4096 });
    const spans = fixture('openlit-tools.bin');
    const gzip = newClient({ 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip });
    const { authorization } = keyed();
    const { INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNIMPLEMENTED } =
      grpc.status;
    for (const [code, outcome] of [
      [UNAUTHENTICATED, send(SERVICES.traces, spans)],
      [UNAUTHENTICATED, send(SERVICES.metrics, spans, { ...PROJECT, authorization: 'Bearer nope' })],
      [PERMISSION_DENIED, send(SERVICES.traces, spans, { authorization, project_id: 'e/q' })],
      [INVALID_ARGUMENT, send(SERVICES.traces, spans, { authorization })],
      [INVALID_ARGUMENT, send(SERVICES.traces, spans.subarray(0, 90), keyed())],
      [INVALID_ARGUMENT, send(SERVICES.traces, fixture('otel-genai-chat-logs.bin'), keyed())],
      [RESOURCE_EXHAUSTED, send(SERVICES.traces, Buffer.alloc(4097), keyed())],
      [RESOURCE_EXHAUSTED, send(SERVICES.traces, Buffer.alloc(2_000_000), keyed(), gzip)],
      [RESOURCE_EXHAUSTED, send(SERVICES.traces, Buffer.alloc(20 * MIB), keyed())],
      [UNIMPLEMENTED, send('/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export', spans, keyed())],
      [UNIMPLEMENTED, send('/opentelemetry.proto.collector.trace.v1.TraceService/Import', spans, keyed())],
    ] as const) {
      const got = await outcome;
      expect([got.code, got.message !== '']).toEqual([code, true]);
      expect(got.details).toEqual(code === INVALID_ARGUMENT ? ['BadRequest'] : []);
    } // prettier-ignore
    expect(await gateway.events()).toEqual([]);
  });

  it('keeps words that are not ASCII', async () => {
    gateway = await startGateway({ user: { name: 'ann', projects: ['e/p'] } });
    const { message } = await send(SERVICES.traces, fixture('openlit-tools.bin'), {
      'wandb-api-key': gateway.key,
      project_id: encodeURIComponent('größe/100%'),
    });
    expect(message).toContain('größe/100%');
  });

  it('is worth a repeat while the log is away or bodies take all memory, and says so', async () => {
    gateway = await startGateway({ budgetBytes: 100_000 });
    const unavailable = { code: grpc.status.UNAVAILABLE, details: ['RetryInfo'] };
    expect(await send(SERVICES.traces, Buffer.alloc(200_000))).toMatchObject(unavailable);
    expect((await send(SERVICES.traces, fixture('openlit-tools.bin'))).code).toBe(0);
    await gateway.breakLog();
    expect(await send(SERVICES.traces, fixture('openlit-tools.bin'))).toMatchObject(unavailable);
  });

  it('shares its memory with HTTP, and gives back what a call held', async () => {
    gateway = await startGateway({ budgetBytes: 100_000 });
    const stream = raw({ ':path': SERVICES.traces });
    stream.write(Buffer.concat([Buffer.from([0, 0, 1, 0x5f, 0x90]), Buffer.alloc(80_000)]));
    await eventually(async () => (await gateway.metrics()).includes('weft_http_body_bytes_in_flight 80005'));
    const headers = { 'content-type': 'application/json' };
    expect((await gateway.post('/v1/metrics', Buffer.alloc(50_000), headers)).status).toBe(503);
    stream.close(8);
    await eventually(async () => (await gateway.metrics()).includes('weft_http_body_bytes_in_flight 0'));
    expect((await gateway.post('/v1/metrics', Buffer.alloc(50_000), headers)).status).toBe(200);
    await eventually(async () => (await gateway.metrics()).includes(`code="aborted"} 1`));
  });

  it('takes 64 MiB, and refuses one byte more before it is sent', async () => {
    gateway = await startGateway();
    expect((await send(SERVICES.metrics, Buffer.alloc(64 * MIB))).code).toBe(0);
    const stream = raw({ ':path': SERVICES.metrics });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(64 * MIB + 1, 1);
    stream.write(prefix);
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers['grpc-status']).toBe(String(grpc.status.RESOURCE_EXHAUSTED));
  });

  it('in open mode answers only those who mean this machine', async () => {
    gateway = await startGateway();
    const client = newClient({ 'grpc.default_authority': 'rebound.example.com:4317' });
    expect((await send(SERVICES.traces, fixture('openlit-tools.bin'), PROJECT, client)).code).toBe(
      grpc.status.PERMISSION_DENIED,
    );
  });

  it('refuses frames that are no message, and other protocols, and goes on', async () => {
    gateway = await startGateway();
    const spans = fixture('openlit-tools.bin');
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(spans.length, 1);
    const bad = [Buffer.alloc(0), Buffer.alloc(3), Buffer.from([7, 0, 0, 0, 0]), Buffer.concat([prefix, spans.subarray(1)]), Buffer.concat([prefix, spans, prefix])]; // prettier-ignore
    for (const bytes of bad) {
      const stream = raw({ ':path': SERVICES.traces, ...PROJECT });
      stream.end(bytes);
      const [headers] = (await once(stream, 'response')) as [Record<string, string>];
      expect(headers['grpc-status']).toBe(String(grpc.status.INVALID_ARGUMENT));
    }
    const compressed = raw({ ':path': SERVICES.traces, 'grpc-encoding': 'rot13' });
    const [unknown] = (await once(compressed, 'response')) as [Record<string, string>];
    expect(unknown).toMatchObject({ 'grpc-status': '12', 'grpc-accept-encoding': 'identity,gzip,deflate' });
    const json = raw({ ':path': SERVICES.traces, 'content-type': 'application/json' });
    expect((await once(json, 'response'))[0]).toMatchObject({ ':status': 415 });

    const [host, port] = gateway.grpc.split(':') as [string, string];
    const socket = connect(Number(port), host);
    socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect((await send(SERVICES.traces, spans)).code).toBe(0);
  });

  it('finishes what it has begun when it stops, and takes no more', async () => {
    gateway = await startGateway();
    const spans = fixture('openlit-tools.bin');
    const client = newClient();
    expect((await send(SERVICES.traces, spans, PROJECT, client)).code).toBe(0);
    const stream = raw({ ':path': SERVICES.metrics });
    stream.write(Buffer.from([0, 0]));
    await eventually(async () => (await gateway.metrics()).includes('weft_grpc_requests_in_flight 1'));
    const stopped = gateway.stopServers();
    await once(sessions.at(-1)!, 'goaway');
    stream.end(Buffer.from([0, 0, 0]));
    const trailers = once(stream.resume(), 'trailers');
    expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0' });
    await stopped;
    const refused = await send(SERVICES.traces, spans, PROJECT, client);
    expect(refused.code).toBe(grpc.status.UNAVAILABLE);
  });
});

/** One call whose frames are written by hand. */
function raw(headers: Record<string, string>) {
  const session = connectHttp2(`http://${gateway.grpc}`);
  sessions.push(session);
  const stream = session.request({
    ':method': 'POST',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  return stream;
}
