import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLocalJobQueue, type JobQueue } from '@weft/job-queue';
import { classifyObject, readObjectEvent } from '@weft/model';
import { createLogger, loadConfig } from '@weft/runtime';
import { NOTHING_SPENT, type Forecast } from '@weft/scoring';
import type { StoredObject, TraceReader } from '@weft/trace-store';
import { z } from 'zod';
import { budgetEvent, readBudget, type BudgetValue } from './budget-object.ts';
import { createBudgets, type BudgetBook } from './budgets.ts';
import { budgetEnv, type BudgetConfig } from './settings.ts';

const NONE: BudgetValue = { monitor: null, calls_per_day: null, tokens_per_day: null, usd_per_day: null };
const DAY_MS = 86_400_000;

let dir: string;
let queue: JobQueue;
let now: number;
/** What is published, and how often it was looked for. */
let published: StoredObject[];
let looks: number;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'budgets-'));
  now = Date.UTC(2026, 0, 2, 23, 59);
  queue = await openLocalJobQueue({
    dir,
    logger: createLogger({ name: 'test', level: 'silent' }),
    now: () => now,
  });
  [published, looks] = [[], 0];
});
afterEach(async () => {
  await queue.close();
  await rm(dir, { recursive: true });
});

function budgets(config: BudgetConfig = {}): BudgetBook {
  async function* streamObjects() {
    looks++;
    yield published;
  }
  const reader: Pick<TraceReader, 'streamObjects'> = { streamObjects };
  return createBudgets({ queue, reader, config, clock: () => now });
}

function publish(value: Partial<BudgetValue>): void {
  const { event } = budgetEvent({ ...NONE, ...value }, { projectId: 'e/p', userId: 'ada' });
  const { objectId, digest, val } = readObjectEvent(event);
  put(objectId, digest, val);
}

function put(objectId: string, digest: string, val: Uint8Array): void {
  published.push({ objectId, digest, val } as StoredObject);
}

const takes = (tokens: number, costUsd = 0): Forecast => ({
  model: 'm', requests: 1, promptTokens: tokens - 1, completionTokens: 1, costUsd,
}); // prettier-ignore

async function reserve(book: BudgetBook, forecast: Forecast, monitor: string | null = 'quality') {
  const answer = await book.reserve('e/p', monitor, forecast);
  return 'exceeded' in answer ? answer.exceeded : answer.reservation;
}

