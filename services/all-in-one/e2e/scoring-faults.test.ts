import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, type FakeLlmAnswer } from '@weft/testkit';
import { judgeVal, scoredCalls, scoredProject, type ScoredProject } from './scoring.ts';
import { openScoringStack, requireScoring, type ScoringStack } from './scoring-stack.ts';
import { newProject } from './stack.ts';

/** A provider that misbehaves for one project, by what its prompts begin with, while it answers the others. */

const describeScoring = await requireScoring(describe);
const GOOD: FakeLlmAnswer = { content: { score: 1 } };

describeScoring('a provider', () => {
  let stack: ScoringStack;
  /** First word of the prompt → what is answered, one after the other; the last one again and again. */
  const scripts = new Map<string, FakeLlmAnswer[]>();
  beforeAll(async () => {
    stack = await openScoringStack('faults');
    stack.llm.answer(({ text }) => {
      const script = scripts.get(text.split(' ')[0]!);
      return (script !== undefined && script.length > 1 ? script.shift() : script?.[0]) ?? GOOD;
    });
  }, 60_000);
  afterAll(() => stack?.stop());

  async function open(word: string, ...answers: FakeLlmAnswer[]): Promise<ScoredProject> {
    scripts.set(word, answers);
    const project = scoredProject(stack, newProject(word));
    const scorers = [await project.publish('judge', judgeVal('faults/m-1', `${word} {output}`))];
    await project.monitor('watch', { scorers });
    return project;
  }
  const payload = async (project: ScoredProject) => {
    const [score, ...more] = await eventually(async () => {
      const scores = await project.scores();
      return scores.length > 0 ? scores : undefined;
    }, 60_000);
    expect(more).toEqual([]);
    return score!.payload;
  };
  const asked = (word: string) => stack.llm.requests.filter(({ text }) => text.startsWith(`${word} `)).length;

  it.each<[string, FakeLlmAnswer[]]>([
    ['slow', [{ fault: 'slow', ms: 1_000, then: GOOD }]],
    ['limited', [{ fault: 'rate_limited', retryAfter: '1' }, GOOD]],
    ['unexplained', [{ fault: 'rate_limited' }, GOOD]],
    ['failing', [{ fault: 'status', status: 503 }, GOOD]],
    ['reset', [{ fault: 'reset' }, GOOD]],
    ['once-garbage', [{ fault: 'garbage' }, GOOD]],
  ])(
    'that is %s is asked until it answers',
    async (word, answers) => {
      const times = answers.length;
      const project = await open(word, ...answers);
      await project.call('op', ['x']);
      expect(await payload(project)).toEqual({ output: { score: 1 } });
      expect(asked(word)).toBe(times);
      expect(await project.settled('watch', 1)).toMatchObject({ matched: 1, scored: 1, failed: 0 });
    },
    90_000,
  );

  it.each<[string, FakeLlmAnswer, string, number]>([
    ['garbage', { fault: 'garbage' }, 'garbage', 2],
    ['of another kind', { fault: 'wrong_schema' }, 'garbage', 2],
    ['no JSON', { content: 'seven out of ten' }, 'garbage', 2],
    ['endless', { fault: 'huge', sizeBytes: 10_000_000_000 }, 'garbage', 2],
    ['packed', { fault: 'gzip_bomb', sizeBytes: 1_000_000_000 }, 'garbage', 2],
    ['refused', { fault: 'status', status: 401 }, 'misconfigured', 1],
  ])(
    'whose answer is %s is not asked for ever, and the score says why',
    async (name, answer, kind, times) => {
      const word = name.replaceAll(' ', '-');
      const project = await open(word, answer);
      await project.call('op', ['x']);
      expect(await payload(project)).toMatchObject({ output: null, status: 'error', error: { kind, message: expect.any(String), attempts: times } }); // prettier-ignore
      expect(asked(word)).toBe(times);
      expect(await project.settled('watch', 1)).toMatchObject({ matched: 1, scored: 0, failed: 1 });
      expect(stack.llm.open).toBe(0);
    },
    90_000,
  );

  it('that sends elsewhere is not followed', async () => {
    const project = await open('elsewhere', {
      fault: 'redirect',
      location: `${stack.llm.url}/followed/chat/completions`,
    });
    await project.call('op', ['x']);
    expect(await payload(project)).toMatchObject({ output: null, status: 'error' });
    expect(stack.llm.requests.filter(({ path }) => path.includes('followed'))).toEqual([]);
  }, 90_000);

  it('whose credit is used up is left alone', async () => {
    const project = await open('broke', { fault: 'quota' });
    await project.call('op', ['x']);
    await eventually(() => asked('broke') >= 1);
    await project.call('op', ['y', 'z']);
    const other = await open('solvent', GOOD);
    await other.call('op', ['x']);
    await other.settled('watch', 1);
    expect(asked('broke')).toBe(1);
    expect(JSON.stringify(await project.scores())).toContain('quota');
  }, 90_000);

  it('that hangs for one project answers another', async () => {
    const hanging = await open('hanging', { fault: 'hang' });
    const calm = await open('calm', GOOD);
    await hanging.call(
      'op',
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
    await eventually(() => asked('hanging') >= 4);
    const ids = await calm.call(
      'op',
      Array.from({ length: 50 }, (_, i) => String(i)),
    );
    await calm.settled('watch', 50);
    expect(scoredCalls(await calm.scores())).toEqual(new Map(ids.map((id) => [id, 1])));
    // None of those that hang has come back meanwhile: nobody waited for one.
    expect(asked('hanging')).toBe(4);
    expect(await hanging.ledger('watch')).toMatchObject({ matched: 50, scored: 0, pending: 50 });
  }, 90_000);
});
