import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../api/calls.ts';
import { boardRows, choicesOf, idOfName } from './board.ts';

const EVALUATION = 'weave:///e/p/object/sums:abc';
const column = (scorer: string, path: string, less = false) => ({
  evaluation_object_ref: EVALUATION,
  scorer_name: scorer,
  summary_metric_path: path,
  should_minimize: less,
});
const run = (id: string, model: string, output: unknown, self = EVALUATION) =>
  ({ id, display_name: null, inputs: { self, model }, output, summary: {} }) as unknown as Call;

describe('a leaderboard', () => {
  const runs = [
    run('4', 'a', { exact: { true_fraction: 0.5 }, size: { mean: 9 } }),
    run('3', 'b', { exact: { true_fraction: 0.75 }, size: { mean: 2 } }),
    run('2', 'a', { exact: { true_fraction: 1 } }),
    run('1', 'c', { exact: { true_fraction: 1 } }, 'weave:///e/p/object/sums:other'),
    run('0', 'd', 'nothing'),
  ];
  it('has the newest figure of each model, and marks the best', () => {
    const rows = boardRows([column('exact', 'true_fraction'), column('size', 'mean', true), column('__proto__', 'x')], runs);
    expect(rows.map(({ model, cells }) => [model, ...cells.map((cell) => cell && [cell.value, cell.run.id, cell.isBest])])).toEqual([
      ['b', [0.75, '3', true], [2, '3', true], undefined],
      ['a', [0.5, '4', false], [9, '4', false], undefined],
    ]);
  }); // prettier-ignore
  it('is made of what runs have', () => {
    const { evaluations, scorers } = choicesOf(runs);
    expect([...evaluations.values()]).toEqual(['sums', 'sums']);
    expect([...scorers.get(EVALUATION)!]).toEqual([['exact', ['true_fraction']], ['size', ['mean']]]); // prettier-ignore
    expect(idOfName(' Who knows: Zürich? ')).toBe('who-knows-zu-rich');
  });
});
