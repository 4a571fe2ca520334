import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JobHopeless, type JobHandler, type JobResult, type RunningJob } from '@weft/job-queue';
import { AppError, textAt } from '@weft/model';
import { createLogger } from '@weft/runtime';
import {
  NOTHING_SPENT,
  ScoreError,
  type MediaSource,
  type ReadMedia,
  type Scorer,
  type Scores,
  type Target,
} from '@weft/scoring';
import { scoreId, toScoreJob, type CallKey, type ScoreJob } from '../jobs.ts';
import { createMonitors } from '../monitors/monitors.ts';
import type { Budgets } from '../parts.ts';
import { MONITOR, openWorld, runningJob, testMetrics, type World } from '../testing/world.ts';
import { createProviders } from './providers.ts';
import { createRests } from './rests.ts';
import { createScoreHandler, MAX_ATTEMPTS } from './score-run.ts';

/** The rules of one score (S1-S10), on a real store and queue; what the scorer does is up to the test. */

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 60_000);
afterAll(() => world?.close(), 60_000);

const SPEND = { model: 'judge-1', requests: 1, promptTokens: 100, completionTokens: 10, costUsd: 0.002 };
let projects = 0;
let project: string;
let scorerRef: string;
let monitorRef: string;
let nowMs: number;
let settled: unknown[];
let refusal: string | undefined;
let asked: Target[];
let score: (target: Target) => Promise<Scores>;
/** Undefined: the scorer looks at none. */
let readMedia: ((source: MediaSource) => Promise<ReadMedia>) | undefined;
let handler: JobHandler;
let said: string[];

const verdicts = (output: unknown) => [{ scorerName: 'judge', scorerRef, output }];
const says = (output: unknown): Scores => ({
  verdicts: verdicts(output),
  spend: SPEND,
  request: { prompt: 'is it?', api_key: 'sk-123' },
  reply: { text: 'it is' },
});
const fails =
  (kind: ConstructorParameters<typeof ScoreError>[0], more = {}) =>
  async () => {
    throw new ScoreError(kind, 'no', { request: { prompt: 'is it?' }, reply: 'nope', ...more });
  };

const publishMonitor = (more: object = {}) =>
  world.publish(project, 'watch', { ...MONITOR, scorers: [scorerRef], ...more });

beforeEach(async () => {
  project = `acme/p${++projects}`;
  scorerRef = await world.publish(project, 'judge', { _type: 'Judge' });
  monitorRef = await publishMonitor();
  world.appended.length = 0;
  nowMs = Date.now();
  settled = [];
  refusal = undefined;
  asked = [];
  said = [];
  score = async () => says({ good: true });
  readMedia = undefined;
  handler = createHandler();
});
afterEach(() => {
  world.logProblem = undefined;
});

function createHandler(): JobHandler {
  const logger = createLogger({
    name: 't',
    level: 'warn',
    destination: { write: (line) => void said.push(line) },
  });
  const clock = () => nowMs;
  const scorer: Scorer = {
    scorers: [{ name: 'judge', ref: scorerRef }],
    provider: 'llm:test',
    forecast: () => ({ ...NOTHING_SPENT, requests: 1 }),
    score: (target) => {
      asked.push(target);
      return score(target);
    },
    get readMedia() {
      return readMedia && ((_target: Target, source: MediaSource) => readMedia!(source));
    },
  } as Scorer;
  const budgets: Budgets = {
    reserve: async () =>
      refusal === undefined
        ? { reservation: { settle: async (spend) => void settled.push(spend) } }
        : { exceeded: refusal },
  };
  return createScoreHandler({
    ...world,
    monitors: createMonitors({ reader: world.reader, logger, clock }),
    scorers: { load: async () => scorer },
    budgets,
    providers: createProviders(world.queue, 0, clock, () => 0),
    rests: createRests(world.queue, logger),
    metrics: testMetrics().metrics,
    logger,
    maxGathered: 10,
    clock,
  });
}

