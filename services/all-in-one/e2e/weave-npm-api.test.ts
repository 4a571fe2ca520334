import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callsOf, NPM_SDKS, NPM_TIMEOUT_MS } from './npm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** The generated client inside npm `weave`: all of its routes. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Given {
  readonly id: string;
  readonly created_at: string;
  readonly payload: object;
}
interface Asked {
  readonly health: unknown;
  readonly server: unknown;
  readonly calls: Record<string, unknown> & {
    readonly manual: { readonly id: string; readonly trace_id: string };
    /** The package gives calls to JSON as text. */
    readonly ended: string;
  };
  readonly objects: Record<string, unknown> & { readonly digests: readonly [string, string, string] };
  readonly tables: Record<string, unknown>;
  readonly feedback: {
    readonly call: string;
    readonly given: readonly [Given, Given, Given];
    readonly all: readonly Given[];
    readonly fields: readonly object[];
    readonly replaced: Given;
    readonly left: readonly Given[];
  };
}

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  let project: string;
  let asked: Asked;
  beforeAll(async () => {
    project = newProject('npm-api');
    asked = await runProgram<Asked>(stack, 'npm/api.cjs', sdk, project);
  }, NPM_TIMEOUT_MS);

  it('asks how the server is', () => {
    expect(asked.health).toEqual({ status: 'ok' });
    expect(asked.server).toMatchObject({ min_required_weave_python_version: expect.any(String) });
  });

  it('starts, ends, queries, counts and deletes calls', async () => {
    const { manual, running, ended, queried, before, roots, deleted, gone, after } = asked.calls;
    expect(running).toMatchObject({ ...manual, op_name: 'by hand', attributes: { a: 1 }, inputs: { x: null }, ended_at: null, summary: { weave: { status: 'running' } } });
    expect(JSON.parse(ended)).toMatchObject({ ...manual, output: [1], summary: { own: true, weave: { status: 'success' } } });
    expect(queried).toMatchObject([{ output: { n: 2, text: 'step 2' }, inputs: {}, attributes: {} }]);
    expect([before, roots, after]).toMatchObject([{ count: 4 }, { count: 1 }, { count: 1 }]);
    // With what was called inside.
    expect(deleted).toEqual({ num_deleted: 3 });
    expect(gone).toMatch(/^Call not found/);
    const left = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    expect(left.map((call) => call.id)).toEqual([manual.id, callsOf(left, 'step')[0]!.id]);
  }); // prettier-ignore

  it('reads objects by version, lists them, and follows refs to the source of ops', () => {
    const { digests, first, latest, listed, ops, refs, source, unknown } = asked.objects;
    const [one, two, again] = digests;
    expect([again, one === two]).toEqual([one, false]);
    // What is published again is the latest again, under its old number.
    const version = { object_id: 'thing', digest: one, version_index: 0, is_latest: 1, val: { n: 1 } };
    expect([first, latest]).toMatchObject([version, version]);
    expect(listed).toEqual([
      { digest: two, version_index: 1, is_latest: 0, val: { n: 2 } },
      { digest: one, version_index: 0, is_latest: 1, val: { n: 1 } },
    ]);
    // They are published side by side.
    expect((ops as string[][]).sort()).toEqual([['outer', 'op'], ['step', 'op']]);
    expect(refs).toEqual([{ n: 2 }, 2]);
    expect(source).toMatch(/^async function outer\(\) \{[^]*return 'done';\s*\}$/);
    expect(unknown).toBe(404);
  }); // prettier-ignore

  it('creates, changes, sorts and pages tables', () => {
    expect(asked.tables).toEqual({
      rows: [2, 1, 3],
      changed: [0, 1, 3, 4],
      sorted: [3, 2],
      page: [1, 3],
      stats: { count: 4 },
    });
  });

  it('gives feedback, finds it, replaces it and takes it back', () => {
    const { call, given, all, fields, replaced, left } = asked.feedback;
    const [reaction, note, rating] = given;
    expect(given.map(({ payload }) => payload)).toMatchObject([{ emoji: '👍', alias: ':thumbs_up:' }, { note: 'well done ☂' }, { stars: 5 }]);
    const about = { project_id: project, weave_ref: `weave:///${project}/call/${call}` };
    expect(all).toMatchObject([
      { ...about, id: reaction.id, feedback_type: 'wandb.reaction.1', payload: reaction.payload },
      { ...about, id: note.id, feedback_type: 'wandb.note.1', payload: { note: 'well done ☂' } },
      { ...about, id: rating.id, feedback_type: 'my.rating', payload: { stars: 5, deep: { why: ['a', null] } } },
    ]);
    expect(fields).toHaveLength(3);
    expect(fields).toContainEqual(expect.objectContaining({ feedback_type: 'my.rating', 'payload.stars': expect.anything() }));
    expect(left.map(({ id }) => id).sort()).toEqual([rating.id, replaced.id].sort());
    expect(left).toContainEqual(expect.objectContaining({ payload: { note: 'better' } }));
  }); // prettier-ignore
});
