import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHttpApp, createKeyring } from '@weft/http';
import type { JobHandler } from '@weft/job-queue';
import { encodeFeedback, formatInstant, nowUs } from '@weft/model';
import { createMetrics } from '@weft/runtime';
import { ScoreError, type Scorer, type Spend, type Target } from '@weft/scoring';
import { eventually, mulberry32, startFakeLlm, tokensOf, type FakeLlm } from '@weft/testkit';
import { ONLINE_EVAL_OFF, SCORING_ROUTES } from '@weft/weave-api';
import { createBudgets } from '../budgets/budgets.ts';
import { createHistory, type HistoryDeps } from '../history/history.ts';
import { scoreId, type ScoreJob } from '../jobs.ts';
import { createMonitors } from '../monitors/monitors.ts';
import type { Scorers } from '../parts.ts';
import { keyOf, readCalls } from '../read-calls.ts';
import { callPart, openParts, type Parts } from '../testing/open-parts.ts';
import { scoringRoutes } from './scoring-routes.ts';

/** The routes on a real store, log and queue. Who scores is played by a judge of a fake provider, with a handler that does the least. */

/** Two thirds of what is scored in the end is more than is looked into for a forecast. */
const COUNT = 1000;
const T0 = Date.UTC(2026, 0, 2) * 1000;
const FROM = formatInstant(T0);
const TO = formatInstant(T0 + 1_000_000_000);
const MODEL = 'judge-1';
const USD_PER_TOKEN = 0.001;
const OP = 'weave:///e/p/op/answer:v1';

let parts: Parts;
let llm: FakeLlm;
let url: string;
let historyDeps: HistoryDeps;
const closing: (() => Promise<unknown>)[] = [];

const promptOf = ({ call }: Target) => `Is it polite? ${Buffer.from(call.output).toString()}`;
const spendOf = (prompt: number, completion: number): Spend => ({
  model: MODEL,
  requests: 1,
  promptTokens: prompt,
  completionTokens: completion,
  costUsd: (prompt + 2 * completion) * USD_PER_TOKEN,
});

/** Guesses answers of 50 tokens. */
function judge(ref: string): Scorer {
  return {
    scorers: [{ name: 'polite', ref }],
    provider: 'llm:fake',
    forecast: (target) => spendOf(tokensOf(promptOf(target)), 50),
    async score(target) {
      const messages = [{ role: 'user', content: promptOf(target) }];
      const res = await fetch(`${llm.url}/chat/completions`, {
        method: 'POST',
        body: JSON.stringify({ model: MODEL, messages }),
      });
      const { usage } = (await res.json()) as { usage: { prompt_tokens: number; completion_tokens: number } };
      const spend = spendOf(usage.prompt_tokens, usage.completion_tokens);
      const verdict = { scorerName: 'polite', scorerRef: ref, output: true };
      return { verdicts: [verdict], spend, request: null, reply: null };
    },
  };
}

const scorers: Scorers = {
  async load([ref]) {
    if (ref!.includes('/broken:')) throw new ScoreError('unscorable', 'broken: runs in Python only');
    return judge(ref!);
  },
};

const post = (path: string, body: object, method = 'POST') =>
  fetch(url + path, { method, body: JSON.stringify(body) });

async function ask<T = any>(path: string, body: object, status = 200): Promise<T> {
  const res = await post(path, body);
  const answer = (await res.json()) as T;
  expect({ status: res.status, answer }).toEqual({ status, answer: expect.anything() });
  return answer;
}

async function get<T = any>(path: string): Promise<T> {
  const res = await fetch(url + path);
  expect(res.status).toBe(200);
  return (await res.json()) as T;
}

const ledgerOf = async (projectId: string, monitor: string) =>
  (await ask('/monitors/ledger', { project_id: projectId, monitor })).monitors[0];

const monitorValue = (more: object) => ({
  _type: 'Monitor',
  name: 'quality',
  sampling_rate: 1,
  scorers: ['weave:///e/p/object/polite:abc'],
  op_names: [],
  query: null,
  active: true,
  ...more,
  _class_name: 'Monitor',
  _bases: ['Object', 'BaseModel'],
});

const eq = (path: string, value: string) => ({ $expr: { $eq: [{ $getField: path }, { $literal: value }] } });

