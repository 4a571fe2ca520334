import { parseRef } from '@weft/model';
import type { Monitor, Scorer, Target } from '@weft/scoring';
import type { StoredCall } from '@weft/trace-store';
import type { ScoreJob } from '../jobs.ts';
import type { Earlier } from './earlier.ts';
import type { Provider } from './providers.ts';

/** What a score is about, as far as a run has found out. */
export interface Subject {
  job: ScoreJob;
  /** Null: it was asked for without one. */
  monitor: Monitor | null;
  scorer: Scorer | undefined;
  earlier: Earlier | undefined;
  target: Target | undefined;
  /** What the store has of the call that is scored. */
  stored: StoredCall | undefined;
  startedAtUs: number;
}

/** Names and versions of those who answer. */
export function answerersOf({ job, scorer }: Subject): Scorer['scorers'] {
  return scorer?.scorers ?? job.scorerRefs.map((ref) => ({ name: nameOf(ref), ref }));
}

export function refsOf(subject: Subject): string[] {
  return answerersOf(subject).map(({ ref }) => ref);
}

export function providerOf({ job, scorer }: Subject): Provider {
  return { projectId: job.projectId, name: scorer?.provider ?? null };
}

/** Score calls are written beside the feedback. */
export function isTraced({ monitor }: Subject): boolean {
  return monitor?.isTraced ?? true;
}

function nameOf(ref: string): string {
  try {
    const parsed = parseRef(ref);
    return parsed.kind === 'object' || parsed.kind === 'op' ? parsed.name : 'scorer';
  } catch {
    return 'scorer';
  }
}