function jobFor(callId: string, more: Partial<ScoreJob> = {}) {
  const key: CallKey = { projectId: project, callId, spanTraceId: null };
  const about = { scorerRefs: [scorerRef], isAgentTurn: false, gathered: null, userId: 'ada' };
  return toScoreJob({ ...key, ...about, monitorRef, ...more }, 'watch');
}

const run = (
  callId: string,
  more: Partial<RunningJob> = {},
  job: Partial<ScoreJob> = {},
): Promise<JobResult> => handler(runningJob(jobFor(callId, job), more));

describe('a score', () => {
  it('is feedback on the call and a marked call of the scorer', async () => {
    const { id } = await world.call(project);
    expect(await run(id)).toEqual({ done: 'scored' });
    const [row, ...others] = await world.feedback(project);
    const key = { projectId: project, callId: id, spanTraceId: null };
    const callId = scoreId(monitorRef, scorerRef, key, 'call');
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      id: scoreId(monitorRef, scorerRef, key, 'feedback'),
      weaveRef: `weave:///${project}/call/${id}`,
      feedbackType: 'wandb.runnable.judge',
      runnableRef: scorerRef,
      triggerRef: monitorRef,
      callRef: `weave:///${project}/call/${callId}`,
      userId: 'ada',
    });
    expect(Buffer.from(row!.payload).toString()).toBe('{"output":{"good":true}}');
    const call = (await world.readCall(project, callId))!;
    expect(call.opName).toMatch(new RegExp(`^weave:///${project}/op/judge\\.score:`));
    expect(JSON.parse(Buffer.from(call.attributes).toString())).toEqual({
      weft: { score: { call_ref: `weave:///${project}/call/${id}`, monitor_ref: monitorRef } },
    });
    expect(JSON.parse(Buffer.from(call.inputs).toString())).toEqual({
      self: scorerRef,
      inputs: { q: 'why?' },
      output: 'because',
    });
    expect(JSON.parse(Buffer.from(call.summary).toString())).toMatchObject({
      usage: { 'judge-1': { requests: 1, prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } },
      weft: {
        score: { status: 'ok', request: { api_key: 'REDACTED' }, reply: { text: 'it is' }, cost_usd: 0.002 },
      },
    });
    expect(settled).toEqual([SPEND]);
  });

  it('is feedback only where the monitor is not traced', async () => {
    monitorRef = await publishMonitor({ is_traced: false });
    const { id } = await world.call(project);
    expect(await run(id)).toEqual({ done: 'scored' });
    expect(world.appended.map(({ kind }) => kind)).toEqual(['feedback.created']);
    expect((await world.feedback(project))[0]!.callRef).toBeNull();
  });

  it('is not made again once it is there', async () => {
    const { id } = await world.call(project);
    await run(id);
    expect(await run(id)).toEqual({ done: 'skipped:duplicate' });
    expect(asked).toHaveLength(1);
  });

  it('that was paid for is written after a crash, without asking again', async () => {
    const { id } = await world.call(project);
    world.logProblem = new AppError('log_unavailable', 'away');
    const cut = runningJob(jobFor(id));
    await expect(handler(cut)).rejects.toThrow('away');
    world.logProblem = undefined;
    expect(await run(id, { saved: cut.kept })).toEqual({ done: 'scored' });
    expect([asked.length, (await world.feedback(project)).length]).toEqual([1, 1]);
  });

  it('is not made for a monitor that was switched off, and is for one that was changed', async () => {
    const { id } = await world.call(project);
    await publishMonitor({ active: false });
    expect(await run(id)).toEqual({ done: 'skipped:disabled' });
    await new Promise((resolve) => setTimeout(resolve, 2));
    nowMs += 5000;
    await publishMonitor({ sampling_rate: 0.5 });
    expect(await run(id)).toEqual({ done: 'scored' });
  });

  it('waits for a call that cannot be read yet, a minute long', async () => {
    const missing = runningJob(jobFor('nowhere'));
    expect(await handler(missing)).toMatchObject({ againInMs: 500 });
    nowMs += 59_000;
    expect(await run('nowhere', { saved: missing.kept })).toMatchObject({ againInMs: 5000 });
    nowMs += 1000;
    expect(await run('nowhere', { saved: missing.kept })).toEqual({ done: 'skipped:gone' });
    expect(asked).toEqual([]);
  });

  it('is never made of a score', async () => {
    const { id } = await world.call(project, { attributes: '{"weft":{"score":{}}}' });
    expect(await run(id)).toEqual({ done: 'skipped:score' });
  });

  it('is held against the monitor where that could not be done before', async () => {
    monitorRef = await publishMonitor({ op_names: [`weave:///${project}/op/other:*`] });
    const { id } = await world.call(project);
    expect(await run(id, {}, { isUnchecked: true })).toEqual({ done: 'skipped:filter' });
    expect(await run(id)).toEqual({ done: 'scored' });
  });

  it('is skipped where a budget does not allow it', async () => {
    refusal = 'tokens_per_day';
    const { id } = await world.call(project);
    expect(await run(id)).toEqual({ done: 'skipped:budget' });
    expect([asked, settled]).toEqual([[], []]);
  });
});

