import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runProgram } from './program.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

describe.each(['proto', 'json'])('OpenTelemetry JS exporter, %s', (encoding) => {
  it('sends nested spans that are read back as calls', async () => {
    const project = newProject('otel');
    const sent = await runProgram<Record<'traceId' | 'rootId' | 'childId', string>>(
      stack, 'otel.mjs', encoding, `${stack.url}/otel/v1/traces`, project, apiKey,
    ); // prettier-ignore
    const calls = await stack.lines<ReadCall>('/calls/stream_query', {
      project_id: project,
      filter: { trace_ids: [sent.traceId] },
    });
    // Both may start within one millisecond: the clock of OpenTelemetry JS knows no finer one.
    calls.sort((a, b) => Number(a.parent_id !== null) - Number(b.parent_id !== null));
    expect(calls).toMatchObject([
      {
        id: sent.rootId, parent_id: null, exception: null,
        attributes: { otel_span: { name: 'agent', context: { trace_id: sent.traceId, span_id: sent.rootId } } },
      },
      {
        id: sent.childId, parent_id: sent.rootId, exception: expect.stringContaining('rate limited'),
        summary: { weave: { status: 'error' } },
      },
    ]); // prettier-ignore
    expect(JSON.stringify(calls[0]!.inputs)).toContain('what is 2+2?');
    expect(JSON.stringify(calls[0]!.output)).toContain('4');
    expect(JSON.stringify(calls[1]!.summary.usage)).toContain('gpt-local');
  });
});
