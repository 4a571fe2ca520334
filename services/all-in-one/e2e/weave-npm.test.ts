import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startFakeLlm } from './fake-llm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Traced {
  readonly results: { outer: number; failure: string; parent: string; counts: number[]; tricky: unknown };
  readonly all: readonly ReadCall[];
  readonly one: { id: string; op_name: string };
  readonly roots: readonly string[];
  readonly limited: number;
  readonly byOp: readonly Record<string, unknown>[];
  readonly children: number;
}

const opOf = (call: ReadCall) => /\/op\/(.*):/.exec(call.op_name)?.[1] ?? call.op_name;

describe.each(['weave', 'weave-0.9.3'])('npm %s', (sdk) => {
  it('traces ops and reads them back', async () => {
    const project = newProject('npm');
    const { results, all, one, roots, limited, byOp, children } = await runProgram<Traced>(
      stack,
      'trace.cjs',
      sdk,
      project,
    );
    const tricky = {
      text: 'quote " backslash \\ newline \n',
      unicode: '😀 é \u2028',
      zero: 0,
      deep: { list: [1, [2, [3]]] },
    };
    expect(results).toMatchObject({
      outer: 82,
      failure: 'out of luck',
      parent: 'survived',
      counts: [0, 1, 2, 3],
      tricky,
    });

    const by = (name: string) => all.filter((call) => opOf(call) === name);
    expect(all.map(opOf).sort()).toEqual(
      ['counts', 'fails', 'fails', 'inner', 'inner', 'outer', 'parentOfFailure', 'tricky'],
    ); // prettier-ignore
    const [outer] = by('outer');
    expect(outer).toMatchObject({
      project_id: project,
      parent_id: null,
      exception: null,
      inputs: { arg0: 20 },
      output: 82,
    });
    expect(outer!.summary.weave).toMatchObject({ status: 'success', trace_name: 'outer' });
    expect(by('inner').map((call) => [call.parent_id, call.trace_id, call.output])).toEqual([
      [outer!.id, outer!.trace_id, 40],
      [outer!.id, outer!.trace_id, 42],
    ]);
    for (const failed of by('fails')) {
      expect([failed.summary.weave.status, failed.exception]).toEqual([
        'error',
        expect.stringContaining('out of luck'),
      ]);
    }
    expect(by('parentOfFailure')[0]!.summary.weave.status).not.toBe('error');
    expect(by('counts')[0]!.output).toEqual([0, 1, 2, 3]);
    expect(by('tricky')[0]!.output).toEqual(tricky);
    const times = all.map((call) => call.started_at);
    expect(times).toEqual([...times].sort());

    expect(roots).toHaveLength(5);
    expect([limited, children]).toEqual([2, 2]);
    expect(byOp).toEqual([{ arg0: 20 }, { arg0: 21 }]);
    expect(one).toEqual({ id: all[0]!.id, op_name: all[0]!.op_name });

    // What the SDK made of the answers is what the wire says.
    const wire = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    expect(wire.map((call) => call.id)).toEqual(all.map((call) => call.id));
  });

  it('publishes objects and a dataset and reads them back at once', async () => {
    const project = newProject('npm');
    const read = await runProgram<Record<string, unknown> & { uris: string[]; rows: object[] }>(
      stack,
      'objects.cjs',
      sdk,
      project,
    );
    expect(read.settings).toMatchObject({ model: 'gpt', temperature: 0.25, tags: ['a', 'b'] });
    expect(read.again).toMatchObject({ temperature: 0.5, tags: [] });
    expect(read.prompt).toBe('Hello {name}');
    const rows = Array.from({ length: 25 }, (_, i) => ({
      id: String(i),
      question: `${i}+${i}`,
      expected: 2 * i,
    }));
    expect(read.rows).toEqual(sdk === 'weave' ? rows : []);
    const { obj: dataset } = await stack.post<{ obj: { val: { rows: string } } }>('/obj/read', {
      project_id: project, object_id: 'sums', digest: 'latest',
    }); // prettier-ignore
    const table = { project_id: project, digest: dataset.val.rows.split('/').at(-1) };
    const stored = await stack.post<{ rows: { val: object }[] }>('/table/query', table);
    expect(stored.rows.map((row) => row.val)).toEqual(rows);
    expect(await stack.post('/table/query_stats', table)).toEqual({ count: 25 });
    for (const uri of read.uris) expect(uri).toMatch(new RegExp(`^weave:///${project}/object/`));

    const version = async (digest: string) =>
      (await stack.post<{ obj: object }>('/obj/read', { project_id: project, object_id: 'settings', digest }))
        .obj;
    expect(await version('latest')).toMatchObject({
      version_index: 1,
      is_latest: 1,
      kind: 'object',
      base_object_class: null,
      val: { temperature: 0.5 },
    });
    expect(await version('v0')).toMatchObject({ version_index: 0, is_latest: 0, val: { temperature: 0.25 } });
  });

  it('traces a wrapped OpenAI client, without its key', async () => {
    const llm = await startFakeLlm();
    try {
      const project = newProject('npm');
      const said = await runProgram(stack, 'openai.cjs', sdk, project, llm.url);
      expect(said).toEqual({ plain: 'hello there', streamed: 'hello there', failure: 400 });
      const all = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
      // 0.11 also patches `openai` when it is required: the call is then below the wrapper's, which counts it again.
      const calls = all.filter((call) => !all.some((other) => other.parent_id === call.id));
      expect(calls.map((call) => call.summary.weave.status)).toEqual(['success', 'success', 'error']);
      const [plain, streamed] = calls;
      for (const call of [plain!, streamed!]) {
        expect(call.inputs).toMatchObject({
          model: 'gpt-local',
          messages: [{ role: 'user', content: 'Say hello' }],
        });
        expect(call.output).toMatchObject({ choices: [{ message: { content: 'hello there' } }] });
        expect(call.summary).toMatchObject({ usage: { 'gpt-local': { total_tokens: 9 } } });
      }
      expect(JSON.stringify(all)).not.toContain('sk-local-secret');
    } finally {
      await llm.stop();
    }
  });
});
