import { describe, expect, it } from '@jest/globals';
import { judge, type JournalEntry, type SeenCall } from './oracle.ts';

// An oracle that was never seen to fail proves nothing: each sabotage of a clean run has to be reported as what it is.
const line = (
  id: string,
  inputs: string,
  output: string | null,
  displayName: string | null = null,
): SeenCall => ({
  id,
  line: `{"id":"${id}","inputs":${inputs},"output":${output ?? 'null'},"ended_at":${output === null ? 'null' : '"2026-01-01T00:00:00.000000Z"'},"display_name":${JSON.stringify(displayName)}}`,
});

const journal: JournalEntry[] = [
  {
    callId: 'complete',
    part: 'complete',
    outcome: 'ok',
    inputs: '{"n":9007199254740993}',
    output: '{"a":1.0}',
  },
  { callId: 'repeated', part: 'complete', outcome: 'unknown', inputs: '{"n":1}', output: '{"a":2}' },
  { callId: 'repeated', part: 'complete', outcome: 'ok', inputs: '{"n":1}', output: '{"a":2}' },
  { callId: 'running', part: 'start', outcome: 'ok', inputs: '{"n":2}' },
  { callId: 'ended', part: 'start', outcome: 'ok', inputs: '{"n":3}' },
  { callId: 'ended', part: 'end', outcome: 'ok', output: '{"a":3}' },
  { callId: 'maybe-ended', part: 'start', outcome: 'ok', inputs: '{"n":4}' },
  { callId: 'maybe-ended', part: 'end', outcome: 'unknown', output: '{"a":4}' },
  { callId: 'maybe', part: 'complete', outcome: 'unknown', inputs: '{"n":5}', output: '{"a":5}' },
  { callId: 'refused', part: 'complete', outcome: 'refused', inputs: '{"n":6}', output: '{"a":6}' },
  { callId: 'renamed', part: 'complete', outcome: 'ok', inputs: '{"n":7}', output: '{"a":7}' },
  { callId: 'renamed', part: 'rename', outcome: 'ok', displayName: 'new' },
  { callId: 'deleted', part: 'complete', outcome: 'ok', inputs: '{"n":8}', output: '{"a":8}' },
  { callId: 'deleted', part: 'delete', outcome: 'ok' },
];

const clean: SeenCall[] = [
  line('complete', '{"n":9007199254740993}', '{"a":1.0}'),
  line('repeated', '{"n":1}', '{"a":2}'),
  line('running', '{"n":2}', null),
  line('ended', '{"n":3}', '{"a":3}'),
  line('maybe-ended', '{"n":4}', null),
  line('renamed', '{"n":7}', '{"a":7}', 'new'),
];

const none = { lost: [], doubled: [], wrong: [], phantom: [] };

describe('oracle', () => {
  it('finds nothing in a clean run, whichever way the unknown went', () => {
    expect(judge(journal, clean)).toEqual({
      ...none,
      acknowledged: 7,
      acknowledgedSpans: 0,
      acknowledgedLogs: 0,
    });
    const other = clean.map((c) => (c.id === 'maybe-ended' ? line(c.id, '{"n":4}', '{"a":4}') : c));
    expect(judge(journal, [...other, line('maybe', '{"n":5}', '{"a":5}')])).toMatchObject(none);
  });

  it.each(clean.map((c) => c.id))('reports the drop of %s as lost', (id) => {
    expect(
      judge(
        journal,
        clean.filter((c) => c.id !== id),
      ),
    ).toMatchObject({ ...none, lost: [id] });
  });

  it.each(clean.map((c) => c.id))('reports a second row of %s as doubled', (id) => {
    expect(judge(journal, [...clean, clean.find((c) => c.id === id)!])).toMatchObject({
      ...none,
      doubled: [id],
    });
  });

  it.each([
    ['a digit of a big number', line('complete', '{"n":9007199254740992}', '{"a":1.0}')],
    ['a number written anew', line('complete', '{"n":9007199254740993}', '{"a":1}')],
    ["another call's output", line('repeated', '{"n":1}', '{"a":3}')],
    ['an end that was acknowledged and is gone', line('ended', '{"n":3}', null)],
    ['an end that nobody sent', line('running', '{"n":2}', '{"a":2}')],
    ['a lost rename', line('renamed', '{"n":7}', '{"a":7}')],
    ['a rename that nobody sent', line('ended', '{"n":3}', '{"a":3}', 'odd')],
  ])('reports %s as wrong', (_, altered) => {
    const seen = clean.map((c) => (c.id === altered.id ? altered : c));
    expect(judge(journal, seen)).toMatchObject({ ...none, wrong: [altered.id] });
  });

  it.each([
    ['never sent', line('stranger', '{}', '{}')],
    ['refused', line('refused', '{"n":6}', '{"a":6}')],
    ['deleted', line('deleted', '{"n":8}', '{"a":8}')],
  ])('reports a call that was %s as phantom', (_, row) => {
    expect(judge(journal, [...clean, row])).toMatchObject({ ...none, phantom: [row.id] });
  });
});

