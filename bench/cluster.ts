/**
 * `pnpm --filter @weft/bench cluster [--calls 40000] [--writers 1,2,4] [--kind calls|spans]`: what a call costs in each process of a
 * cluster, and how that changes with the number of writers. Kafka is filled first while no writer runs, then the writers
 * take it all: on a machine with few cores the CPU per call is the figure, not the rate.
 */
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { createLogger } from '@weft/runtime';
import { cpuMs, pssMib } from '@weft/testkit';
import { startCluster, type Cluster } from '../services/all-in-one/cluster/cluster.ts';
import { buildCallRequest, CALLS_PER_REQUEST } from './calls.ts';
import { percentile } from './figures.ts';
import { buildSpanRequest, SPANS_PER_REQUEST } from './spans.ts';

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '40000' },
    writers: { type: 'string', default: '1,2,4' },
    kind: { type: 'string', default: 'calls' },
    connections: { type: 'string', default: '8' },
  },
});
const spans = values.kind === 'spans';
const perRequest = spans ? SPANS_PER_REQUEST : CALLS_PER_REQUEST;
const requests = Math.ceil(Number(values.calls) / perRequest);
const agent = new Agent({ keepAlive: true, maxSockets: Number(values.connections) });

interface Cpu {
  readonly gateway: number;
  readonly kafka: number;
  readonly writer: number;
  readonly clickhouse: number;
}

const rows: string[][] = [
  ['writers', 'gateway µs', 'kafka µs', 'writer µs', 'clickhouse µs', 'calls/s taken', 'MiB a writer'],
];
for (const writers of values.writers.split(',').map(Number)) {
  const cluster = await startCluster({
    writers: 1,
    logger: createLogger({ name: 'bench', level: 'error' }),
    env: { QUERY_FRESHNESS_MAX_WAIT_MS: '60000' },
  });
  try {
    await load(cluster, 20);
    await newest(cluster);
    await cluster.scale('writer', 0);
    const before = cpu(cluster);
    const latencies = await load(cluster, requests);
    const acked = cpu(cluster);
    latencies.sort((a, b) => a - b);
    const startedAt = performance.now();
    await cluster.scale('writer', writers);
    const started = cpu(cluster);
    const from = performance.now();
    await newest(cluster);
    const taken = performance.now();
    const done = cpu(cluster);
    const n = requests * perRequest;
    const us = (seconds: number) => ((seconds * 1e6) / n).toFixed(1);
    const memory = Math.max(...cluster.instances('writer').map(({ pid }) => pssMib(pid!)));
    rows.push([
      String(writers),
      us(acked.gateway - before.gateway),
      us(done.kafka - before.kafka),
      us(done.writer),
      us(done.clickhouse - before.clickhouse),
      String(Math.round(n / ((taken - from) / 1000))),
      String(Math.round(memory)),
    ]);
    console.log(
      `${writers} writer(s): ack p50 ${percentile(latencies, 50).toFixed(0)} ms, p99 ${percentile(latencies, 99).toFixed(0)} ms; ready after ${((from - startedAt) / 1000).toFixed(1)} s (${us(started.writer)} µs of the writers' CPU is their start)`,
    );
  } finally {
    await cluster.stop();
  }
}
for (const row of rows) console.log(row.map((cell) => cell.padStart(14)).join(''));
agent.destroy();

function cpu(cluster: Cluster): Cpu {
  const all = (pids: readonly (number | undefined)[]) =>
    pids.reduce((sum: number, pid) => sum + (pid === undefined ? 0 : cpuMs(pid) / 1000), 0);
  return {
    gateway: all(cluster.instances('gateway').map(({ pid }) => pid)),
    kafka: all(cluster.kafka.pids()),
    writer: all(cluster.instances('writer').map(({ pid }) => pid)),
    clickhouse: all([cluster.clickHousePid]),
  };
}

async function load(cluster: Cluster, count: number): Promise<number[]> {
  const [url] = cluster.urls('gateway');
  const latencies: number[] = [];
  let left = count;
  await Promise.all(
    Array.from({ length: Number(values.connections) }, async (_, seed) => {
      const source = spans ? buildSpanRequest(seed + 1) : buildCallRequest(seed + 1);
      while (left-- > 0) {
        source.renew();
        const from = performance.now();
        await post(url!, Buffer.from(source.body));
        latencies.push(performance.now() - from);
      }
    }),
  );
  return latencies;
}

function post(url: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = spans ? '/otel/v1/traces' : '/v2/bench/spans/calls/complete';
    const headers = {
      'content-type': spans ? 'application/x-protobuf' : 'application/json',
      'content-length': body.length,
    };
    const req = request(url + path, { method: 'POST', agent, headers }, (res) => {
      res.resume();
      res.on('end', () =>
        res.statusCode === 200 ? resolve() : reject(new Error(`status ${res.statusCode}`)),
      );
    });
    req.on('error', reject);
    req.end(body);
  });
}

/** Waits for everything that was acknowledged: a read that starts now sees it. */
async function newest(cluster: Cluster): Promise<void> {
  const body = JSON.stringify({ project_id: 'bench/spans', limit: 1 });
  for (;;) {
    const response = await fetch(`${cluster.urls('query')[0]}/calls/stream_query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await response.text();
    if (response.ok && response.headers.get('x-weft-freshness') === null) return;
    if (!response.ok) throw new Error(`reading: ${response.status}`);
  }
}
