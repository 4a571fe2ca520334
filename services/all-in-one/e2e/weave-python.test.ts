import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { runProgram } from './program.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

interface PythonCall {
  readonly id: string;
  readonly op: string;
  readonly parent_id: string | null;
  readonly trace_id: string;
  readonly exception: string | null;
  readonly status: string;
  readonly inputs: Record<string, unknown>;
  readonly output: unknown;
}

interface Traced {
  readonly calls: readonly PythonCall[];
  readonly one: PythonCall;
  readonly rows: readonly object[];
}

requireBackend('python', describe)('Python weave', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await openStack();
  });
  afterAll(() => stack.stop());

  it('traces ops, publishes objects and reads everything back', async () => {
    const project = newProject('py');
    const out = await runProgram<Traced & Record<string, unknown>>(stack, 'trace.py', project);
    expect(out).toMatchObject({
      result: 82, failure: 'out of luck', survived: 'survived', counted: [0, 1, 2, 3], waited: 2, attributes: 'e2e', limited: 2,
      roots: 7, count: 10, settings: { model: 'gpt', temperature: 0.25 }, after_delete: 9,
    }); // prettier-ignore
    expect(out.feedback).toMatchObject([{ emoji: '👍' }, { value: 0.5 }]);
    expect(out.rows).toEqual(
      Array.from({ length: 25 }, (_, i) => ({ question: `${i}+${i}`, expected: 2 * i })),
    );
    const by = (name: string) => out.calls.filter((call) => call.op === name);
    const [outer] = by('outer');
    expect(outer).toMatchObject({ parent_id: null, inputs: { x: 20 }, output: 82, status: 'success' });
    expect(by('inner').slice(0, 2)).toMatchObject([
      { parent_id: outer!.id, trace_id: outer!.trace_id, inputs: { x: 20 }, output: 40 },
      { parent_id: outer!.id, trace_id: outer!.trace_id, inputs: { x: 21 }, output: 42 },
    ]);
    expect(by('fails')).toMatchObject([{ status: 'error' }, { status: 'error' }]);
    expect(by('fails')[0]!.exception).toContain('out of luck');
    expect(by('survives')).toMatchObject([{ status: 'descendant_error', output: 'survived' }]);
    expect(by('counts')).toMatchObject([{ output: [0, 1, 2, 3] }]);
    expect(by('waits')).toMatchObject([{ output: 2 }]);
    expect(by('tricky')).toMatchObject([{ output: { unicode: '😀 é \u2028', nothing: null } }]);
    const res = await stack.send('/calls/stream_query', { project_id: project, columns: ['output'] });
    expect(await res.text()).toMatch(/"big": ?9007199254740993, ?"float": ?1\.0/);
    expect(out.one).toMatchObject({ op: 'inner', inputs: { x: 7 }, output: 14 });
  });

  it('sends spans with the stock OTLP exporter', async () => {
    const project = newProject('py');
    const sent = await runProgram<Record<'traceId' | 'rootId' | 'childId', string>>(
      stack,
      'otel.py',
      'proto',
      `${stack.url}/otel/v1/traces`,
      project,
      apiKey,
      'gzip',
    );
    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    expect(calls).toMatchObject([
      { id: sent.rootId, trace_id: sent.traceId, parent_id: null, summary: { weave: { status: 'success' } } },
      {
        id: sent.childId,
        trace_id: sent.traceId,
        parent_id: sent.rootId,
        attributes: { otel_span: { name: 'tool', attributes: { numbers: [1, 2, 3] } } },
      },
    ]);
  });
});
