import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32, mutate } from '@weft/testkit';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';

/** Spoiled exports over the wire: each is taken, in part or whole, or refused with a reason; never a 5xx. */

const DIRECTORY = fileURLToPath(new URL('../../../libs/otlp/fixtures/', import.meta.url));
const ROUNDS = 1500;
const PARALLEL = 8;
const SERVICES = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const SIGNALS = ['traces', 'logs', 'metrics'] as const;
/** What a server in front of exporters may say of a bad request. */
const REFUSED = [400, 403, 413, 415];
const REFUSED_BY_GRPC = ['INVALID_ARGUMENT', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'UNIMPLEMENTED'];

let stack: Stack;
let client: grpc.Client | undefined;
beforeAll(async () => {
  stack = await openStack({ logLevel: 'error' });
  if (stack.grpc !== undefined) client = new grpc.Client(stack.grpc, grpc.credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  await stack.stop();
});

const bodies = (extension: string): Buffer[] =>
  readdirSync(DIRECTORY)
    .filter((file) => file.endsWith(extension) && !file.endsWith('.golden.json'))
    .map((file) => readFileSync(DIRECTORY + file))
    .filter(({ length }) => length > 0 && length < 8000);

const CODINGS: [string, (data: Buffer) => Buffer][] = [
  ['identity', (data) => data],
  ['gzip', (data) => gzipSync(data, { level: 1 })],
  ['deflate', (data) => deflateSync(data, { level: 1 })],
  ['br', (data) => brotliCompressSync(data)],
];

describe.each(['protobuf', 'json'] as const)('spoiled exports in %s', (encoding) => {
  it('are taken or refused with a reason', async () => {
    const project = newProject('otel-fuzz');
    const all = bodies(encoding === 'json' ? '.json' : '.bin');
    const random = mulberry32(encoding.length);
    const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
    const bad: string[] = [];
    const taken = { whole: 0, refused: 0 };
    let round = 0;
    const work = async () => {
      while (round++ < ROUNDS) {
        const body = mutate(all[round % all.length]!, all[(round * 7) % all.length]!, encoding, random);
        const signal = SIGNALS[Math.floor(random() * 5)] ?? 'traces';
        const [coding, encode] = CODINGS[Math.floor(random() * CODINGS.length)]!;
        // Now and then the compressed bytes are spoiled too.
        const sent = random() < 0.2 ? mutate(encode(body), body, 'protobuf', random) : encode(body);
        const headers = { 'content-type': type, 'content-encoding': coding, project_id: project };
        const res = await stack.send(`/otel/v1/${signal}`, sent, headers);
        const answer = Buffer.from(await res.arrayBuffer());
        if (res.status === 200) taken.whole++;
        else taken.refused++;
        const isGood = res.status === 200 || (REFUSED.includes(res.status) && answer.length > 4);
        if (!isGood || res.headers.get('content-type') !== type)
          bad.push(`${signal} ${coding} ${res.status} ${res.headers.get('content-type')} ${answer.toString('latin1').slice(0, 200)} ← ${sent.toString('base64').slice(0, 400)}`);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    expect(bad).toEqual([]);
    expect(taken.whole).toBeGreaterThan(100);
    expect(taken.refused).toBeGreaterThan(100);
    // What was taken is stored, and the server reads it.
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project });
    expect(count).toBeGreaterThanOrEqual(0);
    await stack.lines('/calls/stream_query', { project_id: project });
  }, 180_000); // prettier-ignore
});

it('are taken or refused over gRPC as well', async () => {
  if (client === undefined) return;
  const metadata = new grpc.Metadata();
  metadata.set('wandb-api-key', apiKey);
  metadata.set('project_id', newProject('otel-fuzz-grpc'));
  const all = bodies('.bin');
  const random = mulberry32(3);
  const seen = new Map<string, number>();
  const same = (bytes: Buffer) => bytes;
  for (let round = 0; round < ROUNDS / 3; round++) {
    const body = mutate(all[round % all.length]!, all[(round * 7) % all.length]!, 'protobuf', random);
    const signal = SIGNALS[Math.floor(random() * 5)] ?? 'traces';
    const code = await new Promise<string>((resolve) => {
      client!.makeUnaryRequest(SERVICES[signal], same, same, body, metadata, (error) =>
        resolve(error === null ? 'OK' : grpc.status[error.code]!),
      );
    });
    seen.set(code, (seen.get(code) ?? 0) + 1);
  }
  expect([...seen.keys()].filter((code) => code !== 'OK' && !REFUSED_BY_GRPC.includes(code))).toEqual([]);
  expect(seen.get('OK')).toBeGreaterThan(50);
  expect(seen.get('INVALID_ARGUMENT')).toBeGreaterThan(20);
}, 120_000);
