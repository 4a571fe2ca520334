import { setTimeout as sleep } from 'node:timers/promises';
import { batch, completed, newCallId } from '../e2e/calls.ts';
import { opRef } from '../e2e/scoring.ts';
import type { SentCall } from './scoring-oracle.ts';

export const OPS = ['ask', 'tell'] as const;

export interface ScoringLoad {
  /** Sends until the signal aborts; then until everything it has begun is acknowledged. */
  run(signal: AbortSignal): Promise<void>;
  /** Acknowledged. */
  readonly calls: readonly SentCall[];
  /** Batches that were sent again although they had been acknowledged. */
  readonly repeated: number;
}

/** Finished calls in batches, each sent until it is acknowledged, and one in five once more after that, as SDKs may. */
export function createScoringLoad(options: {
  readonly url: () => string;
  readonly project: string;
  readonly random: () => number;
  readonly callsPerSecond: number;
}): ScoringLoad {
  const { project, random } = options;
  const calls: SentCall[] = [];
  let repeated = 0;

  async function send(body: string): Promise<void> {
    for (;;) {
      const res = await fetch(`${options.url()}/v2/${project}/calls/complete`, { method: 'POST', body, signal: AbortSignal.timeout(30_000) }).catch(() => undefined); // prettier-ignore
      await res?.arrayBuffer().catch(() => undefined);
      if (res?.status === 200) return;
      if (res !== undefined && res.status < 500 && res.status !== 429)
        throw new Error(`the load was refused: ${res.status}`);
      await sleep(200);
    }
  }

  function makeBatch(): { readonly made: SentCall[]; readonly body: string } {
    const made = Array.from({ length: 1 + Math.floor(random() * 9) }, () => {
      const id = newCallId();
      return { id, op: OPS[Math.floor(random() * OPS.length)]!, token: `tok-${id}` };
    });
    const wire = made.map(({ id, op, token }) => {
      const now = JSON.stringify(new Date().toISOString());
      const op_name = JSON.stringify(opRef(project, op));
      return completed(project, id, {
        op_name,
        output: JSON.stringify(token),
        started_at: now,
        ended_at: now,
      });
    });
    return { made, body: batch(...wire) };
  }

  return {
    calls,
    get repeated() {
      return repeated;
    },
    async run(signal) {
      const late: Promise<void>[] = [];
      while (!signal.aborted) {
        const { made, body } = makeBatch();
        await send(body);
        calls.push(...made);
        if (random() < 0.2) {
          repeated++;
          // Now and then when its calls are scored already.
          late.push(sleep(random() * 3_000).then(() => send(body)));
        }
        await sleep((1000 * made.length) / options.callsPerSecond);
      }
      await Promise.all(late);
    },
  };
}
