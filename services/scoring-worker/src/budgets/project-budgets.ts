import type { TraceReader } from '@weft/trace-store';
import { BoundedMap } from '../bounded-map.ts';
import { BUDGET_CLASS, readBudget, type ReadBudget } from './budget-object.ts';
import { lower, NO_LIMITS, type Limits } from './limits.ts';

/** A change is to be seen within 5 s, the read included. */
const FRESH_MS = 4000;
const MAX_PROJECTS = 1000;
/** Of one project: more than it has monitors. */
const MAX_BUDGETS = 2000;

/** What may be spent in a project. */
export interface ProjectBudgets {
  /** @param monitor null = the whole project, the operator's ceiling included. */
  of(monitor: string | null): Pick<ReadBudget, 'limits' | 'error'>;
  /** Monitors with a budget of their own, sorted. */
  readonly monitors: readonly string[];
}

/** Reads the budgets of a project at most once in 4 s, unless they may not be old; a read that fails is made again by the next one. */
export function createProjectBudgets(
  reader: Pick<TraceReader, 'streamObjects'>,
  ceilings: Limits,
  clock: () => number,
): (projectId: string, mayBeOld?: boolean) => Promise<ProjectBudgets> {
  const known = new BoundedMap<{ readonly untilMs: number; readonly budgets: Promise<ProjectBudgets> }>(
    MAX_PROJECTS,
  );
  return (projectId, mayBeOld = true) => {
    const kept = known.get(projectId);
    if (mayBeOld && kept !== undefined && kept.untilMs > clock()) return kept.budgets;
    const entry = { untilMs: clock() + FRESH_MS, budgets: read(reader, ceilings, projectId) };
    known.set(projectId, entry);
    entry.budgets.catch(() => {
      if (known.get(projectId) === entry) known.delete(projectId);
    });
    return entry.budgets;
  };
}

async function read(
  reader: Pick<TraceReader, 'streamObjects'>,
  ceilings: Limits,
  projectId: string,
): Promise<ProjectBudgets> {
  const filter = { isOp: false, latestOnly: true, baseObjectClasses: [BUDGET_CLASS] };
  const query = { projectId, filter, sort: [], vals: true, labels: false, limit: MAX_BUDGETS };
  const found = new Map<string | null, Pick<ReadBudget, 'limits' | 'error'>>([
    [null, { limits: ceilings, error: null }],
  ]);
  for await (const objects of reader.streamObjects(query))
    for (const { objectId, val } of objects) {
      const { monitor, limits, error } = readBudget(objectId, val);
      const before = found.get(monitor);
      found.set(monitor, {
        limits: lower(before?.limits ?? NO_LIMITS, limits),
        error: before?.error ?? error,
      });
    }
  return {
    of: (monitor) => found.get(monitor) ?? { limits: NO_LIMITS, error: null },
    monitors: [...found.keys()].filter((name) => name !== null).sort(),
  };
}
