import { createLogger } from '@weft/runtime';
import { startCluster } from '../cluster/cluster.ts';
import type { Pool } from '../cluster/proxy.ts';
import { openClusterLog } from './cluster-log.ts';
import { createLoad } from './load.ts';
import { judge, type Verdict } from './oracle.ts';
import { readAll } from './read-all.ts';
import { watchVisibility } from './visibility.ts';

export interface RollingOptions {
  /** At least so many requests; restarts go on until then. */
  readonly requests: number;
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

export interface RollingResult extends Verdict {
  readonly requests: number;
  readonly failed: number;
  readonly reads: number;
  readonly restarts: number;
  readonly slowestStopMs: number;
  /** The longest that acknowledged calls took to be readable: joining and leaving writers included. */
  readonly longestToReadableMs: number;
  readonly badExits: number;
}

/** Restarts every service in turn, two instances each, while clients write and read: no request may fail. */
export async function runRolling(options: RollingOptions): Promise<RollingResult> {
  const { onProgress = () => undefined, seed } = options;
  const logger = createLogger({ name: 'rolling', level: 'error' });
  const cluster = await startCluster({ gateways: 2, writers: 2, queries: 2, logger, onProgress });
  const project = 'chaos/rolling';
  const stop = new AbortController();
  try {
    const load = createLoad({ url: () => cluster.url, project, clients: 4, seed });
    const log = await openClusterLog(cluster, logger);
    const visibility = watchVisibility(log);
    const startedAt = performance.now();
    const reads = { ok: 0, failed: 0 };
    const working = Promise.all([load.run(stop.signal), readOn(cluster.url, project, reads, stop.signal)]);
    let [restarts, slowestStopMs, badExits] = [0, 0, 0];
    const sent = () => load.requests.ok + load.requests.unknown + load.requests.refused + reads.ok + reads.failed; // prettier-ignore
    while (sent() < options.requests || restarts < 6) {
      for (const pool of ['gateway', 'writer', 'query'] satisfies Pool[]) {
        const before = cluster.instances(pool);
        const { slowestStopMs: ms } = await cluster.rollingRestart(pool);
        slowestStopMs = Math.max(slowestStopMs, ms);
        restarts += before.length;
        badExits += before.flatMap((one) => one.exitCodes).filter((code) => code !== 0).length;
        onProgress(`${restarts} restarts, ${sent()} requests, ${load.requests.unknown + load.requests.refused + reads.failed} failed`); // prettier-ignore
      }
    }
    stop.abort();
    await working;
    const longestToReadableMs = Math.round(visibility.longestSince(startedAt));
    await visibility.stop();
    await log.close();
    return {
      ...judge(load.journal, await readAll(cluster.url, project)),
      requests: sent(),
      failed: load.requests.unknown + load.requests.refused + reads.failed,
      reads: reads.ok,
      restarts,
      slowestStopMs: Math.round(slowestStopMs),
      longestToReadableMs,
      badExits,
    };
  } finally {
    stop.abort();
    await cluster.stop();
  }
}

async function readOn(
  url: string,
  project: string,
  count: { ok: number; failed: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const ok = await fetch(`${url}/calls/stream_query`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ project_id: project, limit: 5, sort_by: [{ field: 'started_at', direction: 'desc' }] }), // prettier-ignore
    }).then(
      async (response) => {
        await response.text();
        return response.ok;
      },
      () => false,
    );
    if (ok) count.ok++;
    else count.failed++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
