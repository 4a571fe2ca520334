import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Every captured request, spans and log records, in both encodings, over HTTP and gRPC: the same calls. */

const DIRECTORY = fileURLToPath(new URL('../../../libs/otlp/fixtures/', import.meta.url));
const NAMES = readdirSync(DIRECTORY)
  .filter((file) => file.endsWith('.bin'))
  .map((file) => file.slice(0, -'.bin'.length));
/** What captures say of their project; others of the same length take its place. */
const CAPTURED = 'acme/otel-lab';
/** They hold a span without any time, which begins when it is received. */
const WITHOUT_TIME = /^synthetic-edge-ids-times$/;

const SERVICES = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
type Signal = keyof typeof SERVICES;

let stack: Stack;
let client: grpc.Client | undefined;
beforeAll(async () => {
  stack = await openStack();
  if (stack.grpc !== undefined) client = new grpc.Client(stack.grpc, grpc.credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  await stack.stop();
});

let tags = 0;
/** A project for one way of sending: `acme/` and 8 characters. */
function projectOf(): string {
  const run = newProject('x').split('-')[1]!.slice(-6);
  return `acme/${run.padStart(6, '0')}${String(tags++).padStart(2, '0')}`;
}

async function send(
  project: string,
  encoding: 'bin' | 'json',
  way: 'http' | 'grpc',
  order: readonly string[],
) {
  for (const name of order) {
    const signal: Signal = name.endsWith('-logs') ? 'logs' : 'traces';
    const body = moved(readFileSync(`${DIRECTORY}${name}.${encoding}`), project);
    if (way === 'grpc') await sendGrpc(signal, body, project);
    else {
      const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
      const res = await stack.send(`/otel/v1/${signal}`, encoding === 'json' ? gzipSync(body) : body, {
        'content-type': type,
        ...(encoding === 'json' && { 'content-encoding': 'gzip' }),
        project_id: project,
      });
      expect(`${name}: ${res.status} ${res.headers.get('content-type')}`).toBe(`${name}: 200 ${type}`);
      await res.arrayBuffer();
    }
  }
}

function sendGrpc(signal: Signal, body: Buffer, project: string): Promise<unknown> {
  const metadata = new grpc.Metadata();
  metadata.set('wandb-api-key', apiKey);
  metadata.set('project_id', project);
  const same = (bytes: Buffer) => bytes;
  return new Promise((resolve, reject) => {
    client!.makeUnaryRequest(SERVICES[signal], same, same, body, metadata, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}

/** Lengths stay, so that protobuf does. */
function moved(body: Buffer, project: string): Buffer {
  const from = CAPTURED.split('/')[1]!;
  return Buffer.from(body.toString('latin1').replaceAll(from, project.split('/')[1]!), 'latin1');
}

async function callsOf(project: string): Promise<Map<string, unknown>> {
  const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
  return new Map(
    calls.map((call) => {
      const text = JSON.stringify(call).replaceAll(project.split('/')[1]!, CAPTURED.split('/')[1]!);
      const { storage_size_bytes: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
      return [`${call.trace_id}/${call.id}`, rest];
    }),
  );
}

it('are the same calls in every encoding, over HTTP and gRPC, whatever comes first', async () => {
  const names = NAMES.filter((name) => !WITHOUT_TIME.test(name));
  const backwards = [...names].reverse();
  const expected = projectOf();
  await send(expected, 'bin', 'http', names);
  const calls = await callsOf(expected);
  expect(calls.size).toBeGreaterThan(400);
  const ways = [
    ['json', 'http', backwards],
    ...(client === undefined ? [] : [['bin', 'grpc', backwards] as const]),
  ] as const;
  for (const [encoding, way, order] of ways) {
    const project = projectOf();
    await send(project, encoding, way, order);
    const again = await callsOf(project);
    expect([...again.keys()].sort()).toEqual([...calls.keys()].sort());
    for (const [key, call] of calls)
      expect({ way, encoding, call: again.get(key) }).toEqual({ way, encoding, call });
    // Once more, as exporters do: nothing changes.
    await send(project, encoding, way, names.slice(0, 20));
    expect((await callsOf(project)).size).toBe(calls.size);
  }
}, 300_000);
