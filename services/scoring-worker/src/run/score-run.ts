import { JobHopeless, type JobHandler, type JobResult, type RunningJob } from '@weft/job-queue';
import { AppError, nowUs } from '@weft/model';
import type { Logger } from '@weft/runtime';
import {
  NOTHING_SPENT,
  ScoreError,
  type ScoreContext,
  type Scorer,
  type Scores,
  type Spend,
  type Target,
} from '@weft/scoring';
import type { TraceReader } from '@weft/trace-store';
import { scoreId, type ScoreJob } from '../jobs.ts';
import { activeVersion } from '../monitors/active-version.ts';
import type { Budgets, Monitors, Reservation, Scorers } from '../parts.ts';
import type { WorkerMetrics } from '../worker-metrics.ts';
import { ask } from './ask.ts';
import { findEarlier } from './earlier.ts';
import { keep, keepable, readKept, type Kept } from './kept.ts';
import type { MediaSourceDeps } from './media-source.ts';
import type { Providers } from './providers.ts';
import { readTarget } from './read-target.ts';
import { MAX_MESSAGE, tell, tellError, toAnswer, type ReportDeps } from './report.ts';
import type { Rests } from './rests.ts';
import type { Answer } from './results.ts';
import { isTraced, providerOf, refsOf, type Subject } from './subject.ts';
import { withMedia } from './target-media.ts';

/** Tries of a score whose provider cannot be asked. */
export const MAX_ATTEMPTS = 5;

export interface ScoreRunDeps extends ReportDeps {
  readonly reader: Pick<TraceReader, 'streamCalls' | 'streamFeedback' | 'traceIdentities'> &
    MediaSourceDeps['reader'];
  readonly fileStorage?: MediaSourceDeps['fileStorage'];
  readonly monitors: Monitors;
  readonly scorers: Scorers;
  readonly budgets: Budgets;
  readonly providers: Providers;
  readonly rests: Rests;
  readonly metrics: WorkerMetrics;
  readonly logger: Logger;
  /** Most calls that are scored together. */
  readonly maxGathered: number;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** A provider that says "later" for longer than this says "no". */
const MAX_LIMITED_MS = 24 * 3_600_000;
const MAX_BACK_OFF_MS = 60_000;
/** Answers that cannot be used, the first one included. */
const MAX_GARBAGE = 2;
const GARBAGE_AGAIN_MS = 1000;

/** Runs jobs of the kind `score`. */
export function createScoreHandler(deps: ScoreRunDeps): JobHandler {
  return async (job) => {
    deps.metrics.running(1);
    try {
      return await new ScoreRun(deps, job).run();
    } finally {
      deps.metrics.running(-1);
    }
  };
}

/** One run of one score job. */
class ScoreRun {
  private readonly deps: ScoreRunDeps;
  private readonly running: RunningJob;
  private readonly kept: Kept;
  private readonly subject: Subject;

  constructor(deps: ScoreRunDeps, running: RunningJob) {
    this.deps = deps;
    this.running = running;
    this.kept = readKept(running);
    this.subject = {
      job: JSON.parse(running.data) as ScoreJob,
      monitor: null,
      scorer: undefined,
      earlier: undefined,
      target: undefined,
      stored: undefined,
      startedAtUs: nowUs(),
    };
  }

  /** @throws what makes the job fail; AppError of a backend that is away. */
  async run(): Promise<JobResult> {
    if (this.kept.answer !== undefined) return this.scored(this.kept.answer);
    try {
      return await this.score();
    } catch (error) {
      if (this.running.signal.aborted || (error instanceof AppError && error.retryable)) throw error;
      if (error instanceof ScoreError) return this.refused(error);
      if (this.isLast) {
        this.deps.logger.error({ err: error, job: this.running.id }, 'a score failed');
        await this.givenUp({ kind: 'internal', ...NOTHING_SAID, message: String(error) });
      }
      throw error;
    }
  }

  /** How often the scorer was asked, this time included. */
  private get attempts(): number {
    return this.running.attempt + (this.kept.garbage ?? 0) + (this.kept.limitedTimes ?? 0);
  }

  private get isLast(): boolean {
    return this.running.attempt >= MAX_ATTEMPTS;
  }

