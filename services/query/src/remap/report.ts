import type { SpanRow } from '@weft/trace-store';
import type { Difference } from './differences.ts';

/** What became of one span; `not_applied`: it would change, and what is stored would win. */
export type Verdict = 'unchanged' | 'changed' | 'not_applied' | 'failed';

export interface ScopeTally {
  readonly scope: string;
  readonly version: string;
  scanned: number;
  changed: number;
  not_applied: number;
  failed: number;
}

const MAX_SCOPES = 1000;
/** The others together. */
const OTHERS = '(others)';

/** Counts of a pass; all of its members are bounded. */
export class RemapReport {
  private readonly counts = { scanned: 0, changed: 0, unchanged: 0, not_applied: 0, failed: 0 };
  private readonly fields = new Map<string, number>();
  private readonly reasons = new Map<string, number>();
  private readonly scopes = new Map<string, ScopeTally>();

  add(verdict: Verdict, scope: { readonly name: string; readonly version: string }): void {
    const tally = this.scopeOf(scope.name, scope.version);
    this.counts.scanned++;
    this.counts[verdict]++;
    tally.scanned++;
    if (verdict !== 'unchanged') tally[verdict]++;
  }

  /** What changes, or would. */
  differ(differences: readonly Difference[]): void {
    for (const { field } of differences) this.fields.set(field, (this.fields.get(field) ?? 0) + 1);
  }

  /** Why spans were not applied or failed. @param reason one of a few. */
  because(reason: string): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  progress(): object {
    return this.counts;
  }

  summary(): object {
    return {
      ...this.counts,
      fields: Object.fromEntries([...this.fields].sort(([, a], [, b]) => b - a)),
      reasons: [...this.reasons].map(([reason, count]) => ({ reason, count })),
      scopes: [...this.scopes.values()].sort((a, b) => b.scanned - a.scanned),
    };
  }

  private scopeOf(scope: string, version: string): ScopeTally {
    const key = `${scope}\0${version}`;
    const known = this.scopes.get(key);
    if (known !== undefined) return known;
    if (this.scopes.size >= MAX_SCOPES && scope !== OTHERS) return this.scopeOf(OTHERS, '');
    const tally = { scope, version, scanned: 0, changed: 0, not_applied: 0, failed: 0 };
    this.scopes.set(key, tally);
    return tally;
  }
}

const PER_KIND = 3;

/** Which differences to show: few of each kind, so that the rare ones are seen. */
export class Samples {
  private readonly shown = new Map<string, number>();
  private left: number;

  constructor(most: number) {
    this.left = most;
  }

  /** True if this one is to be shown. */
  take(scope: string, differences: readonly Difference[]): boolean {
    if (this.left === 0) return false;
    const key = `${scope}\0${differences.map(({ field }) => field).join()}`;
    const count = this.shown.get(key) ?? 0;
    if (count >= PER_KIND) return false;
    this.shown.set(key, count + 1);
    this.left--;
    return true;
  }
}

export function named({ id, spanTraceId }: SpanRow): { call_id: string; trace_id: string } {
  return { call_id: id, trace_id: spanTraceId };
}
