/** What must be there after calls were scored, worked out from what was sent only. */

export interface SentCall {
  readonly id: string;
  readonly op: string;
  /** In the output, and so in every prompt about it. */
  readonly token: string;
}

export interface Rule {
  /** Name of the monitor. */
  readonly monitor: string;
  /** Versions that were active, oldest first: `weave:///…/object/<monitor>:<digest>`. */
  readonly refs: readonly string[];
  readonly scorerRef: string;
  /** Its prompts begin with this; undefined = it asks no model. */
  readonly asks: string | undefined;
  /** Whether a call of all that were sent is one to score. */
  readonly wants: (call: SentCall) => boolean;
  /** Switched off in the middle: what it has scored must be right, but it need not have scored everything. */
  readonly isEnded: boolean;
}

export interface SeenScore {
  readonly weave_ref: string;
  readonly runnable_ref: string | null;
  readonly trigger_ref: string | null;
  readonly payload: { readonly status?: string };
}

export interface SeenLedger {
  readonly monitor: string;
  readonly matched: number;
  readonly scored: number;
  readonly failed: number;
  readonly pending: number;
  readonly skipped: Readonly<Record<string, number>>;
}

export interface ScoringVerdict {
  /** `<monitor> <call>`: to be scored, and not. */
  readonly missing: string[];
  /** More than one score for a version of a rule. */
  readonly doubled: string[];
  /** Scores that nobody wanted. */
  readonly phantom: string[];
  /** Scores with an error. */
  readonly failed: string[];
  /** Ledgers that do not add up, or not to what was sent. */
  readonly wrongLedgers: string[];
  readonly expected: number;
  /** Requests to models, and how many of them asked again what was asked before. */
  readonly asked: number;
  readonly askedAgain: number;
}

export function judgeScores(about: {
  readonly project: string;
  readonly calls: readonly SentCall[];
  readonly rules: readonly Rule[];
  readonly scores: readonly SeenScore[];
  readonly ledgers: readonly SeenLedger[];
  /** Texts that models were asked, one for each request. */
  readonly asked: readonly string[];
}): ScoringVerdict {
  const { project, calls, rules, scores, ledgers, asked } = about;
  const keyOf = ({ weave_ref, runnable_ref, trigger_ref }: SeenScore) =>
    `${trigger_ref} ${runnable_ref} ${weave_ref}`;
  const counts = new Map<string, number>();
  for (const score of scores) counts.set(keyOf(score), (counts.get(keyOf(score)) ?? 0) + 1);
  const missing: string[] = [];
  const allowed = new Set<string>();
  const wrongLedgers: string[] = [];
  let expected = 0;
  for (const rule of rules) {
    const wanted = calls.filter(rule.wants);
    for (const { id } of wanted) {
      const keys = rule.refs.map((ref) => `${ref} ${rule.scorerRef} weave:///${project}/call/${id}`);
      for (const key of keys) allowed.add(key);
      if (!rule.isEnded && !keys.some((key) => counts.has(key))) missing.push(`${rule.monitor} ${id}`);
    }
    if (!rule.isEnded) expected += wanted.length;
    const ledger = ledgers.find(({ monitor }) => monitor === rule.monitor);
    const wrong = ledger === undefined ? 'there is none' : whyWrong(ledger, rule, wanted.length);
    if (wrong !== undefined) wrongLedgers.push(`${rule.monitor}: ${wrong}: ${JSON.stringify(ledger)}`);
  }
  return {
    missing,
    doubled: [...counts].filter(([, count]) => count > 1).map(([key]) => key),
    phantom: [...counts.keys()].filter((key) => !allowed.has(key)),
    failed: scores.filter(({ payload }) => payload.status === 'error').map(keyOf),
    wrongLedgers,
    expected,
    asked: asked.length,
    askedAgain: asked.length - new Set(asked).size,
  };
}

function whyWrong(ledger: SeenLedger, rule: Rule, wanted: number): string | undefined {
  const { matched, scored, failed, pending, skipped } = ledger;
  const sum = scored + failed + pending + Object.values(skipped).reduce((all, n) => all + n, 0);
  if (matched !== sum) return `${matched} matched and ${sum} accounted for`;
  if (pending > 0) return `${pending} pending`;
  if (rule.isEnded) return undefined;
  // Killed between writing a score and saying so: found there when it is tried again.
  const made = scored + (skipped['duplicate'] ?? 0);
  return made === wanted ? undefined : `${made} scored of ${wanted}`;
}
