/**
 * `pnpm --filter @weft/bench ingest [--spans 100000] [--connections 4] [--per-request 100] [--gzip]`: OTLP spans and Weave calls through HTTP into
 * a running all-in-one (the bundle in dist/). Everything in the process tree is counted. Compare ratios within one run.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { cpuMs, processTree, pssMib } from '@weft/testkit';
import { directoryBytes, percentile } from './figures.ts';
import { profileOf } from './profile.ts';
import { buildSpanRequest, SPANS_PER_REQUEST } from './spans.ts';
import { buildCallRequest, CALLS_PER_REQUEST } from './calls.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '100000' },
    connections: { type: 'string', default: '4' },
    gzip: { type: 'boolean', default: false },
    kind: { type: 'string', default: 'spans' },
    /** Spans of a request, in hundreds: 500 and 8200 are what SDKs and Collectors send. */
    'per-request': { type: 'string', default: '100' },
    port: { type: 'string', default: '6399' },
    keep: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});
const total = Number(values.spans);
const connections = Number(values.connections);
const url = `http://127.0.0.1:${values.port}`;
const dataDir = values.keep ?? mkdtempSync(join(tmpdir(), 'weft-bench-'));

const startedAt = performance.now();
const bundle = fileURLToPath(new URL('../dist/all-in-one.mjs', import.meta.url));
const profileDir = mkdtempSync(join(tmpdir(), 'weft-profile-'));
const profiling = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
const server = spawn(process.execPath, [...profiling, bundle, '--port', values.port, '--data-dir', dataDir], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
for (;;) {
  if (
    await fetch(`${url}/readyz`).then(
      (r) => r.ok,
      () => false,
    )
  )
    break;
  if (server.exitCode !== null) throw new Error('the server did not start');
  await sleep(20);
}
const pids = () => processTree(server.pid!);
const cpu = () => {
  const [node = 0, ...rest] = pids().map((pid) => cpuMs(pid) / 1000);
  return { node, engine: rest.reduce((a, b) => a + b, 0) };
};
const pss = () => Math.round(pids().reduce((sum, pid) => sum + pssMib(pid), 0));
report(
  'start to ready',
  `${((performance.now() - startedAt) / 1000).toFixed(2)} s wall, ${sum(cpu()).toFixed(2)} CPU s`,
);

const emptyDisk = directoryBytes(dataDir);
let sent = 0;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const spansKind = values.kind === 'spans';
const pieces = spansKind ? Math.max(1, Math.round(Number(values['per-request']) / SPANS_PER_REQUEST)) : 1;
const perRequest = spansKind ? pieces * SPANS_PER_REQUEST : CALLS_PER_REQUEST;

// Idle: ack and ack → visible, one request at a time.
await loop(perRequest > 1000 ? 2 : 20, 1);
await sleep(1500);
const idleAcks: number[] = [];
const visible: number[] = [];
const source = makeSource(999);
for (let i = 0; i < (perRequest > 1000 ? 5 : 30); i++) {
  const { body, ids } = source();
  const t0 = performance.now();
  await send(body);
  const t1 = performance.now();
  await seen(ids.at(-1)!);
  idleAcks.push(t1 - t0);
  visible.push(performance.now() - t1);
  await sleep(100);
}
sortAll(idleAcks, visible);
report('ack, idle', `p50 ${ms(percentile(idleAcks, 50))}, p99 ${ms(percentile(idleAcks, 99))}`);
report('ack → visible, idle', `p50 ${ms(percentile(visible, 50))}, p99 ${ms(percentile(visible, 99))}`);

await sleep(1000);
const idleFrom = cpu();
const idlePss = pss();
await sleep(5000);
report('idle', `${idlePss} MiB PSS, ${((sum(minus(cpu(), idleFrom)) / 5) * 100).toFixed(1)} % of a core`);

// The engine stands still: what is left is gateway and log, up to the durable ack.
const [engine] = pids().slice(1);
process.kill(engine!, 'SIGSTOP');
await loop(perRequest > 1000 ? connections : 15, connections);
const ackFrom = cpu();
const ackRequests = Math.min(400, Math.ceil(total / perRequest / 2));
const ackAlone = await loop(ackRequests, connections);
const ackOnly = minus(cpu(), ackFrom);
process.kill(engine!, 'SIGCONT');
const ackItems = ackAlone.latencies.length * perRequest;
report(
  'ack alone',
  `${Math.round(ackItems / sum(ackOnly))} per CPU-second, ${us(sum(ackOnly) / ackItems)} each (gateway and log)`,
);
await seen(ackAlone.last);
await sleep(3000);

const before = cpu();
const t0 = performance.now();
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, pss())), 500);
const { latencies, last } = await loop(Math.ceil(total / perRequest), connections);
const acked = performance.now();
const ackCpu = minus(cpu(), before);
await seen(last);
const drained = performance.now();
await sleep(300);
clearInterval(watch);
const done = minus(cpu(), before);
latencies.sort((a, b) => a - b);
const n = latencies.length * perRequest;
report(
  'acknowledged',
  `${Math.round(n / ((acked - t0) / 1000))} /s; ack p50 ${ms(percentile(latencies, 50))}, p99 ${ms(percentile(latencies, 99))}, max ${ms(latencies.at(-1)!)}`,
);
report('drain after the load', `${((drained - acked) / 1000).toFixed(2)} s`);
report(
  'durable and visible',
  `${Math.round(n / sum(done))} per CPU-second, ${Math.round(n / ((drained - t0) / 1000))} /s wall`,
);
report(
  'CPU per item',
  `${us(sum(done) / n)} = server ${us(done.node / n)} + engine ${us(done.engine / n)} (until the last ack: ${us(ackCpu.node / n)} + ${us(ackCpu.engine / n)})`,
);
report('memory under load', `${peak} MiB PSS`);
await sleep(12_000);
const settled = minus(cpu(), before);
report(
  'CPU per item with 12 s of merges',
  `${us(sum(settled) / n)} → ${Math.round(n / sum(settled))} per CPU-second`,
);
report('disk', `${Math.round((directoryBytes(dataDir) - emptyDisk) / sent)} bytes per item, all included`);
server.kill('SIGTERM');
await new Promise((resolve) => server.once('exit', resolve));
agent.destroy();
if (values.profile) {
  const { packages, functions } = profileOf(profileDir, bundle);
  console.log('\nself time of the server per item, start to end:');
  for (const [name, seconds] of packages.slice(0, 16)) report(`  ${name}`, us(seconds / n));
  for (const [name, seconds] of functions.slice(0, 40)) report(`  ${us(seconds / n)}`, name);
}
rmSync(profileDir, { recursive: true, force: true });
if (values.keep === undefined) rmSync(dataDir, { recursive: true, force: true });