beforeAll(async () => {
  parts = await openParts();
  closing.push(() => parts.close());
  llm = await startFakeLlm();
  closing.push(() => llm.stop());
  const { reader, queue, eventLog, logger } = parts;
  const monitors = createMonitors({ reader, logger });
  const budgets = createBudgets({ queue, reader, config: { WEFT_SCORING_TOKENS_PER_DAY: 10_000_000 } });
  const config = {
    WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_SAMPLING_RATE: 1,
    WF_SCORING_WORKER_DEBOUNCED_SCORING_MAX_CALL_HISTORY: 100,
    WEFT_SCORING_MAX_PENDING: 100_000,
  };
  historyDeps = { queue, reader, monitors, scorers, budgets, config };
  const history = createHistory(historyDeps);
  const metrics = createMetrics('t_', { processMetrics: false });
  const routes = scoringRoutes({ queue, reader, eventLog, monitors, scorers, budgets, history });
  const auth = await createKeyring({ logger });
  const app = createHttpApp({ logger, metrics, auth, routes, limits: { drainDelayMs: 0 } });
  ({ url } = await app.listen('127.0.0.1', 0));
  closing.push(() => app.stop());

  const score: JobHandler = async (running) => {
    const job = JSON.parse(running.data) as ScoreJob;
    if (job.projectId === 'e/held') return { againInMs: 60_000, reason: 'held' };
    if (job.projectId === 'e/dead') throw new Error('the provider is away');
    const { ref, ...scorer } = { ...judge(job.scorerRefs[0]!), ref: job.scorerRefs[0]! };
    const payloads = ['attributes', 'inputs', 'output', 'summary'] as const;
    const call = (await readCalls(reader, job.projectId, [job], payloads)).get(keyOf(job));
    if (call === undefined) return { done: 'skipped:gone' };
    const target = { call, calls: [call], isAgentTurn: false };
    const group = running.group === 'calls/score' ? null : running.group;
    const reserved = await budgets.reserve(job.projectId, group, scorer.forecast(target));
    if ('exceeded' in reserved) return { done: 'skipped:budget' };
    const context = { signal: running.signal, idempotencyKey: running.id, correlationId: running.id };
    const { spend } = await scorer.score(target, context);
    await reserved.reservation.settle(spend);
    await reserved.reservation.settle(spend);
    const { projectId, userId } = job;
    const id = scoreId(job.monitorRef, ref, job, 'feedback');
    const receivedAtUs = nowUs();
    const request = {
      project_id: projectId,
      weave_ref: `weave:///${projectId}/call/${job.callId}`,
      feedback_type: 'wandb.runnable.polite',
      runnable_ref: ref,
      trigger_ref: job.monitorRef,
    };
    const payload = encodeFeedback(Buffer.from(JSON.stringify(request)), {
      id,
      createdAtUs: receivedAtUs,
      payload: Buffer.from('{"output":true}'),
    });
    await eventLog.append('trace-events', [
      { kind: 'feedback.created', projectId, id, userId, receivedAtUs, note: '', payload },
    ]);
    return { done: 'scored' };
  };
  const stop = new AbortController();
  const running = queue.run({
    handlers: { score, history: history.run },
    concurrency: 8,
    projectConcurrency: 8,
    maxAttempts: 1,
    leaseMs: 30_000,
    graceMs: 1000,
    signal: stop.signal,
  });
  closing.push(async () => (stop.abort(), running));
}, 60_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Calls of two ops with outputs of many lengths; some run, some were made by scorers, many began at the same instant. */
async function writeCalls(projectId: string, count: number): Promise<void> {
  const random = mulberry32(7);
  const mark = Buffer.from(JSON.stringify({ weft: { score: { call_ref: 'x' } } }));
  const calls = Array.from({ length: count }, (_, i) => {
    const start = {
      startedAtUs: T0 + Math.floor(i / 7) * 1000,
      opName: i % 4 === 3 ? 'other' : OP.replace('e/p', projectId),
      inputs: Buffer.from(JSON.stringify({ lang: i % 2 === 0 ? 'en' : 'de' })),
      ...(i % 10 === 9 && { attributes: mark }),
    };
    const output = Buffer.from(JSON.stringify('word '.repeat(1 + Math.floor(random() ** 3 * 2000))));
    return callPart(
      projectId,
      `call-${String(i).padStart(5, '0')}`,
      start,
      i % 11 === 10 ? null : { output },
    );
  });
  await parts.write({ calls });
}

async function ended(projectId: string, jobId: string): Promise<any> {
  return eventually(async () => {
    const job = await get(`/weft/v1/scoring/jobs/${jobId}?project_id=${projectId}`);
    return job.state === 'done' && job;
  });
}

async function runHistory(projectId: string, monitor: string): Promise<any> {
  const range = { project_id: projectId, monitor, from: FROM, to: TO };
  const { job_id: id } = await ask('/weft/v1/monitors/score', range);
  return ended(projectId, id);
}

async function atRest(projectId: string, monitor: string): Promise<any> {
  return eventually(async () => {
    const entry = await ledgerOf(projectId, monitor);
    expect(entry.matched).toBe(entry.scored + entry.failed + entry.skipped_total + entry.pending);
    return entry.pending === 0 && entry;
  }, 90_000);
}

describe('a run on history', () => {
  const projectId = 'e/p';

  it('does what its forecast counts, for what the forecast says within 10 %', async () => {
    await writeCalls(projectId, COUNT);
    await parts.publish(projectId, 'quality', {
      ...monitorValue({
        sampling_rate: 0.7,
        op_names: ['weave:///e/p/op/answer:*'],
        query: eq('inputs.lang', 'en'),
      }),
    });
    // Answers that nobody could have foretold.
    llm.answer(({ text }) => 'because '.repeat(20 + (text.length % 13)));
    const range = { project_id: projectId, monitor: 'quality', from: FROM, to: TO };
    const first = await ask('/weft/v1/monitors/score', { ...range, dry_run: true });
    const matching = Array.from({ length: COUNT }, (_, i) => i).filter(
      (i) => i % 4 !== 3 && i % 2 === 0 && i % 10 !== 9 && i % 11 !== 10,
    );
    expect(first.counts).toMatchObject({ matched: matching.length, scored: 0, queued: 0 });
    expect(first.counts.calls).toBe(COUNT - COUNT / 10 - 90 + 9);
    expect(first.counts.sampled).toBe(first.counts.to_score);
    expect(first.counts.sampled / matching.length).toBeGreaterThan(0.6);
    expect(first.counts.sampled / matching.length).toBeLessThan(0.8);
    expect(first.estimate).toMatchObject({ basis: 'forecast', requests: first.counts.to_score });

    // Some of it first: the answers are shorter than thought.
    const early = { ...range, to: formatInstant(T0 + 15_000) };
    const few = await ask('/weft/v1/monitors/score', early);
    await ended(projectId, few.job_id);
    const before = await atRest(projectId, 'quality');
    expect(before.scored).toBeGreaterThan(20);
    expect(before.spend).toMatchObject({ calls: before.scored });

    const forecast = await ask('/weft/v1/monitors/score', { ...range, dry_run: true });
    expect(forecast.counts.scored).toBe(before.scored);
    expect(forecast.estimate.basis).toBe('history');
    const job = await runHistory(projectId, 'quality');
    expect(job.counts).toEqual(forecast.counts);
    expect(job.progress.done).toBe(job.progress.total);
    const after = await atRest(projectId, 'quality');
    expect(after.scored - before.scored).toBe(forecast.counts.to_score);
    const tokens = after.spend.tokens - before.spend.tokens;
    const cost = after.spend.usd - before.spend.usd;
    const said = forecast.estimate.prompt_tokens + forecast.estimate.completion_tokens;
    expect(Math.abs(said / tokens - 1)).toBeLessThan(0.1);
    expect(Math.abs(forecast.estimate.cost_usd / cost - 1)).toBeLessThan(0.1);
    expect(after.spend.tokens).toBe(llm.billed.promptTokens + llm.billed.completionTokens);

    // Nothing is left to be done, nor done again.
    const asked = llm.asked;
    const again = await runHistory(projectId, 'quality');
    expect(again.counts).toMatchObject({ to_score: 0, scored: after.scored });
    expect((await atRest(projectId, 'quality')).matched).toBe(after.matched);
    expect(llm.asked).toBe(asked);
  }, 120_000);

  it('knows monitors that there are and that are active only, but forecasts others', async () => {
    await parts.publish('e/off', 'resting', monitorValue({ active: false }));
    // More than two pages, which end between calls of one instant.
    await writeCalls('e/off', 2500);
    const range = { project_id: 'e/off', monitor: 'resting', from: FROM, to: TO };
    expect(await ask('/weft/v1/monitors/score', range, 400)).toEqual({
      reason: expect.stringContaining('is not active'),
    });
    const { counts } = await ask('/weft/v1/monitors/score', { ...range, dry_run: true });
    const scorable = Array.from({ length: 2500 }, (_, i) => i).filter((i) => i % 10 !== 9 && i % 11 !== 10);
    expect(counts).toMatchObject({ calls: scorable.length, to_score: scorable.length });
    await ask('/weft/v1/monitors/score', { ...range, monitor: 'nobody' }, 404);
    await ask('/weft/v1/monitors/score', { ...range, from: TO, to: FROM }, 400);
    expect((await ask('/monitors/ledger', { project_id: 'e/off' })).monitors).toMatchObject([
      { monitor: 'resting', active: false, matched: 0 },
    ]);
  });

  it('scores the last call of a thread, once for each', async () => {
    const thread = (id: string, threadId: string | null, second: number) =>
      callPart('e/threads', id, { threadId, startedAtUs: T0 + second * 1_000_000 });
    await parts.write({
      calls: [thread('a1', 'a', 1), thread('a2', 'a', 2), thread('b1', 'b', 1), thread('none', null, 3)],
    });
    const debounce = {
      aggregation_field: 'thread_id',
      aggregation_method: 'last_message',
      timeout_seconds: 1,
    };
    await parts.publish('e/threads', 'gathers', monitorValue({ scorer_debounce_config: debounce }));
    const job = await runHistory('e/threads', 'gathers');
    expect(job.counts).toMatchObject({ matched: 4, sampled: 2, to_score: 2 });
    await atRest('e/threads', 'gathers');
    const scored: string[] = [];
    const ends = await parts.eventLog.endOffsets('trace-events');
    expect(await parts.eventLog.waitCommitted('trace-events', 'writer', ends, 10_000)).toBe(true);
    for await (const rows of parts.reader.streamFeedback({ projectId: 'e/threads' }))
      scored.push(...rows.map(({ weaveRef }) => weaveRef.slice(weaveRef.lastIndexOf('/') + 1)));
    expect(scored.sort()).toEqual(['a2', 'b1']);
  });
});

describe('a run that is cut short', () => {
  const projectId = 'e/held';

  it('goes on where it was, once there is room', async () => {
    await writeCalls(projectId, 2500);
    const ref = await parts.publish(projectId, 'quality', monitorValue({ op_names: ['answer'] }));
    const range = { fromUs: T0, toUs: T0 + 1e9 };
    const data = JSON.stringify({ projectId, monitorRef: ref, ...range, userId: '' });
    let saved: string | undefined;
    const stop = new AbortController();
    const job = () => ({
      ...{ id: 'h', projectId, kind: 'history', group: 'history/quality', data, attempt: 1, saved },
      save: async (text: string) => void (saved = text),
      progress: async () => {},
      signal: stop.signal,
    });
    const isAnswer = (i: number) => i % 4 !== 3 && i % 10 !== 9 && i % 11 !== 10;
    const expected = Array.from({ length: 2500 }, (_, i) => i).filter(isAnswer).length;
    const short = createHistory({
      ...historyDeps,
      config: { ...historyDeps.config, WEFT_SCORING_MAX_PENDING: 2 },
    });
    let rounds = 0;
    for (let result = await short.run(job()); !('done' in result); result = await short.run(job())) {
      rounds++;
      expect(result).toMatchObject({ againInMs: expect.any(Number) });
      expect((await parts.queue.counts(projectId, 'quality')).pending).toBeGreaterThan(0);
      // Nothing is done while there is no room.
      const before = saved;
      expect(await short.run(job())).toMatchObject({ againInMs: expect.any(Number) });
      expect(saved).toBe(before);
      await parts.queue.cancel(projectId, 'quality', 'skipped:test');
    }
    expect(rounds).toBe(2);
    expect(JSON.parse(saved!)).toMatchObject({
      counts: { matched: expected, toScore: expected },
    });
    const { outcomes, pending } = await parts.queue.counts(projectId, 'quality');
    expect((outcomes.get('skipped:test') ?? 0) + pending).toBe(expected);
    stop.abort();
    saved = undefined;
    expect(await short.run(job())).toMatchObject({ againInMs: expect.any(Number) });
  });
});

describe('budgets', () => {
  it('end scores without asking, and are told', async () => {
    const projectId = 'e/budget';
    await writeCalls(projectId, 60);
    await parts.publish(projectId, 'quality', monitorValue({}));
    const budget = { project_id: projectId, monitor: 'quality', calls_per_day: 10 };
    expect(await ask('/weft/v1/monitors/budget', budget)).toMatchObject({
      object_id: 'scoring-budget-quality',
    });
    await ask('/weft/v1/monitors/budget', { project_id: projectId, usd_per_day: 1e6 });
    const asked = llm.asked;
    const budgets = await eventually(async () => {
      const found = (await get(`/weft/v1/monitors/budget?project_id=${projectId}`)).budgets;
      return found.length === 2 && found[0].limits.usd_per_day !== null && found;
    });
    expect(budgets).toMatchObject([
      { monitor: null, limits: { usd_per_day: 1e6, tokens_per_day: 10_000_000, calls_per_day: null } },
      { monitor: 'quality', limits: { calls_per_day: 10 }, spent: { calls: 0 } },
    ]);
    await runHistory(projectId, 'quality');
    const entry = await atRest(projectId, 'quality');
    expect(entry).toMatchObject({ scored: 10, spend: { calls: 10 }, budget: { calls_per_day: 10 } });
    expect(entry.skipped).toEqual({ budget: entry.matched - 10 });
    expect(llm.asked - asked).toBe(10);
  });
});

describe('/calls/score', () => {
  const projectId = 'e/asked';
  const refs = (name = 'polite') => [`weave:///${projectId}/object/${name}:latest`];

  it('queues calls for scorers, once', async () => {
    await parts.publish(projectId, 'polite', { a: 1 });
    await parts.publish(projectId, 'broken', { a: 1 });
    await writeCalls(projectId, 20);
    const request = { project_id: projectId, call_ids: ['call-00000', 'call-00001'], scorer_refs: refs() };
    expect(await ask('/calls/score', request)).toEqual({});
    expect(await atRest(projectId, 'calls/score')).toMatchObject({ scored: 2, active: null });
    expect(await ask('/calls/score', request)).toEqual({});
    expect(await atRest(projectId, 'calls/score')).toMatchObject({ matched: 2 });
  });

  it.each([
    ['unknown calls', { call_ids: ['call-00000', 'nope'] }, 404, 'call_ids: there are no such calls: nope'],
    ['running calls', { call_ids: ['call-00010'] }, 400, 'still running: call-00010'],
    ['scores', { call_ids: ['call-00009'] }, 400, 'made by scorers'],
    ['unknown scorers', { scorer_refs: refs('nobody') }, 404, 'there is no object'],
    ['scorers of Python', { scorer_refs: refs('broken') }, 400, 'runs in Python only'],
    ['ops', { scorer_refs: [`weave:///${projectId}/op/x:1`] }, 400, 'is not the ref of an object'],
  ])('refuses %s', async (_, more, status, reason) => {
    const request = { project_id: projectId, call_ids: ['call-00002'], scorer_refs: refs(), ...more };
    expect(await ask('/calls/score', request, status)).toEqual({ reason: expect.stringContaining(reason) });
    expect(await ledgerOf(projectId, 'calls/score')).toMatchObject({ matched: 2 });
  });
});

describe('scores that were given up', () => {
  it('are listed with the reason, tried again and dropped', async () => {
    const projectId = 'e/dead';
    await parts.publish(projectId, 'quality', monitorValue({}));
    await parts.write({ calls: ['a', 'b'].map((id) => callPart(projectId, id, { startedAtUs: T0 })) });
    await runHistory(projectId, 'quality');
    expect(await atRest(projectId, 'quality')).toMatchObject({ failed: 2, matched: 2 });
    const path = `/weft/v1/scoring/dead?project_id=${projectId}`;
    const { jobs } = await get(`${path}&monitor=quality`);
    expect(jobs).toMatchObject([
      { monitor: 'quality', reason: expect.stringContaining('the provider is away') },
      { scorer_refs: ['weave:///e/p/object/polite:abc'] },
    ]);
    expect((await get(`${path}&monitor=other`)).jobs).toEqual([]);
    const only = { project_id: projectId, ids: [jobs[0].id] };
    expect(await ask('/weft/v1/scoring/dead/revive', only)).toEqual({ changed: 1 });
    await eventually(async () => (await get(path)).jobs.length === 2);
    const all = { project_id: projectId, monitor: 'quality' };
    expect(await ask('/weft/v1/scoring/dead/drop', all)).toEqual({ changed: 2 });
    expect(await atRest(projectId, 'quality')).toMatchObject({ matched: 0 });
  });
});

describe('without online evaluation', () => {
  it('every route says so', async () => {
    const { logger } = parts;
    const metrics = createMetrics('t_', { processMetrics: false });
    const auth = await createKeyring({ logger });
    const app = createHttpApp({ logger, metrics, auth, routes: scoringRoutes(undefined) });
    const off = await app.listen('127.0.0.1', 0);
    for (const { method, path } of SCORING_ROUTES) {
      const res = await fetch(off.url + path, { method: method.toUpperCase() });
      expect([path, res.status, await res.json()]).toEqual([path, 501, { reason: ONLINE_EVAL_OFF }]);
    }
    await app.stop();
  });
});
