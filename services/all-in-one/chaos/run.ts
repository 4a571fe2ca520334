import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, mulberry32 } from '@weft/testkit';
import { judgeCounts } from './counts.ts';
import { createLoad, type Load } from './load.ts';
import { judge, type Verdict } from './oracle.ts';
import { judgeTotals, type Totals } from './otel-totals.ts';
import { readAll } from './read-all.ts';
import { createVictim } from './victims.ts';

export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly clients?: number;
  /** Called after each round. */
  readonly onProgress?: (text: string) => void;
}

export interface ChaosResult extends Verdict, Totals {
  /** What is counted otherwise than it is read. */
  readonly wrongCounts: string[];
  readonly kills: { readonly server: number; readonly engine: number };
  readonly attempts: number;
  readonly exports: Load['exports'];
  /** Seconds from a server kill to ready again: the longest. */
  readonly slowestRestartS: number;
  readonly exitCode: number;
  /** Rows on disk before the store removed superseded and repeated ones is not asked: only what the API shows counts. */
  readonly readable: number;
}

/** Random kill -9 of the server or of its engine, at random moments, under load; then one judgement over everything. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'weft-chaos-'));
  const random = mulberry32(options.seed);
  const output: string[] = [];
  const grpcPort = await freePort();
  const victim = createVictim({
    dataDir,
    port: await freePort(),
    grpcPort,
    onOutput: (line) => {
      output.push(line);
      if (output.length > 200) output.shift();
    },
  });
  const kills = { server: 0, engine: 0 };
  let slowestRestartS = 0;
  try {
    await victim.start();
    const load = createLoad({
      url: () => victim.url,
      project: 'chaos/kills',
      grpcUrl: `http://127.0.0.1:${grpcPort}`,
      clients: options.clients ?? 6,
      seed: options.seed,
    });
    const stop = new AbortController();
    const sending = load.run(stop.signal);
    for (let round = 0; round < options.rounds; round++) {
      await new Promise((resolve) => setTimeout(resolve, 100 + random() * 1900));
      const which = random() < 0.6 ? 'server' : 'engine';
      if (await victim.kill(which)) kills[which]++;
      if (which === 'server') {
        const killedAt = Date.now();
        // One in five: killed again in the middle of its own recovery.
        if (random() < 0.2) {
          const restart = victim.start().catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, random() * 800));
          if (await victim.kill('server')) kills.server++;
          await restart;
        }
        await victim.start();
        slowestRestartS = Math.max(slowestRestartS, (Date.now() - killedAt) / 1000);
      }
      options.onProgress?.(
        `round ${round + 1}/${options.rounds}: killed the ${which}; ${load.journal.length} attempts so far`,
      );
    }
    stop.abort();
    await sending;
    const seen = await readAll(victim.url, load.project);
    const totals = await judgeTotals(victim.url, load.project, load.journal);
    const wrongCounts = await judgeCounts(victim.url, load.project, seen);
    const exitCode = await victim.stop();
    return {
      ...judge(load.journal, seen),
      ...totals,
      wrongCounts,
      kills,
      attempts: load.journal.length,
      exports: load.exports,
      slowestRestartS,
      exitCode,
      readable: seen.length,
    };
  } catch (error) {
    throw new Error(
      `chaos run with seed ${options.seed} failed; the server said last:\n${output.slice(-40).join('\n')}`,
      { cause: error },
    );
  } finally {
    await victim.kill('server').catch(() => false);
    rmSync(dataDir, { recursive: true, force: true });
  }
}
