import { expect, it } from '@jest/globals';
import { judgeScores, type Rule, type SeenLedger, type SeenScore } from './scoring-oracle.ts';
import { isSampled } from './scoring-sample.ts';

const REF = 'weave:///a/b/object/m:1';
const SCORER = 'weave:///a/b/object/s:1';
const calls = ['1', '2', '3'].map((id) => ({ id, op: 'o', token: `tok-${id}` }));
const rule: Rule = {
  ...{ monitor: 'm', refs: [REF], scorerRef: SCORER, asks: 'm:', isEnded: false },
  wants: ({ id }) => id !== '3',
};
const score = (id: string, more: Partial<SeenScore> = {}): SeenScore => ({
  weave_ref: `weave:///a/b/call/${id}`,
  ...{ runnable_ref: SCORER, trigger_ref: REF, payload: {} },
  ...more,
});
const ledger: SeenLedger = {
  monitor: 'm',
  matched: 3,
  scored: 2,
  failed: 0,
  pending: 0,
  skipped: { sample: 1 },
};
const judge = (about: Partial<Parameters<typeof judgeScores>[0]>) =>
  judgeScores({ project: 'a/b', calls, rules: [rule], scores: [score('1'), score('2')], ledgers: [ledger], asked: ['1', '2'], ...about }); // prettier-ignore

it('is content with one score for each call that a rule wants', () => {
  expect(judge({})).toEqual({ missing: [], doubled: [], phantom: [], failed: [], wrongLedgers: [], expected: 2, asked: 2, askedAgain: 0 }); // prettier-ignore
});

it.each<[string, Parameters<typeof judge>[0], object]>([
  ['a score that is missing', { scores: [score('1')] }, { missing: ['m 2'] }],
  ['one of an older version only', { scores: [score('1'), score('2', { trigger_ref: `${REF}0` })] }, { missing: ['m 2'], phantom: [expect.any(String)] }],
  ['two for one rule', { scores: [score('1'), score('2'), score('2')] }, { doubled: [expect.stringContaining('/call/2')] }],
  ['one that nobody wanted', { scores: [score('1'), score('2'), score('3')] }, { phantom: [expect.stringContaining('/call/3')] }],
  ['an error', { scores: [score('1'), score('2', { payload: { status: 'error' } })] }, { failed: [expect.stringContaining('/call/2')] }],
  ['a ledger that does not add up', { ledgers: [{ ...ledger, matched: 4 }] }, { wrongLedgers: [expect.stringContaining('4 matched and 3')] }],
  ['a ledger that counts too many', { ledgers: [{ ...ledger, matched: 4, scored: 3 }] }, { wrongLedgers: [expect.stringContaining('3 scored of 2')] }],
  ['no ledger', { ledgers: [] }, { wrongLedgers: ['m: there is none: undefined'] }],
  ['a question that came twice', { asked: ['1', '2', '1'] }, { asked: 3, askedAgain: 1 }],
])('tells of %s', (_, about, verdict) => {
  expect(judge(about)).toMatchObject(verdict);
}); // prettier-ignore

it('draws as a monitor does', () => {
  const ids = Array.from({ length: 10_000 }, (_, i) => `id-${i}`);
  const share = ids.filter((id) => isSampled(id, 'm', 0.25)).length / ids.length;
  expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
});
