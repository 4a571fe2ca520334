/**
 * `pnpm --filter @weft/bench slow-bucket [--seconds 20] [--rate 100]`: how long small calls wait for their answer while others
 * send large ones and the bucket is well, slow (3 s for each answer) or away. The baseline is the same small calls alone, before,
 * between and after, because machines change meanwhile; where the bucket is well the large ones are stored and take CPU too. One all-in-one (the bundle in dist/) and a real S3 server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually, freePort, pssMib, s3At, spawnBundle, startS3, tcpProxy } from '@weft/testkit';
import { percentile } from './figures.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '100' },
    large: { type: 'string', default: '4' },
  },
});
const SETTLE_MS = 4_000;
const seconds = Number(values.seconds);
const rate = Number(values.rate);

let calls = 0;

const s3 = await startS3();
const link = await tcpProxy({ target: { host: '127.0.0.1', port: s3.port } });
const bucket = await s3.createBucket();
const dataDir = mkdtempSync(join(tmpdir(), 'weft-bench-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const env = { ...s3At(`http://127.0.0.1:${link.port}`).environment(bucket), GATEWAY_OTLP_GRPC_PORT: 'off' };
const server = spawnBundle('all-in-one', ['--port', String(port), '--data-dir', dataDir], env);
try {
  await eventually(() => fetch(`${url}/readyz`).then((res) => res.ok, () => false), 60_000); // prettier-ignore
  await measure(5, 0); // warm
  const before = await measure(seconds, 0);
  link.set({ latencyMs: 3_000 });
  const slow = await measure(seconds, Number(values.large));
  link.set({});
  await link.cut();
  const away = await measure(seconds, Number(values.large));
  await link.mend();
  const between = await measure(seconds, 0);
  const well = await measure(seconds, Number(values.large));
  const after = await measure(seconds, 0);
  const base = percentile([...before.small, ...between.small, ...after.small].sort((a, b) => a - b), 99); // prettier-ignore
  show('small alone, before', before, base);
  show('bucket slow', slow, base);
  show('bucket away', away, base);
  show('small alone, between', between, base);
  show('bucket well', well, base);
  show('small alone, after', after, base);
} finally {
  server.kill('SIGKILL');
  await server.ended;
  await link.stop();
  await s3.stop();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
}

interface Measured {
  /** Milliseconds until the 200, sorted. */
  readonly small: number[];
  readonly failed: number;
  /** Of the large ones, by status. */
  readonly large: ReadonlyMap<number, number>;
  readonly pssMib: number;
}

/** Small calls at a fixed rate, whether the one before was answered or not; beside them `clients` that send 1 MB calls one by one. */
async function measure(forSeconds: number, clients: number): Promise<Measured> {
  // What came before is stored, and of no weight any more.
  await sleep(SETTLE_MS);
  const small: number[] = [];
  const large = new Map<number, number>();
  let failed = 0;
  const end = performance.now() + forSeconds * 1000;
  const sending: Promise<void>[] = Array.from({ length: clients }, async () => {
    while (performance.now() < end) {
      const status = await send(1_000_000).catch(() => 0);
      large.set(status, (large.get(status) ?? 0) + 1);
      await sleep(status === 200 ? 0 : 200);
    }
  });
  for (let i = 0, from = performance.now(); performance.now() < end; i++) {
    sending.push(timed());
    await sleep(Math.max(0, from + ((i + 1) * 1000) / rate - performance.now()));
  }
  await Promise.all(sending);
  return { small: small.sort((a, b) => a - b), failed, large, pssMib: pssMib(server.pid) };

  async function timed(): Promise<void> {
    const startedAt = performance.now();
    const status = await send(1_500).catch(() => 0);
    if (status === 200) small.push(performance.now() - startedAt);
    else failed++;
  }
}

async function send(bytes: number): Promise<number> {
  const now = new Date().toISOString();
  const id = `bench-${process.pid}-${calls++}`;
  const inputs = { model: 'm', prompt: id.repeat(Math.ceil(bytes / id.length)) };
  const call = { project_id: 'bench/storage', id, trace_id: id, op_name: 'op', started_at: now, ended_at: now, attributes: {}, inputs, output: null, summary: {} }; // prettier-ignore
  const res = await fetch(`${url}/v2/bench/storage/calls/complete`, {
    method: 'POST',
    body: JSON.stringify({ batch: [call] }),
  });
  await res.arrayBuffer();
  return res.status;
}

function show(what: string, { small, failed, large, pssMib: memory }: Measured, base: number): void {
  const p99 = percentile(small, 99);
  const others = [...large].map(([status, count]) => `${count}× ${status}`).join(', ');
  console.log(
    `${what.padEnd(20)} p50 ${percentile(small, 50).toFixed(1).padStart(6)} ms   p99 ${p99.toFixed(1).padStart(6)} ms (${(p99 / base).toFixed(2)} of the baseline)   ${failed} failed   ${memory.toFixed(0)} MiB   ${others === '' ? '' : `1 MB calls: ${others}`}`,
  );
}