  /** The checks in order: the cheap ones, what was there before, what is read, what costs. */
  private async score(): Promise<JobResult> {
    const { monitors, scorers, rests, providers, reader } = this.deps;
    const { subject } = this;
    const { projectId, monitorRef, scorerRefs } = subject.job;
    if (monitorRef !== null) {
      const monitor = await activeVersion(monitors, projectId, monitorRef);
      if (monitor === undefined) return this.skipped('disabled');
      subject.monitor = monitor;
    }
    if (await rests.isResting(projectId, this.running.group)) return this.skipped('quota');
    subject.scorer = await scorers.load(scorerRefs, {
      ...(subject.monitor?.isClassifier === true && { merged: true }),
      // Nobody has asked whether the monitor's author may read other projects; the route has.
      ...(monitorRef !== null && { within: [projectId] }),
    });
    const waitMs = await providers.delay(providerOf(subject));
    if (waitMs > 0) return this.waitsForProvider(waitMs);
    subject.earlier = await findEarlier(reader, subject.job, refsOf(subject));
    if (subject.earlier.isScored) return this.skipped('duplicate');
    const read = await readTarget(this.deps, subject.job, subject.monitor, this.kept.missingSinceMs);
    if ('skip' in read) return this.skipped(read.skip);
    if ('missingSinceMs' in read)
      return this.comeAgain({ missingSinceMs: read.missingSinceMs }, read.againInMs, 'the call cannot be read yet'); // prettier-ignore
    if (read.job.isAgentTurn !== subject.job.isAgentTurn)
      subject.earlier = await findEarlier(reader, read.job, refsOf(subject));
    subject.job = read.job;
    subject.target = read.target;
    subject.stored = read.call;
    const { signal } = this.running;
    const whole = await withMedia(this.deps, subject.scorer, read.target, signal, this.kept.missingSinceMs);
    if ('missingSinceMs' in whole)
      return this.comeAgain({ missingSinceMs: whole.missingSinceMs }, whole.againInMs, 'media of the call cannot be read yet'); // prettier-ignore
    return this.askWithin(whole.target, subject.scorer);
  }

  /** Within the limits of provider and budgets. */
  private async askWithin(target: Target, scorer: Scorer): Promise<JobResult> {
    const { budgets, providers, metrics } = this.deps;
    const { job, monitor } = this.subject;
    const provider = providerOf(this.subject);
    const forecast = scorer.forecast(target);
    const waitMs = await providers.enter(provider);
    if (waitMs > 0) return this.waitsForProvider(waitMs);
    let reservation: Reservation | undefined;
    try {
      const reserved = await budgets.reserve(job.projectId, monitor?.name ?? null, forecast);
      if ('exceeded' in reserved) {
        providers.left(provider);
        return this.skipped('budget');
      }
      reservation = reserved.reservation;
      this.subject.startedAtUs = nowUs();
      const began = performance.now();
      const scores = await ask(scorer, target, this.context());
      metrics.asked(provider.name, performance.now() - began);
      providers.answered(provider);
      await this.settle(reservation, scores.spend);
      return await this.keepAndTell(scores);
    } catch (error) {
      this.tellProvider(error);
      if (error instanceof ScoreError) await this.settle(reservation, error.spend);
      throw error;
    }
  }

  private context(): ScoreContext {
    const { job, monitor } = this.subject;
    const first = refsOf(this.subject)[0] ?? '';
    const callId = scoreId(job.monitorRef, first, job, 'call');
    return {
      signal: this.running.signal,
      idempotencyKey: scoreId(job.monitorRef, first, job, 'feedback'),
      correlationId: this.running.id,
      ...(monitor !== null && { monitor: { name: monitor.name, digest: monitor.digest } }),
      ...(isTraced(this.subject) && { scoreCall: { id: callId, traceId: callId } }),
    };
  }

  private tellProvider(error: unknown): void {
    const { providers } = this.deps;
    const provider = providerOf(this.subject);
    const kind = error instanceof ScoreError ? error.kind : undefined;
    if (kind === 'unavailable' || kind === 'timeout') providers.failed(provider);
    else if (kind === 'rate_limited' || kind === 'quota' || kind === 'garbage') providers.answered(provider);
    else providers.left(provider);
  }

