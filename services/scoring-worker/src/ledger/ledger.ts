import type { GroupCounts, JobQueue } from '@weft/job-queue';
import type { Monitor } from '@weft/scoring';
import { BY_ROUTE, type BudgetBook } from '../budgets/budgets.ts';
import { type Amounts, type Limits } from '../budgets/limits.ts';
import { SETTLED } from '../debounce/settle.ts';
import type { TraceReader } from '@weft/trace-store';
import type { Monitors } from '../parts.ts';

export interface LedgerDeps {
  readonly queue: Pick<JobQueue, 'counts' | 'groups'>;
  readonly reader: Pick<TraceReader, 'streamObjects'>;
  readonly monitors: Pick<Monitors, 'latest'>;
  readonly budgets: Pick<BudgetBook, 'limits' | 'spentToday'>;
}

/** What became of everything that a monitor matched: matched = scored + failed + skipped + pending, always. */
export interface Entry {
  readonly name: string;
  /** Undefined: there is none of that name now, or it is no monitor (`calls/score`). */
  readonly monitor: Monitor | undefined;
  readonly matched: number;
  readonly scored: number;
  /** Given up, or cannot be scored. */
  readonly failed: number;
  /** By reason. */
  readonly skipped: ReadonlyMap<string, number>;
  readonly pending: number;
  readonly running: number;
  readonly spent: Amounts;
  readonly limits: Limits;
}

export interface Ledger {
  /** @param monitor only that one; there is an entry for it even where nothing was ever matched. */
  read(projectId: string, monitor?: string): Promise<readonly Entry[]>;
}

/** Made of what the queue counts: nothing is kept besides, so that nothing can disagree with it. */
export function createLedger({ queue, reader, monitors, budgets }: LedgerDeps): Ledger {
  return {
    async read(projectId, monitor) {
      const names = monitor === undefined ? await namesOf(projectId) : [monitor];
      const counts = await Promise.all(names.map((name) => queue.counts(projectId, name)));
      // After the counts: what has ended is paid for.
      const spent = await budgets.spentToday(projectId, names);
      const limits = await budgets.limits(projectId);
      return Promise.all(
        names.map(async (name, i) => ({
          name,
          monitor: name === BY_ROUTE ? undefined : await monitors.latest(projectId, name),
          ...summarise(counts[i]!),
          spent: spent[i]!,
          limits: limits.of(name).limits,
        })),
      );
    },
  };

  async function namesOf(projectId: string): Promise<string[]> {
    const names = new Set((await queue.groups(projectId)).filter(isMonitor));
    const filter = { isOp: false, latestOnly: true, baseObjectClasses: ['Monitor'] };
    const query = { projectId, filter, sort: [], vals: false, labels: false, limit: MAX_MONITORS };
    for await (const objects of reader.streamObjects(query))
      for (const { objectId } of objects) names.add(objectId);
    return [...names].sort();
  }
}

const MAX_MONITORS = 1000;

/** Other groups are of jobs that score nothing themselves. */
function isMonitor(group: string): boolean {
  return group === BY_ROUTE || !group.includes('/');
}

const SKIPPED = 'skipped:';

export function summarise({ pending, running, outcomes }: GroupCounts) {
  const skipped = new Map<string, number>();
  let [scored, failed] = [0, 0];
  for (const [outcome, count] of outcomes) {
    if (outcome === 'scored') scored += count;
    else if (outcome === 'failed' || outcome === 'dead') failed += count;
    else if (outcome !== SETTLED) {
      const reason = outcome.startsWith(SKIPPED) ? outcome.slice(SKIPPED.length) : outcome;
      skipped.set(reason, (skipped.get(reason) ?? 0) + count);
    }
  }
  const skippedTotal = [...skipped.values()].reduce((sum, count) => sum + count, 0);
  return { matched: scored + failed + skippedTotal + pending, scored, failed, skipped, pending, running };
}