describe('createBudgets', () => {
  it('sets aside what is forecast, then counts what was spent', async () => {
    publish({ tokens_per_day: 100 });
    const book = budgets();
    const first = await reserve(book, takes(60));
    expect(await reserve(book, takes(60))).toBe(
      'the budget of the project for today (UTC) does not allow it: tokens_per_day is 100 tokens, ' +
        '60 tokens are spent or set aside, and this score may take 60 tokens',
    );
    if (typeof first === 'string') throw new Error(first);
    await first.settle({ ...NOTHING_SPENT, requests: 1, promptTokens: 30 });
    await first.settle({ ...NOTHING_SPENT, requests: 1, promptTokens: 30 });
    expect(await book.spentToday('e/p', [null, 'quality', 'other'])).toEqual([
      { calls: 1, tokens: 30, microUsd: 0 },
      { calls: 1, tokens: 30, microUsd: 0 },
      { calls: 0, tokens: 0, microUsd: 0 },
    ]);
    expect(typeof (await reserve(book, takes(60)))).toBe('object');
  });

  it('is never exceeded by those who ask at once', async () => {
    publish({ monitor: 'quality', usd_per_day: 0.1 });
    const book = budgets();
    const asked = await Promise.all(Array.from({ length: 30 }, () => reserve(book, takes(1, 0.01))));
    expect(asked.filter((answer) => typeof answer === 'object')).toHaveLength(10);
    expect(await reserve(book, takes(1, 0.01))).toContain('of monitor quality for today (UTC)');
    expect(await reserve(book, takes(1, 0.01))).toContain('usd_per_day is US$ 0.1, US$ 0.1 are spent');
    expect(typeof (await reserve(book, takes(1, 0.01), 'other'))).toBe('object');
    // Nobody is paid.
    expect(typeof (await reserve(book, { ...NOTHING_SPENT }))).toBe('object');
  });

  it('takes the lower of what the project and the operator allow, and begins anew each day', async () => {
    publish({ calls_per_day: 5 });
    const book = budgets({ WEFT_SCORING_CALLS_PER_DAY: 2, WEFT_SCORING_USD_PER_DAY: 3 });
    expect((await book.limits('e/p')).of(null).limits).toEqual({
      calls: 2,
      tokens: null,
      microUsd: 3_000_000,
    });
    const last = await Promise.all([reserve(book, takes(1), null), reserve(book, takes(1), null)]);
    expect(await reserve(book, takes(1), null)).toContain('calls_per_day is 2 calls');
    now += DAY_MS;
    expect(typeof (await reserve(book, takes(1), null))).toBe('object');
    // What is settled after midnight is of the day before.
    for (const each of last) if (typeof each === 'object') await each.settle(NOTHING_SPENT);
    expect(await book.spentToday('e/p', [null])).toEqual([{ calls: 1, tokens: 1, microUsd: 0 }]);
  });

  it('sees a change within 5 s, and reads no more often', async () => {
    const book = budgets();
    await reserve(book, takes(1));
    await reserve(book, takes(1));
    expect(looks).toBe(1);
    publish({ calls_per_day: 0 });
    now += 4500;
    expect(await reserve(book, takes(1))).toContain('calls_per_day is 0 calls');
  });

  it('spends nothing where a budget cannot be read', async () => {
    put('scoring-budget-quality', 'd', Buffer.from('{"tokens_per_day":"many"}'));
    const book = budgets();
    expect(await reserve(book, takes(1))).toMatch(/^scoring-budget-quality cannot be read: tokens_per_day: /);
    expect(typeof (await reserve(book, takes(1), 'other'))).toBe('object');
    expect(typeof (await reserve(book, NOTHING_SPENT))).toBe('object');
  });

  it('tells how real spends compare with forecasts', async () => {
    const book = budgets();
    for (let i = 0; i < 3; i++) {
      const answer = await reserve(book, takes(101, 0.5));
      if (typeof answer === 'string') throw new Error(answer);
      const spend = { model: 'm', requests: 1, promptTokens: 50, completionTokens: 3, costUsd: 0.1 };
      await answer.settle(i === 2 ? NOTHING_SPENT : spend);
      now += DAY_MS;
    }
    const { scores, ...ratios } = await book.drift.of('e/p', 'quality', 'm');
    expect(scores).toBe(2);
    expect(ratios).toEqual({
      requests: 1,
      promptTokens: 0.5,
      completionTokens: 3,
      costUsd: expect.closeTo(0.2),
    });
    now += 8 * DAY_MS;
    expect(await book.drift.of('e/p', 'quality', 'm')).toMatchObject({ scores: 0, promptTokens: 1 });
  });
});

describe('budget objects', () => {
  it('are Weave objects of their class', () => {
    const { objectId, event } = budgetEvent(
      { ...NONE, monitor: 'quality', usd_per_day: 1.5 },
      { projectId: 'e/p', userId: '' },
    );
    const { val } = readObjectEvent(event);
    expect(objectId).toBe('scoring-budget-quality');
    expect(classifyObject(val)).toMatchObject({
      baseObjectClass: 'ScoringBudget',
      leafObjectClass: 'ScoringBudget',
    });
    expect(readBudget(objectId, val)).toEqual({
      monitor: 'quality',
      limits: { calls: null, tokens: null, microUsd: 1_500_000 },
      error: null,
    });
  });

  it('are of the monitor that their name says, where they do not say it', () => {
    const val = Buffer.from('{"calls_per_day":3}');
    expect(readBudget('scoring-budget', val).monitor).toBeNull();
    expect(readBudget('scoring-budget-quality', val)).toMatchObject({
      monitor: 'quality',
      limits: { calls: 3 },
    });
  });
});

describe('budgetEnv', () => {
  const load = (env: Record<string, string>) => loadConfig(z.object(budgetEnv), env);

  it('reads amounts', () => {
    expect(load({})).toEqual({});
    expect(load({ WEFT_SCORING_USD_PER_DAY: '12.50', WEFT_SCORING_CALLS_PER_DAY: '0' })).toEqual({
      WEFT_SCORING_USD_PER_DAY: 12.5,
      WEFT_SCORING_CALLS_PER_DAY: 0,
    });
  });

  it.each(['-1', '1e3', '$5', '1.1234567'])('refuses %s dollars', (text) => {
    expect(() => load({ WEFT_SCORING_USD_PER_DAY: text })).toThrow('must be an amount of US dollars');
  });
});
