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
    expect(judge(journal, clean)).toEqual({ ...none, acknowledged: 7 });
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
