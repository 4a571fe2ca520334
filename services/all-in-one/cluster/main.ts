/** `scripts/cluster`: the topology of a company on one machine, until Ctrl-C or until what `--run` names has ended. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { createLogger } from '@weft/runtime';
import { startCluster } from './cluster.ts';
import { reserveTestModels } from './test-models.ts';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '1' },
    gateways: { type: 'string', default: '1' },
    writers: { type: 'string', default: '1' },
    queries: { type: 'string', default: '1' },
    scorers: { type: 'string', default: '0' },
    partitions: { type: 'string', default: '8' },
    port: { type: 'string', default: '6345' },
    'data-dir': { type: 'string' },
    run: { type: 'string' },
  },
});

type Count = 'brokers' | 'gateways' | 'writers' | 'queries' | 'scorers' | 'partitions' | 'port';

function count(name: Count): number {
  const number = Number(values[name]);
  const least = name === 'port' || name === 'scorers' ? 0 : 1;
  if (Number.isInteger(number) && number >= least) return number;
  process.stderr.write(`--${name}: expected a whole number, got ${values[name]}\n`);
  process.exit(2);
}

const brokers = count('brokers');
if (brokers !== 1 && brokers !== 3) {
  process.stderr.write('--brokers: 1 or 3\n');
  process.exit(2);
}
const scorers = count('scorers');
// A test on a busy machine wants to see its writes rather than a stale answer in 2 s.
const patient = { QUERY_FRESHNESS_MAX_WAIT_MS: '30000' };
const models = values.run === undefined || scorers === 0 ? undefined : await reserveTestModels();
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopped.abort());
const cluster = await startCluster({
  brokers,
  gateways: count('gateways'),
  writers: count('writers'),
  queries: count('queries'),
  scorers,
  partitions: count('partitions'),
  port: count('port'),
  blobs: true,
  ...(values['data-dir'] === undefined ? {} : { dataDir: values['data-dir'] }),
  env: values.run === undefined ? {} : { ...patient, ...models?.env },
  logger: createLogger({ name: 'cluster', level: 'warn' }),
  onProgress: (text) => process.stderr.write(`${text}\n`),
}).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
process.stdout.write(`
The cluster is ready at ${cluster.url}

  Kafka     ${cluster.kafka.brokers}
  gateway   ${cluster.urls('gateway').join(' ')}
  OTLP/gRPC ${cluster.grpc().join(' ')}
  writer    ${cluster.urls('writer').join(' ')}
  query     ${cluster.urls('query').join(' ')}${scoringLines()}
  logs      ${cluster.dataDir}/logs

Ctrl-C stops all of it.
`);
if (values.run !== undefined) process.exitCode = await runCommand(values.run);
else if (!stopped.signal.aborted)
  await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve));
process.stderr.write('stopping\n');
await cluster.stop();

function scoringLines(): string {
  if (cluster.redis === undefined) return '';
  return `\n  scoring   ${cluster.urls('scoring-worker').join(' ')}\n  Redis     ${cluster.redis.url}`;
}

/** With BASE_URL and what else the e2e suite wants to know of a stack. */
async function runCommand(command: string): Promise<number> {
  const known = {
    BASE_URL: cluster.url,
    OTLP_GRPC_ADDRESS: cluster.grpc()[0],
    E2E_MODEL_PORTS: JSON.stringify(models?.ports ?? {}),
  };
  const exports = Object.entries(known).map(([name, value]) => `${name}='${value}'`);
  const child = spawn('sh', ['-c', `export ${exports.join(' ')}; ${command}`], { stdio: 'inherit' });
  stopped.signal.addEventListener('abort', () => child.kill());
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
