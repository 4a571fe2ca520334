import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheDirectory } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { freePort } from '../ports.ts';

const SOURCE = fileURLToPath(new URL('.', import.meta.url));
const PINNED = ['go.mod', 'go.sum', 'main.go'];
const VERSION = createHash('sha256')
  .update(PINNED.map((file) => readFileSync(join(SOURCE, file))).join('\0'))
  .digest('hex')
  .slice(0, 12);

export interface CollectorOptions {
  /** Of what it sends. Default: http. */
  readonly protocol?: 'http' | 'grpc';
  /** Where traces and logs go: the base of OTLP/HTTP, or host:port of OTLP/gRPC without TLS. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Spans of a batch; the Collector's own default is 8,192. */
  readonly batchSize?: number;
  /** Of what it sends. Default: gzip. */
  readonly compression?: 'gzip' | 'none';
}

/** An OpenTelemetry Collector of stock components: OTLP in, batched, OTLP out. */
export interface TestCollector {
  /** Base of its OTLP/HTTP. */
  readonly url: string;
  /** All it has said. */
  output(): string;
  /** Lets it send what it holds, then ends it. */
  stop(): Promise<void>;
}

/** Why there is no Collector; undefined = it is built, or can be. */
export function whyNoCollector(): string | undefined {
  if (existsSync(binary())) return undefined;
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' });
  if (status !== 0) return 'there is no Go, which builds it';
  const [, minor = '0'] = /^go1\.(\d+)/.exec(stdout) ?? [];
  return Number(minor) >= 26 ? undefined : `Go 1.26 builds it; this is ${stdout.trim()}`;
}

/** @throws Error with what the Collector, or its build, has said when it does not start. */
export async function startCollector(options: CollectorOptions): Promise<TestCollector> {
  const command = await built();
  const directory = await mkdtemp(join(tmpdir(), 'weft-collector-'));
  const port = await freePort();
  const file = join(directory, 'config.json');
  await writeFile(file, JSON.stringify(configOf(options, port)));
  const child = spawn(command, ['--config', `file:${file}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close');
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`the Collector ended with ${child.exitCode}\n${said}`);
    return said.includes('Everything is ready');
  });
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => said,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configOf(options: CollectorOptions, port: number): object {
  const { protocol = 'http', endpoint, headers, batchSize = 8192, compression = 'gzip' } = options;
  const exporter = `otlp_${protocol}`;
  const pipeline = { receivers: ['otlp'], processors: ['batch'], exporters: [exporter] };
  return {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    processors: { batch: { send_batch_size: batchSize, send_batch_max_size: batchSize, timeout: '1s' } },
    exporters: {
      [exporter]: {
        endpoint,
        headers,
        compression,
        retry_on_failure: { initial_interval: '200ms' },
        ...(protocol === 'grpc' && { tls: { insecure: true } }),
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: pipeline, logs: pipeline },
    },
  };
}

function binary(): string {
  return join(cacheDirectory(), `collector-${VERSION}`, 'otelcol');
}

/** Modules come through Go's proxy; the first time takes minutes. Two runs may build at the same time. */
async function built(): Promise<string> {
  const path = binary();
  if (existsSync(path)) return path;
  process.stderr.write('building the OpenTelemetry Collector from its Go modules; minutes, once\n');
  await mkdir(join(path, '..'), { recursive: true });
  const own = `${path}.${process.pid}`;
  const child = spawn('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', own, '.'], { cwd: SOURCE, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`go build of the Collector ended with ${code}`);
  await rename(own, path);
  return path;
} // prettier-ignore
