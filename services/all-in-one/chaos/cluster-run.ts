import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@weft/event-log';
import { createLogger } from '@weft/runtime';
import { eventually, mulberry32 } from '@weft/testkit';
import { startCluster, type Cluster } from '../cluster/cluster.ts';
import type { Pool } from '../cluster/proxy.ts';
import { auditLog, type Audit } from './audit.ts';
import { openClusterLog, replayAll } from './cluster-log.ts';
import { createFaults, killOne, type Fault, type OutageSeconds, type Victim } from './faults.ts';
import { judgeCounts } from './counts.ts';
import { createLoad, type Load } from './load.ts';
import { judge, type Verdict } from './oracle.ts';
import { judgeTotals, type Totals } from './otel-totals.ts';
import { readAll } from './read-all.ts';
import { watchVisibility } from './visibility.ts';

export interface ClusterChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly brokers: 1 | 3;
  readonly outageS: OutageSeconds;
  readonly clients?: number;
  readonly onProgress?: (text: string) => void;
}

export interface ClusterChaosResult extends Verdict, Totals {
  /** What is counted otherwise than it is read, after the replay: before it, two writers may have stored one row. */
  readonly wrongCounts: string[];
  readonly kills: Readonly<Record<string, number>>;
  /** What was done beside the kills, and the longest that acknowledged calls took to be readable meanwhile, seconds. */
  readonly outages: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly exports: Load['exports'];
  readonly readable: number;
  /** Poisoned events sent into the log, and the dead letters that hold them. */
  readonly poison: { readonly sent: number; readonly deadLettered: number };
  /** Events that were put into the log again, out of order. */
  readonly repeated: number;
  readonly ledger: Audit;
  /** Calls whose answer differs after everything was replayed into an empty database. */
  readonly changedByReplay: string[];
  /** From the end of the load until everything was stored and read, seconds. */
  readonly drainS: number;
  /** Exit codes other than 0 of services that ended without being killed: a part gave up. */
  readonly badExits: number;
}

const PROJECT = 'chaos/cluster';

/** Kills everything there is, at random, under load, with outages between; then judges what is left, and replays it all. */
export async function runClusterChaos(options: ClusterChaosOptions): Promise<ClusterChaosResult> {
  const { seed, onProgress = () => undefined } = options;
  const random = mulberry32(seed);
  const logger = createLogger({ name: 'chaos', level: 'error' });
  const cluster = await startCluster({
    brokers: options.brokers,
    gateways: 2,
    writers: 2,
    logger,
    onProgress,
  });
  const log = await openClusterLog(cluster, logger);
  const load = createLoad({
    url: () => cluster.url,
    grpcUrl: `http://${cluster.grpc()[0]}`,
    project: PROJECT,
    clients: options.clients ?? 6,
    seed,
  });
  const stop = new AbortController();
  const kills: Record<Victim, number> = { gateway: 0, writer: 0, query: 0, clickhouse: 0, broker: 0 };
  const outages: Record<string, number> = {};
  try {
    const sending = load.run(stop.signal);
    const audit = auditLog(log, random);
    const faults = createFaults(cluster, log, { ...options, project: PROJECT });
    const visibility = watchVisibility(log);
    // From one fault to the next, so that the figure of each is its own.
    const settled = () => eventually(() => visibility.longestSince(performance.now()) < 3_000, 180_000);
    const cause = async (fault: Fault): Promise<void> => {
      await settled();
      onProgress(`now: ${fault.name}`);
      const startedAt = performance.now();
      await fault.run();
      await settled();
      outages[fault.name] = Math.round(visibility.longestSince(startedAt) / 100) / 10;
    };
    const done = () => Object.values(kills).reduce((sum, n) => sum + n, 0);
    const spread = Math.max(1, Math.floor(options.kills / (faults.planned.length + 1)));
    let next = spread;
    while (done() < options.kills) {
      await sleep(100 + random() * 900);
      const victim = await killOne(cluster, random);
      if (victim === undefined) continue;
      kills[victim]++;
      if (done() % 10 === 0) onProgress(`${done()}/${options.kills} kills, ${load.journal.length} attempts`);
      const fault = faults.planned[0];
      if (done() < next || fault === undefined) continue;
      next += spread;
      faults.planned.shift();
      await cause(fault);
    }
    for (const fault of faults.planned) await cause(fault);
    const repeated = await audit.repeat();
    stop.abort();
    await sending;
    await visibility.stop();
    onProgress('load is over: waiting until everything is stored');
    const drainStarted = performance.now();
    const seen = await readAll(cluster.url, PROJECT);
    const drainS = (performance.now() - drainStarted) / 1000;
    const totals = await judgeTotals(cluster.url, PROJECT, load.journal);
    const ledger = await audit.close(seen.map(({ id }) => id));
    const badExits = exits(cluster);
    onProgress('replaying the log into an empty database');
    await replayAll(cluster, logger);
    const again = new Map((await readAll(cluster.url, PROJECT)).map(({ id, line }) => [id, line]));
    const { wrongTotals: wrongAfter } = await judgeTotals(cluster.url, PROJECT, load.journal);
    const changedByReplay = seen.filter(({ id, line }) => again.get(id) !== line).map(({ id }) => id);
    const wrongCounts = await judgeCounts(cluster.url, PROJECT, seen);
    const known = new Set(seen.map(({ id }) => id));
    for (const id of again.keys()) if (!known.has(id)) changedByReplay.push(id);
    return {
      ...judge(load.journal, seen),
      ...totals,
      wrongCounts,
      wrongTotals: [...totals.wrongTotals, ...wrongAfter],
      kills,
      outages,
      attempts: load.journal.length,
      exports: load.exports,
      readable: seen.length,
      poison: { sent: faults.poisoned.size, deadLettered: await countDeadLetters(log, faults.poisoned) },
      repeated,
      ledger,
      changedByReplay,
      drainS: Math.round(drainS * 10) / 10,
      badExits,
    };
  } finally {
    stop.abort();
    await log.close();
    await cluster.stop();
  }
}

async function countDeadLetters(log: EventLog, ids: ReadonlySet<string>): Promise<number> {
  const found = new Set<string>();
  for await (const { event } of log.deadLetters('trace-events')) if (ids.has(event.id)) found.add(event.id);
  return found.size;
}

function exits(cluster: Cluster): number {
  const pools: Pool[] = ['gateway', 'writer', 'query'];
  return pools.flatMap((pool) => cluster.instances(pool).flatMap((one) => one.exitCodes)).filter((c) => c !== 0).length; // prettier-ignore
}
