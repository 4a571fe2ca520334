/**
 * `scripts/chaos`: kills what runs, again and again, under load, and judges what is left.
 *     scripts/chaos [--rounds N]                  one process and its engine
 *     scripts/chaos cluster [--kills N] [--brokers 1|3] [--short]
 *     scripts/chaos rolling [--requests N]
 *     scripts/chaos scoring [--kills N] [--cluster]      what scores: one process, or workers on Kafka and Redis
 *     scripts/chaos isolation [--requests N]             scores of one project while another's provider misbehaves
 *     scripts/chaos storage [--kills N] [--cluster]      files and large payloads in a bucket that comes and goes
 * Exit code 1 if anything was lost, doubled, altered, invented, or failed where nothing may.
 */
import { parseArgs } from 'node:util';
import { runClusterChaos } from './cluster-run.ts';
import { runRolling } from './rolling.ts';
import { runChaos } from './run.ts';
import { runIsolation } from './scoring-isolation.ts';
import { runScoringChaos } from './scoring-run.ts';
import { startOneProcess, startScoringCluster } from './scoring-targets.ts';
import { runStorageChaos } from './storage-run.ts';
import { startOneStoring, startStoringCluster } from './storage-targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '100' },
    kills: { type: 'string', default: '200' },
    brokers: { type: 'string', default: '3' },
    requests: { type: 'string' },
    cluster: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
const onProgress = (text: string): void => void process.stderr.write(`${text}\n`);
const seed = Number(values.seed);

async function run(): Promise<object> {
  const [what] = positionals;
  if (what === undefined) return runChaos({ rounds: Number(values.rounds), seed, onProgress });
  if (what === 'rolling')
    return runRolling({ requests: Number(values.requests ?? 20_000), seed, onProgress });
  if (what === 'isolation') {
    const result = await runIsolation({ calls: Number(values.requests ?? 500), onProgress });
    return { ...result, slowedDown: Number(result.worst > 1.2) };
  }
  if (what === 'scoring') {
    const target = values.cluster ? startScoringCluster : startOneProcess;
    const result = await runScoringChaos({ target, kills: Number(values.kills), seed, onProgress });
    return { ...result, askedTooOften: Number(result.askedAgain > result.asked / 100) };
  }
  if (what === 'storage') {
    const target = values.cluster ? startStoringCluster : startOneStoring;
    return runStorageChaos({ target, rounds: Number(values.kills), seed, onProgress });
  }
  if (what !== 'cluster')
    throw new Error(`expected nothing, cluster, rolling, scoring, isolation or storage, got ${what}`);
  return runClusterChaos({
    kills: Number(values.kills),
    seed,
    brokers: values.brokers === '1' ? 1 : 3,
    outageS: values.short
      ? { clickHouse: 5, kafka: 5, zombie: 15 }
      : { clickHouse: 60, kafka: 30, zombie: 20 },
    onProgress,
  });
}

/** Lists must be empty, and these numbers 0; everything else is a figure. */
const FAULTS = ['failed', 'exitCode', 'badExits', 'askedTooOften', 'slowedDown'];

const result: object = await run();
const isBad = ([name, value]: [string, unknown]): boolean =>
  Array.isArray(value) ? value.length > 0 : FAULTS.includes(name) && value !== 0;
const flat = Object.entries(result).flatMap(
  ([name, value]): [string, unknown][] =>
  name === 'ledger' ? [[name, value], ['unaccounted', (value as { unaccounted: unknown }).unaccounted]] : [[name, value]], // prettier-ignore
);
console.log(JSON.stringify(Object.fromEntries(flat.map(([name, value]) => [name, Array.isArray(value) ? value.length : value])), null, 2)); // prettier-ignore
const bad = flat.filter(isBad);
for (const [name, value] of bad) console.log(name, Array.isArray(value) ? value.slice(0, 10) : value);
process.exitCode = bad.length === 0 ? 0 : 1;