describe('oracle of spans and their log records', () => {
  const text = (n: number) => `tok-${String(n).repeat(16)} text`;
  const said = (at: bigint, n: number, isAnswer = false) => ({
    at,
    inputs: isAnswer ? [] : [{ role: 'user', content: text(n) }],
    output: isAnswer ? [{ role: 'assistant', content: text(n) }] : [],
  });
  const [first, second, maybe, answer, foreign] = [said(1n, 1), said(3n, 2), said(2n, 3), said(4n, 4, true), said(1n, 5)]; // prettier-ignore
  const own = { inputs: JSON.stringify({ 'input.value': text(6) }), output: '{}' };
  const of = (callId: string, more: Partial<JournalEntry>): JournalEntry => ({ callId, part: 'log', outcome: 'ok', ...more }); // prettier-ignore
  const span = { part: 'span', parentId: 't/0', inputs: '{}', output: '{}', tokens: 3 } as const;
  const spans: JournalEntry[] = [
    of('t/1', { said: second }),
    of('t/1', span),
    of('t/1', { said: first }),
    of('t/1', { said: first }),
    of('t/1', { said: maybe, outcome: 'unknown' }),
    of('t/1', { said: answer }),
    of('t/2', { ...span, ...own }),
    of('t/2', { said: foreign }),
    of('t/3', { said: said(1n, 7) }),
  ];
  const row = (id: string, inputs: object, output: object, parent = 't/0'): SeenCall => ({
    id,
    line: JSON.stringify({ id, parent_id: parent, ended_at: '2026-01-01T00:00:00.000000Z', inputs, output }),
  });
  const messages = (...records: { inputs: object[] }[]) => ({ 'gen_ai.input.messages': records.flatMap(({ inputs }) => inputs) }); // prettier-ignore
  const answers = { 'gen_ai.output.messages': answer.output };
  const right = [row('t/1', messages(first, second), answers), row('t/2', JSON.parse(own.inputs), {})];

  it('finds nothing in a clean run, whether or not the unknown record came', () => {
    expect(judge(spans, right)).toEqual({
      ...none,
      acknowledged: 3,
      acknowledgedSpans: 2,
      acknowledgedLogs: 5,
    });
    expect(judge(spans, [row('t/1', messages(first, maybe, second), answers), right[1]!])).toMatchObject(none); // prettier-ignore
  });

  it.each([
    ['without a record', row('t/1', messages(second), answers)],
    ['without any', row('t/1', {}, {})],
    ['with a record twice', row('t/1', messages(first, first, second), answers)],
    ['with records in another order', row('t/1', messages(second, first), answers)],
    ["with another span's record", row('t/1', messages(first, second, foreign), answers)],
    ['under another parent', row('t/1', messages(first, second), answers, 't/9')],
    ['with records in place of its own content', row('t/2', messages(foreign), {})],
    ['without its own content', row('t/2', {}, {})],
  ])('reports a span %s as wrong', (_, altered) => {
    const seen = right.map((call) => (call.id === altered.id ? altered : call));
    expect(judge(spans, seen)).toMatchObject({ ...none, wrong: [altered.id] });
  });

  it('reports records whose span was never sent as a phantom, where they are a call', () => {
    expect(judge(spans, [...right, row('t/3', {}, {})])).toMatchObject({ ...none, phantom: ['t/3'] });
  });
});