describe('a score of a call with media', () => {
  const found = new Map([['it', { kind: 'image', mimeType: 'image/png', base64: 'aGk=' }]] as const);

  it('is made with what is read of them, in the project of the call', async () => {
    const projects: string[] = [];
    readMedia = async (source) => (projects.push(source.projectId), { found, isMissing: false });
    const { id } = await world.call(project);
    expect(await run(id)).toEqual({ done: 'scored' });
    expect(projects).toEqual([project]);
    expect(asked[0]).toMatchObject({ call: { id }, media: { found, isMissing: false } });
  });

  it('waits a minute for what is missing, and is made without it then', async () => {
    readMedia = async () => ({ found: new Map(), isMissing: true });
    const { id } = await world.call(project);
    const job = runningJob(jobFor(id));
    expect(await handler(job)).toMatchObject({ againInMs: 500 });
    nowMs += 59_000;
    expect(await run(id, { saved: job.kept })).toMatchObject({ againInMs: 5000 });
    expect([asked, settled]).toEqual([[], []]);
    nowMs += 1000;
    expect(await run(id, { saved: job.kept })).toEqual({ done: 'scored' });
  });

  it('sets nothing aside and asks nobody while a store is away', async () => {
    const away = new AppError('storage_unavailable', 'away');
    readMedia = () => Promise.reject(away);
    refusal = 'nothing is to be asked for';
    const { id } = await world.call(project);
    await expect(run(id)).rejects.toBe(away);
    expect([asked, await world.feedback(project)]).toEqual([[], []]);
  });
});

