import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, mulberry32, startFakeLlm } from '@weft/testkit';
import { modelEnv } from '../cluster/test-models.ts';
import { judgeVal, opRef, scorerVal } from '../e2e/scoring.ts';
import { createScoringLoad, OPS } from './scoring-load.ts';
import {
  judgeScores,
  type Rule,
  type ScoringVerdict,
  type SeenLedger,
  type SeenScore,
  type SentCall,
} from './scoring-oracle.ts';
import { isSampled } from './scoring-sample.ts';
import type { ScoringTarget, StartTarget } from './scoring-targets.ts';

export interface ScoringChaosOptions {
  readonly target: StartTarget;
  readonly kills: number;
  readonly seed: number;
  readonly callsPerSecond?: number;
  /** Longest time between two kills; the shortest is 0.2 s. Default 8 s: more than was in hand at the kill gets done. */
  readonly maxUptimeMs?: number;
  readonly onProgress?: (text: string) => void;
}

export interface ScoringChaosResult extends ScoringVerdict {
  readonly kills: Readonly<Record<string, number>>;
  /** What was done beside the kills. */
  readonly changes: number;
  readonly calls: number;
  readonly repeatedBatches: number;
  /** Requests of the monitor that was switched off, later than 5 s after that. */
  readonly askedAfterEnd: readonly string[];
  /** From the end of the load until everything was scored, seconds. */
  readonly drainS: number;
}

const PROJECT = 'chaos/scoring';
const RATE = 0.5;
/** A change of a monitor is seen within this. */
const SEEN_MS = 5_000;
/** Longer than what was in hand at a kill is waited for, and what failed. */
const STUCK_MS = 120_000;
const ANSWER_MS = 300_000;

/** Kills what scores, again and again, under load, while batches come twice; then judges scores, ledgers and what models were asked. */
export async function runScoringChaos(options: ScoringChaosOptions): Promise<ScoringChaosResult> {
  const { seed, maxUptimeMs = 8_000, onProgress = () => undefined } = options;
  const random = mulberry32(seed);
  const llm = await startFakeLlm({ maxKept: 1_000_000 });
  const arrivals: { readonly text: string; readonly at: number }[] = [];
  llm.answer(({ text }) => {
    arrivals.push({ text, at: Date.now() });
    return { fault: 'slow', ms: 5 + random() * 10, then: { content: { score: 1 } } };
  });
  const env = {
    ...modelEnv({ chaos: Number(new URL(llm.url).port) }),
    WEAVE_ENABLE_ONLINE_EVAL: 'true',
    WF_SCORING_WORKER_BATCH_TIMEOUT: '1',
    WEFT_SCORING_REQUESTS_PER_MINUTE: '0',
    QUERY_FRESHNESS_MAX_WAIT_MS: '30000',
  };
  const target = await options.target({ env, random, onProgress }).catch(async (error: unknown) => {
    await llm.stop();
    throw error;
  });
  const stop = new AbortController();
  try {
    const rules = await publishRules(target);
    const load = createScoringLoad({ url: () => target.url, project: PROJECT, random, callsPerSecond: options.callsPerSecond ?? 30 }); // prettier-ignore
    const sending = load.run(stop.signal);
    const kills: Record<string, number> = {};
    let changes = 0;
    const planned = [...target.changes];
    let endedAt = Infinity;
    for (let done = 0; done < options.kills; done++) {
      await sleep(200 + random() * (maxUptimeMs - 200));
      const victim = await target.kill();
      kills[victim] = (kills[victim] ?? 0) + 1;
      if ((done + 1) % 10 === 0) onProgress(`${done + 1}/${options.kills} kills, ${load.calls.length} calls, ${llm.asked} requests to models`); // prettier-ignore
      const share = (done + 1) / options.kills;
      if (endedAt === Infinity && share >= 0.5) {
        await switchOff(target);
        endedAt = Date.now();
      }
      if (planned.length > 0 && share > (changes + 1) / (target.changes.length + 1)) {
        const change = planned.shift()!;
        onProgress(change.name);
        await change.run();
        changes++;
      }
    }
    for (const { run } of planned) {
      await run();
      changes++;
    }
    stop.abort();
    await sending;
    onProgress('load is over: waiting until everything is scored');
    const drainFrom = performance.now();
    const ledgers = await settled(target, rules, load.calls, onProgress);
    const drainS = Math.round((performance.now() - drainFrom) / 100) / 10;
    const scores = await readScores(target);
    const asked = arrivals.map(({ text }) => text);
    const verdict = judgeScores({ project: PROJECT, calls: load.calls, rules, scores, ledgers, asked });
    const late = arrivals.filter(({ text, at }) => text.startsWith('ended:') && at > endedAt + SEEN_MS);
    return {
      ...verdict,
      kills,
      changes,
      calls: load.calls.length,
      repeatedBatches: load.repeated,
      askedAfterEnd: late.map(({ text }) => text),
      drainS,
    };
  } finally {
    stop.abort();
    await target.stop();
    await llm.stop();
  }
}

