import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hearProgram } from './program.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

describe.each([
  ['proto', 'gzip'],
  ['proto', 'none'],
  ['json', 'gzip'],
  ['json', 'none'],
  ['grpc', 'gzip'],
  ['grpc', 'none'],
])('OpenTelemetry JS exporter, %s, compression %s', (protocol, compression) => {
  it('sends nested spans that are read back as calls, and complains of nothing', async () => {
    const endpoint = protocol === 'grpc' ? stack.grpc : `${stack.url}/otel/v1/traces`;
    // A running stack that did not say where its gRPC is cannot be asked there.
    if (endpoint === undefined) return;
    const project = newProject('otel');
    const { printed: sent, said } = await hearProgram<Record<'traceId' | 'rootId' | 'childId', string>>(stack, {
      command: process.execPath,
      args: ['otel.mjs', protocol, endpoint, project, apiKey, compression],
    }); // prettier-ignore
    expect(said).toEqual([]);
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
