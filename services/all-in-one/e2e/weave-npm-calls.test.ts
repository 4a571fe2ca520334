import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { callsOf, isNewest, NPM_SDKS, NPM_TIMEOUT_MS, opOf } from './npm.ts';
import { runProgram } from './program.ts';
import { newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** Calls of npm `weave`: what its programs did is what is read, through the package and on the wire. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

interface Traced {
  readonly seen: Record<string, unknown> & { conversation: string };
  readonly all: readonly ReadCall[];
  readonly filtered: Record<string, { filter: object; ids: readonly string[] }>;
  readonly limited: readonly string[];
  readonly renamed: string;
  readonly missing: string;
  readonly sent: Record<string, unknown>;
}

describe.each(NPM_SDKS)('npm %s', (sdk) => {
  let project: string;
  let traced: Traced;
  beforeAll(async () => {
    project = newProject('npm-calls');
    traced = await runProgram<Traced>(stack, 'npm/calls.cjs', sdk, project);
  }, NPM_TIMEOUT_MS);
  const of = (op: string) => callsOf(traced.all, op);
  const one = (op: string) => {
    const calls = of(op);
    expect([op, calls.length]).toEqual([op, 1]);
    return calls[0]!;
  };
  const read = (body: object = {}) =>
    stack.lines<ReadCall>('/calls/stream_query', { project_id: project, ...body });

  it('leaves the program alone', () => {
    expect(traced.seen).toEqual({
      fanOut: 506,
      descend: 'bottom',
      synchronous: 'STRASSE',
      named: 'arrow',
      twoParameters: 5,
      oneObject: 'abab',
      greet: 'Good day, Ann!',
      shout: 'hey!!!',
      failures: [true, true, true],
      survives: 'again',
      streamed: [0, 1, 4, 9],
      invoked: ['tagged', 'string', 'tagged'],
      conversation: one('conversation').id,
    });
  });

  it('is read the same through the package and on the wire, in the order of time', async () => {
    const wire = await read();
    // One call was renamed after they had been read.
    const named = wire.map((call) => (opOf(call) === 'fanOut' ? { ...call, display_name: null } : call));
    expect(named.map(({ summary: _, ...call }) => call)).toEqual(traced.all.map(({ summary: _, ...call }) => call));
    const times = wire.map((call) => call.started_at);
    expect(times).toEqual([...times].sort());
    for (const call of wire) {
      expect(call.project_id).toBe(project);
      expect(call.summary.weave.status).toMatch(/^(success|error)$/);
      expect(call.summary.weave.latency_ms).toBe(Date.parse(call.ended_at!) - Date.parse(call.started_at));
    }
  }); // prettier-ignore

  it('keeps who called whom, also in parallel and far down', () => {
    const top = one('fanOut');
    const leaves = of('leaf').filter((call) => call.parent_id === top.id);
    expect(leaves.map((call) => [call.inputs.arg0, call.output]).sort()).toEqual(
      Array.from({ length: 12 }, (_, i) => [i, i * i]).sort(),
    );
    expect(new Set(leaves.map((call) => call.trace_id))).toEqual(new Set([top.trace_id]));
    const descent = of('descend');
    expect(descent.map((call) => call.inputs.arg0)).toEqual(Array.from({ length: 21 }, (_, i) => 20 - i));
    expect(descent.map((call) => call.parent_id)).toEqual([
      null,
      ...descent.slice(0, -1).map((call) => call.id),
    ]);
    const conversation = one('conversation');
    expect(of('model').map((call) => [call.parent_id, call.trace_id])).toEqual(
      Array(3).fill([conversation.id, conversation.trace_id]),
    );
    expect([conversation.summary.usage, conversation.summary.seen, conversation.summary.rounds]).toEqual([
      { 'tiny-1': { requests: 3, prompt_tokens: 4, total_tokens: 4 } },
      3,
      3,
    ]);
  });

  it('names ops and inputs as the program does', () => {
    expect(one('my.named-op_1')).toMatchObject({ inputs: {}, output: 'arrow' });
    expect(one('twoParameters').inputs).toEqual({ left: 2, right: 3 });
    expect(one('oneObject')).toMatchObject({ inputs: { text: 'ab', times: 2 }, display_name: 'ab × 2' });
    expect(one('Greeter.greet').inputs).toEqual({
      self: expect.stringMatching(new RegExp(`^weave:///${project}/object/greeter:\\w{43}$`)),
      arg0: 'Ann',
    });
    expect(one('Shouter.shout').inputs).toMatchObject({ arg0: 'hey' });
    const [renamed] = of('tagged');
    expect([renamed!.display_name, renamed!.summary.weave]).toEqual([
      'renamed at once',
      expect.objectContaining({ display_name: 'renamed at once' }),
    ]);
    expect(traced.renamed).toBe('renamed when read');
  });

  it('shows what was thrown where it passed, and not where it was caught', () => {
    const thrown = ['no ☂', 'only a text', '[object Object]', 'again'];
    for (const op of ['passesOn', 'refuses'])
      expect(of(op).map((call) => [call.exception, call.output, call.summary.weave.status])).toEqual(
        thrown.map((message) => [message, null, 'error']),
      );
    expect(of('refuses').map((call) => call.parent_id)).toEqual(of('passesOn').map((call) => call.id));
    expect(one('survives')).toMatchObject({ exception: null, output: 'again' });
    expect(of('passesOn').at(-1)!.parent_id).toBe(one('survives').id);
  });

  it('reduces streams, also those that are not read to their end', () => {
    const square = (i: number) => ({ i, square: i * i });
    expect(of('streams').map((call) => call.output)).toEqual([
      [...[0, 1, 2, 3].map(square), 'end'],
      [...[0, 1].map(square), 'end'],
    ]);
  });

  it('keeps attributes', () => {
    for (const call of traced.all) {
      expect(call.attributes.weave).toMatchObject({ source: 'js-sdk', client_version: isNewest(sdk) ? '0.11.1' : '0.9.3' });
      if (isNewest(sdk)) expect(call.attributes).toMatchObject({ service: 'shop', tier: 1 });
    }
    if (!isNewest(sdk)) return;
    expect(of('tagged')[1]!.attributes).toMatchObject({
      tenant: 'y',
      ünï: '☂',
      nested: { 'dotted.name': [1, null] },
    });
  }); // prettier-ignore

  it('keeps every value as it was sent', () => {
    const [values, circular] = of('echo');
    expect(values!.inputs).toEqual({ arg0: traced.sent });
    expect(values!.output).toEqual(traced.sent);
    if (!isNewest(sdk)) return;
    const loop = { name: 'loop', self: '[Circular]' };
    expect([circular!.inputs, circular!.output]).toEqual([{ arg0: loop }, loop]);
  });

  it('finds the same calls by filters as the wire does, and by them what they say', async () => {
    const { roots, anyVersion, oneVersion, trace, children, some, both, none } = traced.filtered;
    for (const { filter, ids } of Object.values(traced.filtered))
      expect([filter, ids]).toEqual([filter, (await read({ filter, columns: ['id'] })).map(({ id }) => id)]);
    const ids = (calls: readonly ReadCall[]) => calls.map(({ id }) => id);
    const top = one('fanOut');
    expect(roots!.ids).toEqual(ids(traced.all.filter((call) => call.parent_id === null)));
    expect(anyVersion!.ids).toEqual(ids(of('leaf')));
    expect(oneVersion!.ids).toEqual(ids(traced.all.filter((call) => ['leaf', 'my.named-op_1'].includes(opOf(call))))); // prettier-ignore
    expect(trace!.ids).toEqual(ids(traced.all.filter((call) => call.trace_id === top.trace_id)));
    expect(children!.ids).toEqual(ids(traced.all.filter((call) => call.parent_id === top.id)));
    expect(some!.ids).toEqual([top.id, traced.all.at(-1)!.id]);
    expect(both!.ids).toEqual([top.id]);
    expect(none!.ids).toEqual([]);
    expect(traced.limited).toEqual(ids(traced.all.slice(0, 3)));
    expect(traced.missing).toBe('Call not found: 01900000-0000-7000-8000-000000000000');
  });
});