  /** What cannot be settled stays set aside, which errs on the safe side. */
  private async settle(reservation: Reservation | undefined, spend: Spend): Promise<void> {
    this.deps.metrics.spent(spend);
    try {
      await reservation?.settle(spend);
    } catch (err) {
      this.deps.logger.warn({ err, job: this.running.id }, 'what a score took could not be settled');
    }
  }

  private async keepAndTell(scores: Scores): Promise<JobResult> {
    const whole = await toAnswer(this.deps, this.subject, scores, { attempts: this.attempts, error: null }); // prettier-ignore
    const answer = keepable(whole);
    if (answer === undefined) {
      const { request, reply } = scores;
      throw new ScoreError('garbage', 'the answer is too large', { request, reply });
    }
    try {
      await keep(this.running, { answer });
    } catch (err) {
      // It is paid for: once the log has it, the next run finds it there.
      this.deps.logger.warn({ err, job: this.running.id }, 'an answer could not be kept');
    }
    return this.scored(answer);
  }

  private async scored(answer: Answer): Promise<JobResult> {
    await tell(this.deps, this.subject.job, answer);
    this.deps.metrics.scored(1);
    return { done: 'scored' };
  }

  private async refused(error: ScoreError): Promise<JobResult> {
    const message = `${error.kind}: ${error.message}`.slice(0, MAX_MESSAGE);
    switch (error.kind) {
      case 'rate_limited':
        return this.limited(error);
      case 'quota':
        await this.deps.rests.begin(this.subject.job.projectId, this.running.group, error.message);
        await tellError(this.deps, this.subject, error, this.attempts);
        return this.skipped('quota');
      case 'garbage': {
        const garbage = (this.kept.garbage ?? 0) + 1;
        if (garbage < MAX_GARBAGE) return this.comeAgain({ garbage }, GARBAGE_AGAIN_MS, message);
        await this.givenUp(error);
        return { done: 'failed' };
      }
      case 'unavailable':
      case 'timeout':
        if (this.isLast) await this.givenUp(error);
        throw new Error(message, { cause: error });
      case 'unscorable':
        await this.givenUp(error);
        return { done: 'failed' };
      case 'misconfigured':
        await this.givenUp(error);
        // Kept among the dead, for whoever mends it to bring it back.
        throw new JobHopeless(message, { cause: error });
    }
  }

  private async givenUp(error: Parameters<typeof tellError>[2]): Promise<void> {
    await tellError(this.deps, this.subject, error, this.attempts);
    this.deps.metrics.failed(error.kind);
  }

  private async limited(error: ScoreError): Promise<JobResult> {
    const now = this.deps.clock();
    const { limitedSinceMs = now, limitedTimes = 0 } = this.kept;
    if (now - limitedSinceMs > MAX_LIMITED_MS) {
      await this.givenUp(error);
      return { done: 'failed' };
    }
    const backOffMs = Math.min(MAX_BACK_OFF_MS, 1000 * 2 ** limitedTimes) * (0.5 + Math.random());
    const waitMs = Math.max(error.retryAfterMs ?? 0, backOffMs);
    await this.deps.providers.limited(providerOf(this.subject), waitMs);
    return this.comeAgain({ limitedSinceMs, limitedTimes: limitedTimes + 1 }, waitMs, error.message);
  }

  private skipped(reason: string): JobResult {
    this.deps.metrics.skipped(reason);
    return { done: `skipped:${reason}` };
  }

  private waitsForProvider(againInMs: number): JobResult {
    return later(againInMs, `waits for ${providerOf(this.subject).name}`);
  }

  private async comeAgain(more: Kept, againInMs: number, reason: string): Promise<JobResult> {
    await keep(this.running, { ...this.kept, ...more });
    return later(againInMs, reason);
  }
}

const NOTHING_SAID = { spend: NOTHING_SPENT, request: null, reply: null };

function later(againInMs: number, reason: string): JobResult {
  return { againInMs: Math.ceil(againInMs), reason: reason.slice(0, MAX_MESSAGE) };
}
