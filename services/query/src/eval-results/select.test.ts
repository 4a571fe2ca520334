import { describe, expect, it } from '@jest/globals';
import type { StoredCall } from '@weft/trace-store';
import { toSelection } from './select.ts';
import { MAX_VALUE_BYTES, readRows, type ResultRow } from './trials.ts';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Trials as the store would give them. */
async function rowsOf(
  calls: { evaluation: string; example: unknown; output: unknown }[],
  selection: ReturnType<typeof toSelection>,
  evaluations: string[],
): Promise<ResultRow[]> {
  const stored = calls.map(({ evaluation, example, output }, i) => ({
    id: `c${i}`,
    parentId: evaluation,
    opName: 'weave:///e/p/op/Evaluation.predictAndScore:d',
    inputs: json({ example }),
    output: json(output),
  })) as unknown as StoredCall[];
  const reader = {
    async *streamCalls() {
      yield stored;
    },
    tableRows: async (_: string, digests: readonly string[]) =>
      new Map(digests.map((digest) => [digest, json({ x: digest })])),
  };
  return readRows(reader, 'e/p', evaluations, selection.fields, new AbortController().signal);
}

const trial = (evaluation: string, example: unknown, scores: object) => ({
  evaluation,
  example,
  output: { scores },
});
const ref = (digest: string) => `weave:///e/p/object/d:v/attr/rows/id/${digest}`;

describe('readRows', () => {
  it('brings together rows of a dataset and rows that are written out, whatever the order of their members', async () => {
    const none = toSelection([], 'or', [], []);
    const rows = await rowsOf(
      [
        trial('b', ref('r1'), {}),
        trial('a', ref('r1'), {}),
        trial('a', { p: 1, q: 2 }, {}),
        trial('b', { q: 2, p: 1 }, {}),
        trial('b', 'a text', {}),
      ],
      none,
      ['a', 'b'],
    );
    expect(rows.map(({ trials }) => trials.map(({ evaluationId }) => evaluationId))).toEqual([['a', 'b'], ['a', 'b'], ['b']]);
    expect(rows[0]!.digest).toBe('r1');
    expect(rows[1]!.digest).toMatch(/^\w{43}$/);
  }); // prettier-ignore

  it('looks inputs up in the dataset', async () => {
    const selection = toSelection([], 'or', [{ field: 'inputs.x', direction: 'desc', evaluation_call_id: undefined, mode: 'value' }], ['a']); // prettier-ignore
    const rows = await rowsOf(
      ['r1', 'r3', 'r2'].map((r) => trial('a', ref(r), {})),
      selection,
      ['a'],
    );
    expect(selection.sort(rows).map(({ digest }) => digest)).toEqual(['r3', 'r2', 'r1']);
  });

  it('refuses to hold more values than it may', async () => {
    const selection = toSelection([], 'or', [{ field: 'output.big', direction: 'asc', evaluation_call_id: undefined, mode: 'value' }], ['a']); // prettier-ignore
    const big = 'x'.repeat(MAX_VALUE_BYTES / 4);
    const calls = Array.from({ length: 5 }, (_, i) => ({ evaluation: 'a', example: i, output: { big } }));
    await expect(rowsOf(calls.slice(0, 3), selection, ['a'])).resolves.toHaveLength(3);
    await expect(rowsOf(calls, selection, ['a'])).rejects.toMatchObject({ code: 'request_too_large' });
  });
});

describe('filters', () => {
  const query = (expr: object) => ({ evaluation_call_id: undefined, query: { $expr: expr } });
  const field = (name: string) => ({ $getField: name });
  it.each([
    [{ $eq: [field('scores.ok'), { $literal: true }] }, ['t']],
    [{ $eq: [field('scores.ok'), { $literal: 0 }] }, ['f']],
    [{ $eq: [field('scores.list.1'), { $literal: 'b' }] }, ['l']],
    [{ $not: [{ $eq: [field('scores.ok'), { $literal: true }] }] }, ['f']],
    [{ $eq: [field('scores.ok'), { $literal: null }] }, ['l']],
    [{ $eq: [field('row_digest'), { $literal: 't' }] }, ['t']],
  ])('%j finds %j', async (expr, expected) => {
    const selection = toSelection([query(expr)], 'or', [], ['a']);
    const rows = await rowsOf(
      [trial('a', ref('t'), { ok: true }), trial('a', ref('f'), { ok: false }), trial('a', ref('l'), { list: ['a', 'b'], ok: null })],
      selection,
      ['a'],
    );
    expect(rows.filter(selection.matches).map(({ digest }) => digest)).toEqual(expected);
  }); // prettier-ignore
});
