import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { judgeVal, scoredCalls, scoredProject, scorerVal } from './scoring.ts';
import { openScoringStack, requireScoring, type ScoringStack } from './scoring-stack.ts';
import { runBundle } from './server-process.ts';
import { apiKey, newProject } from './stack.ts';

/** `weft score` and `weft monitors` as an operator runs them, on calls that were stored before there was a monitor. */

const CALLS = 300;
const MONITOR = 'quality';
let stack: ScoringStack;
/** Publishes a version of it. */
let monitor: (samplingRate: number) => Promise<string>;
const describeScoring = await requireScoring(describe);
const project = newProject('history');

const weft = (...args: string[]) =>
  runBundle('cli', [...args, '--project', project], { WEFT_URL: stack.url, WEFT_API_KEY: apiKey });

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, output } = await weft(...args, '--json');
  expect({ code, output }).toEqual({ code: 0, output: expect.anything() });
  return JSON.parse(stdout) as T;
}

interface Forecast {
  readonly counts: { readonly to_score: number; readonly matched: number };
  readonly estimate: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

const range = [
  '--monitor',
  MONITOR,
  '--from',
  '2026-01-02T03:04:05.000006Z',
  '--to',
  '2026-01-03T00:00:00Z',
] as const;
const forecast = () => json<Forecast>('score', ...range, '--dry-run');
const tokensOf = ({ estimate }: Forecast) => estimate.prompt_tokens + estimate.completion_tokens;

const billed = () => stack.llm.billed.promptTokens + stack.llm.billed.completionTokens;

describeScoring('weft score', () => {
  beforeAll(async () => {
    stack = await openScoringStack('history');
    stack.llm.answer(({ text }) => ({
      content: { score: 1, why: 'because '.repeat(10 + (text.length % 7)) },
    }));
    const scored = scoredProject(stack, project);
    const valid = await scored.publish('valid', scorerVal('ValidJSONScorer'));
    await scored.monitor('all', { scorers: [valid] });
    const random = mulberry32(3);
    const outputs = Array.from({ length: CALLS }, () => 'word '.repeat(1 + Math.floor(random() ** 3 * 1000)));
    await scored.call('answer', outputs);
    await scored.call('other', ['not looked at']);
    // Once this one has them all, no live call is left for the other.
    await scored.settled('all', CALLS + 1);
    const scorer = await scored.publish('good', judgeVal('history/m-1', 'Is it good? {output}'));
    const members = { scorers: [scorer], op_names: [`weave:///${project}/op/answer:*`] };
    monitor = (rate) => scored.monitor(MONITOR, { ...members, sampling_rate: rate });
  }, 120_000);
  afterAll(() => stack?.stop());

  it('says what a run would do, then does it', async () => {
    await monitor(0.2);
    const { counts } = await forecast();
    expect(counts.matched).toBe(CALLS);
    expect([counts.to_score > CALLS * 0.1, counts.to_score < CALLS * 0.3]).toEqual([true, true]);
    expect(stack.llm.asked).toBe(0);
    const { code, stdout, output } = await weft('score', ...range, '--wait');
    expect({ code, output }).toEqual({ code: 0, output: expect.anything() });
    expect(stdout).toMatch(new RegExp(`^ +${counts.to_score} {2}scored$`, 'm'));
    expect(stack.llm.asked).toBe(counts.to_score);
    const { promptTokens, completionTokens } = stack.llm.billed;
    expect(stdout).toMatch(new RegExp(`^ +${promptTokens + completionTokens} {2}tokens spent$`, 'm'));
    const scores = await scoredProject(stack, project).scores();
    const times = scoredCalls(scores.filter(({ feedback_type: type }) => type === 'wandb.runnable.good'));
    expect([times.size, new Set(times.values())]).toEqual([counts.to_score, new Set([1])]);
    expect((await weft('score', ...range, '--dry-run')).stdout).toMatch(/^ +0 {2}scores to be made$/m);
  }, 180_000);

  it('knows within 10 % what a run costs, once it has seen what scores cost', async () => {
    await monitor(0.9);
    const said = await forecast();
    const before = billed();
    await json('score', ...range, '--wait');
    const spent = billed() - before;
    expect(stack.llm.answered).toBeGreaterThan(CALLS * 0.9);
    expect(Math.abs(tokensOf(said) / spent - 1)).toBeLessThan(0.1);
  }, 180_000);

  it('shows counts, and sets budgets that are kept to', async () => {
    expect((await weft('monitors', 'list')).stdout).toMatch(/^quality +yes +90 % +- +weave:/m);
    expect((await weft('monitors', 'ledger')).stdout).toMatch(/^quality +\d+ +\d+ +0 +0 +0 /m);
    const set = await weft('monitors', 'budget', '--monitor', MONITOR, '--calls-per-day', '1');
    expect([set.code, set.output]).toEqual([0, expect.stringContaining('scoring-budget-quality')]);
    expect((await weft('monitors', 'budget')).stdout).toMatch(/^quality +1 calls +\d+ /m);
    expect((await weft('monitors', 'dead')).output).toContain('no scores were given up');
  }, 60_000);
});