const monitorVal = (members: object) => ({
  ...{ _type: 'Monitor', _class_name: 'Monitor', _bases: ['Object', 'BaseModel'], description: null },
  ...{
    sampling_rate: 1,
    op_names: [],
    query: null,
    is_traced: true,
    active: true,
    scorer_debounce_config: null,
  },
  ...members,
});

async function publishRules(target: ScoringTarget): Promise<Rule[]> {
  const judge = (name: string) => publish(target, name, judgeVal('chaos/judge', `${name}: {output}`));
  const monitor = async (name: string, scorer: string, members: object = {}) =>
    publish(target, name, monitorVal({ name, scorers: [scorer], ...members }));
  const [every, sampled, ended] = [await judge('every'), await judge('sampled'), await judge('ended')];
  const plain = await publish(target, 'plain', scorerVal('ValidJSONScorer'));
  const rule = (
    name: string,
    ref: string,
    scorerRef: string,
    wants: Rule['wants'],
    more: Partial<Rule> = {},
  ): Rule =>
    // prettier-ignore
    ({ monitor: name, refs: [ref], scorerRef, asks: undefined, wants, isEnded: false, ...more });
  const ofOp = { op_names: [opRef(PROJECT, OPS[0], '*')] };
  return [
    rule('m-every', await monitor('m-every', every, ofOp), every, ({ op }) => op === OPS[0]),
    rule('m-sampled', await monitor('m-sampled', sampled, { sampling_rate: RATE }), sampled, ({ id }) => isSampled(id, 'm-sampled', RATE)), // prettier-ignore
    rule('m-ended', await monitor('m-ended', ended), ended, () => true, { isEnded: true }),
    rule('m-plain', await monitor('m-plain', plain, { is_traced: false }), plain, () => true),
  ];
}

async function switchOff(target: ScoringTarget): Promise<void> {
  const ref = await publish(target, 'ended', judgeVal('chaos/judge', 'ended: {output}'));
  await publish(target, 'm-ended', monitorVal({ name: 'm-ended', scorers: [ref], active: false }));
  // Workers can see it once it can be read: who stores it may be down just now.
  await eventually(async () => {
    const read = { project_id: PROJECT, object_id: 'm-ended', digest: 'latest' };
    const { obj } = await ask<{ obj: { val: { active?: boolean } } }>(target, '/obj/read', read);
    return obj.val.active === false;
  }, ANSWER_MS);
}

/** Until it is acknowledged: what serves may be down just now. */
async function publish(target: ScoringTarget, object_id: string, val: object): Promise<string> {
  const { digest } = await ask<{ digest: string }>(target, '/obj/create', {
    obj: { project_id: PROJECT, object_id, val },
  });
  return `weave:///${PROJECT}/object/${object_id}:${digest}`;
}

function ask<T>(target: ScoringTarget, path: string, body: object): Promise<T> {
  return eventually(async () => {
    const res = await fetch(target.url + path, { method: 'POST', body: JSON.stringify(body) }).catch(
      () => undefined,
    );
    if (res?.status !== 200 || res.headers.get('x-weft-freshness') !== null) return undefined;
    return (await res.json().catch(() => undefined)) as T | undefined;
  }, ANSWER_MS);
}

/**
 * Ledgers once all of what was sent is matched and nothing is pending, or nothing has moved for STUCK_MS: what was
 * lost is then missing in them. Numbers that stand still for a while say little: the partitions of a killed worker
 * are nobody's until its session ends.
 */
async function settled(
  target: ScoringTarget,
  rules: readonly Rule[],
  calls: readonly SentCall[],
  onProgress: (text: string) => void,
): Promise<SeenLedger[]> {
  const wanted = new Map(
    rules.map((rule) => [rule.monitor, rule.isEnded ? 0 : calls.filter(rule.wants).length]),
  );
  let last = '';
  let changedAt = Date.now();
  for (;;) {
    const { monitors } = await ask<{ monitors: SeenLedger[] }>(target, '/monitors/ledger', {
      project_id: PROJECT,
    });
    const now = monitors.map(({ monitor, matched, pending }) => `${monitor}: ${matched} matched, ${pending} pending`).join('; '); // prettier-ignore
    const isDone =
      monitors.length >= rules.length &&
      monitors.every(
        ({ monitor, matched, pending }) => pending === 0 && matched >= (wanted.get(monitor) ?? 0),
      );
    if (now !== last) changedAt = Date.now();
    // Twice in a row: what came twice may still be on its way.
    if ((isDone && now === last) || Date.now() - changedAt > STUCK_MS) return monitors;
    last = now;
    onProgress(now);
    await sleep(6_000);
  }
}

async function readScores(target: ScoringTarget): Promise<SeenScore[]> {
  const scores: SeenScore[] = [];
  const fields = ['id', 'weave_ref', 'runnable_ref', 'trigger_ref', 'payload'];
  for (;;) {
    const page = { project_id: PROJECT, fields, sort_by: [{ field: 'id', direction: 'asc' }], limit: 10_000, offset: scores.length }; // prettier-ignore
    const { result } = await ask<{ result: SeenScore[] }>(target, '/feedback/query', page);
    scores.push(...result);
    if (result.length < 10_000) return scores;
  }
}