function makeSource(seed: number): () => { body: Buffer; ids: string[] } {
  const built = spansKind ? buildSpanRequest(seed) : buildCallRequest(seed);
  return () => {
    let ids: string[] = [];
    // Requests of protobuf one after the other are one request.
    const bodies = Array.from({ length: pieces }, () => {
      ids = built.renew();
      return Buffer.from(built.body);
    });
    const body = pieces === 1 ? bodies[0]! : Buffer.concat(bodies);
    return { body: values.gzip ? gzipSync(body, { level: 1 }) : body, ids };
  };
}

async function loop(requests: number, clients: number): Promise<{ latencies: number[]; last: string }> {
  const latencies: number[] = [];
  let left = requests;
  let last = '';
  await Promise.all(
    Array.from({ length: clients }, async (_, c) => {
      const next = makeSource(c + 1);
      while (left-- > 0) {
        const { body, ids } = next();
        const from = performance.now();
        await send(body);
        latencies.push(performance.now() - from);
        last = ids.at(-1)!;
      }
    }),
  );
  return { latencies, last };
}

function send(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = spansKind ? '/otel/v1/traces' : '/v2/bench/spans/calls/complete';
    const headers = {
      'content-type': spansKind ? 'application/x-protobuf' : 'application/json',
      'content-length': body.length,
      ...(values.gzip ? { 'content-encoding': 'gzip' } : {}),
    };
    const req = request(url + path, { method: 'POST', agent, headers }, (res) => {
      res.resume();
      if (res.statusCode === 200) sent += perRequest;
      res.on('end', () =>
        res.statusCode === 200 ? resolve() : reject(new Error(`status ${res.statusCode}`)),
      );
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** Polls without waiting for freshness, so that the time measured is the writer's. */
async function seen(id: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/call/read`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-weft-freshness': 'any' },
      body: JSON.stringify({ project_id: 'bench/spans', id }),
    });
    const { call } = (await response.json()) as { call: unknown };
    if (call !== null) return;
    await sleep(5);
  }
}

function sleep(msec: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, msec));
}
function sum(c: { node: number; engine: number }): number {
  return c.node + c.engine;
}
function minus(
  a: { node: number; engine: number },
  b: { node: number; engine: number },
): { node: number; engine: number } {
  return { node: a.node - b.node, engine: a.engine - b.engine };
}
function sortAll(...lists: number[][]): void {
  for (const list of lists) list.sort((a, b) => a - b);
}
function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
function us(seconds: number): string {
  return `${(seconds * 1e6).toFixed(0)} µs`;
}
function report(what: string, figure: string): void {
  console.log(`${what.padEnd(34)} ${figure}`);
}
