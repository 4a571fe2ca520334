import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { hearProgram } from './program.ts';
import { apiKey, newProject, openStack, pythonOtel, type ReadCall, type Stack } from './stack.ts';

requireBackend('python', describe)('OpenTelemetry Python exporter', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await openStack();
  });
  afterAll(() => stack.stop());

  it.each([
    ['proto', 'gzip'],
    ['proto', 'none'],
    ['grpc', 'gzip'],
    ['grpc', 'none'],
  ])('sends nested spans, %s, compression %s, and complains of nothing', async (protocol, compression) => {
    const endpoint = protocol === 'grpc' ? stack.grpc : `${stack.url}/otel/v1/traces`;
    // A running stack that did not say where its gRPC is cannot be asked there.
    if (endpoint === undefined) return;
    const project = newProject('otel-python');
    const { printed: sent, said } = await hearProgram<Record<'traceId' | 'rootId' | 'childId', string>>(
      stack,
      { command: pythonOtel, args: ['otel.py', protocol, endpoint, project, apiKey, compression] },
    );
    expect(said).toEqual([]);
    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    expect(calls).toMatchObject([
      { id: sent.rootId, trace_id: sent.traceId, parent_id: null },
      { id: sent.childId, trace_id: sent.traceId, parent_id: sent.rootId },
    ]);
    expect(JSON.stringify(calls[0]!.inputs)).toContain('what is 2+2?');
  });
});