describe('a score that fails', () => {
  const failure = async () => {
    const [row] = await world.feedback(project);
    return row && (JSON.parse(Buffer.from(row.payload).toString()) as Record<string, unknown>);
  };

  it('comes again after a rate limit, not before it is told to, and holds back the others', async () => {
    score = fails('rate_limited', { retryAfterMs: 20_000 });
    const [one, other] = [await world.call(project), await world.call(project)];
    expect(await run(one.id)).toMatchObject({ againInMs: 20_000 });
    const held = (await run(other.id)) as { againInMs: number };
    expect(held.againInMs).toBeGreaterThan(17_000);
    expect([asked.length, await failure()]).toEqual([1, undefined]);
    nowMs += 20_001;
    score = async () => says(1);
    expect(await run(one.id)).toEqual({ done: 'scored' });
  });

  it('lets its monitor rest where the quota is used up', async () => {
    score = fails('quota');
    const [one, other] = [await world.call(project), await world.call(project)];
    expect(await run(one.id)).toEqual({ done: 'skipped:quota' });
    expect(await run(other.id)).toEqual({ done: 'skipped:quota' });
    expect(asked).toHaveLength(1);
    expect(said.filter((line) => line.includes('rests'))).toHaveLength(1);
    expect(await failure()).toMatchObject({ output: null, status: 'error', error: { kind: 'quota' } });
  });

  it('is seen on the call after the last attempt, until one succeeds', async () => {
    score = fails('unavailable', { spend: SPEND });
    const { id } = await world.call(project);
    await expect(run(id)).rejects.toThrow('unavailable: no');
    expect(await failure()).toBeUndefined();
    await expect(run(id, { attempt: MAX_ATTEMPTS })).rejects.toThrow('unavailable: no');
    expect(await failure()).toMatchObject({
      output: null,
      status: 'error',
      error: { kind: 'unavailable', message: 'no', attempts: MAX_ATTEMPTS },
      request: { prompt: 'is it?' },
      reply: 'nope',
    });
    const callId = scoreId(
      monitorRef,
      scorerRef,
      { projectId: project, callId: id, spanTraceId: null },
      'call',
    );
    expect(await world.readCall(project, callId)).toMatchObject({ exception: 'unavailable: no' });
    expect(settled).toEqual([SPEND, SPEND]);
    score = async () => says('fine');
    expect(await run(id)).toEqual({ done: 'scored' });
    expect(await failure()).toEqual({ output: 'fine' });
    const call = await world.readCall(project, callId);
    expect([call!.exception, textAt(call!.summary, 'weft', 'score', 'status')]).toEqual([null, 'ok']);
  });

  it('gets one more try after garbage', async () => {
    score = fails('garbage');
    const { id } = await world.call(project);
    const first = runningJob(jobFor(id));
    expect(await handler(first)).toMatchObject({ againInMs: 1000 });
    expect(await run(id, { saved: first.kept })).toEqual({ done: 'failed' });
    expect(await failure()).toMatchObject({ error: { kind: 'garbage', attempts: 2 }, reply: 'nope' });
    expect(asked).toHaveLength(2);
  });

  it('is given up at once where nothing can change, or until somebody mends it', async () => {
    score = fails('unscorable');
    expect(await run((await world.call(project)).id)).toEqual({ done: 'failed' });
    score = fails('misconfigured');
    await expect(run((await world.call(project)).id)).rejects.toThrow(JobHopeless);
    score = async () => {
      throw new TypeError('bug');
    };
    const { id } = await world.call(project);
    await expect(run(id)).rejects.toThrow('bug');
    await expect(run(id, { attempt: MAX_ATTEMPTS })).rejects.toThrow('bug');
    const kinds = (await world.feedback(project)).map(({ payload }) => textAt(payload, 'error', 'kind'));
    expect(kinds.sort()).toEqual(['internal', 'misconfigured', 'unscorable']);
  });

  it('does not ask a provider that fails, until half a minute has passed', async () => {
    score = fails('timeout');
    const calls = await Promise.all(Array.from({ length: 7 }, () => world.call(project)));
    for (const { id } of calls.slice(0, 5)) await expect(run(id)).rejects.toThrow('timeout');
    const shut = (await run(calls[5]!.id)) as { againInMs: number };
    expect(shut.againInMs).toBeGreaterThan(26_000);
    expect(asked).toHaveLength(5);
    nowMs += 30_000;
    score = async () => says(1);
    expect(await run(calls[5]!.id)).toEqual({ done: 'scored' });
    expect(await run(calls[6]!.id)).toEqual({ done: 'scored' });
  });

  it('leaves at once when the process stops', async () => {
    const controller = new AbortController();
    score = () => new Promise(() => undefined);
    const { id } = await world.call(project);
    const left = run(id, { signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await expect(left).rejects.toThrow('aborted');
    expect(await failure()).toBeUndefined();
  });
});
