/**
 * `pnpm --filter @weft/bench uploads [--parallel 50] [--megabytes 20] [--rounds 2]`: memory of a gateway while it receives files, which
 * go to a real S3 server. Each upload has bytes of its own, and the answer's digest is checked. The baseline is the same gateway
 * after one upload at a time; the answer to hold it against is what the uploads weigh together.
 */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogger } from '@weft/runtime';
import { cpuMs, mulberry32, pssMib, startS3 } from '@weft/testkit';
import { startCluster } from '../services/all-in-one/cluster/cluster.ts';

const { values } = parseArgs({
  options: {
    parallel: { type: 'string', default: '50' },
    megabytes: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
  },
});
const parallel = Number(values.parallel);
const bytes = Number(values.megabytes) * 1e6;

const PIECE = Buffer.alloc(64 * 1024);
const random = mulberry32(1);
for (let i = 0; i < PIECE.length; i++) PIECE[i] = Math.floor(random() * 256);

/** 503, and sent again as SDKs do. */
let refused = 0;

const s3 = await startS3();
const env = { ...s3.environment(await s3.createBucket()), QUERY_FRESHNESS_MAX_WAIT_MS: '60000' };
const logger = createLogger({ name: 'bench', level: 'error' });
const cluster = await startCluster({ gateways: 1, writers: 1, queries: 1, logger, env });
try {
  const pid = cluster.instances('gateway')[0]!.pid!;
  for (let i = 0; i < 5; i++) await upload(`warm-${i}`);
  const one = await watch(pid, () => upload('one'));
  console.log(line('one at a time', one, one));
  for (let round = 0; round < Number(values.rounds); round++) {
    const names = Array.from({ length: parallel }, (_, i) => `file-${round}-${i}`);
    const many = await watch(pid, () => Promise.all(names.map(upload)));
    console.log(line(`${parallel} at once`, many, one));
  }
} finally {
  await cluster.stop();
  await s3.stop();
}

interface Watched {
  readonly startMib: number;
  readonly peakMib: number;
  readonly seconds: number;
  readonly cpuMs: number;
}

async function watch(pid: number, run: () => Promise<unknown>): Promise<Watched> {
  const [startMib, startCpu, startedAt] = [pssMib(pid), cpuMs(pid), performance.now()];
  let peakMib = startMib;
  let isOver = false;
  const looking = (async () => {
    for (; !isOver; await sleep(50)) peakMib = Math.max(peakMib, pssMib(pid));
  })();
  try {
    await run();
  } finally {
    isOver = true;
    await looking;
  }
  return { startMib, peakMib, seconds: (performance.now() - startedAt) / 1000, cpuMs: cpuMs(pid) - startCpu };
}

function line(what: string, { startMib, peakMib, seconds, cpuMs: cpu }: Watched, base: Watched): string {
  const files = what.startsWith('one') ? 1 : parallel;
  const megabytes = (files * bytes) / 1e6;
  return `${what.padEnd(14)} ${startMib.toFixed(0)} MiB before, ${peakMib.toFixed(0)} MiB at most (${(peakMib - base.peakMib).toFixed(0)} above one at a time; the files have ${((files * bytes) / 2 ** 20).toFixed(0)} MiB), ${seconds.toFixed(1)} s, ${(cpu / megabytes).toFixed(1)} ms CPU a MB, ${refused} × 503`;
}

/** Sent in pieces as they are made: the sender must not weigh on the machine. @throws Error when the answer is not the file's digest. */
async function upload(name: string): Promise<void> {
  const boundary = 'weft-bench';
  const part = (head: string) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`;
  const before = `${part('name="project_id"')}bench/uploads\r\n${part(`name="file"; filename="${name}"`)}`;
  const after = `\r\n--${boundary}--\r\n`;
  const hash = createHash('sha256');
  const req = request(`${cluster.urls('gateway')[0]}/file/create`, {
    method: 'POST',
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': before.length + bytes + after.length,
    },
  });
  const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
    req.on('error', reject);
    req.on('response', async (res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of res) chunks.push(chunk as Buffer);
      resolve({ status: res.statusCode!, text: Buffer.concat(chunks).toString() });
    });
  });
  req.write(before);
  const head = Buffer.from(name.padEnd(64));
  for (let sent = 0; sent < bytes;) {
    const piece = (sent === 0 ? head : PIECE).subarray(0, bytes - sent);
    hash.update(piece);
    sent += piece.length;
    if (!req.write(piece)) await new Promise((resolve) => req.once('drain', resolve));
  }
  req.end(after);
  const { status, text } = await answered;
  if (status === 503) {
    refused++;
    await sleep(500);
    return upload(name);
  }
  const digest = hash.digest('base64url').replaceAll('-', 'X').replaceAll('_', 'Y');
  if (status !== 200 || (JSON.parse(text) as { digest?: string }).digest !== digest) throw new Error(`${status}: ${text}`); // prettier-ignore
}
