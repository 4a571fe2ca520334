import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireBackend } from '@weft/testkit';
import { otlpGrpcFaultProxy, otlpHttpFaultProxy, type OtlpFault } from './otlp-fault-proxy.ts';
import { hearProgram } from './program.ts';
import { apiKey, newProject, openStack, pythonOtel, type ReadCall, type Stack } from './stack.ts';

/** What stock exporters make of refusals and of answers that are lost: they repeat, and nothing is there twice. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Ids = Record<'traceId' | 'rootId' | 'childId', string>;
type Language = 'js' | 'python';

/** Undefined: a running stack that did not say where its gRPC is. */
const openProxy = (protocol: string, fault: OtlpFault) => {
  if (protocol !== 'grpc') return otlpHttpFaultProxy(stack.url, fault);
  return stack.grpc === undefined ? undefined : otlpGrpcFaultProxy(stack.grpc, fault);
};

async function sendThrough(language: Language, protocol: string, fault: OtlpFault) {
  const proxy = await openProxy(protocol, fault);
  if (proxy === undefined) return undefined;
  try {
    const project = newProject('otel-retries');
    const endpoint = protocol === 'grpc' ? proxy.address : `${proxy.address}/otel/v1/traces`;
    const { printed, said } = await hearProgram<Ids>(stack, {
      command: language === 'js' ? process.execPath : pythonOtel,
      args: [language === 'js' ? 'otel.mjs' : 'otel.py', protocol, endpoint, project, apiKey, 'gzip'],
    });
    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    const { count } = await stack.post<{ count: number }>('/calls/query_stats', { project_id: project });
    const ids = calls.map(({ id }) => id).sort();
    return { requests: proxy.requests, said, ids, count, sent: [printed.rootId, printed.childId].sort() };
  } finally {
    await proxy.stop();
  }
}

describe.each(['proto', 'json'])('OpenTelemetry JS, %s', (protocol) => {
  it.each(['refused', 'lost'] as const)('repeats what was %s, silently, and each span is there once', async (fault) => {
    const got = (await sendThrough('js', protocol, fault))!;
    expect(got).toMatchObject({ requests: 2, said: [], ids: got.sent, count: 2 });
  }); // prettier-ignore
});

describe('OpenTelemetry JS, grpc', () => {
  // This exporter repeats nothing, whatever it is told; what it took to be lost may be there nevertheless.
  it.each([
    ['refused', 0],
    ['lost', 2],
  ] as const)('tells of what was %s, once', async (fault, count) => {
    const got = await sendThrough('js', 'grpc', fault);
    if (got === undefined) return;
    expect(got).toMatchObject({ requests: 1, count });
    expect(got.said).toEqual([expect.stringMatching(/14 UNAVAILABLE/)]);
  });
});

requireBackend('python', describe)('OpenTelemetry Python', () => {
  describe.each(['proto', 'grpc'])('%s', (protocol) => {
    it.each(['refused', 'lost'] as const)('repeats what was %s, and each span is there once', async (fault) => {
      const got = await sendThrough('python', protocol, fault);
      if (got === undefined) return;
      expect(got).toMatchObject({ requests: 2, ids: got.sent, count: 2 });
      for (const line of got.said) expect(line).toMatch(/^Transient error .*, retrying in /);
    }); // prettier-ignore
  });
});

describe.each(['proto', 'json', 'grpc'])('a batch of which one span cannot be taken, %s', (protocol) => {
  it('is one warning of an exporter, and the other span is there', async () => {
    const endpoint = protocol === 'grpc' ? stack.grpc : `${stack.url}/otel/v1/traces`;
    if (endpoint === undefined) return;
    const project = newProject('otel-mixed');
    const { printed, said } = await hearProgram<{ ids: string[] }>(stack, {
      command: process.execPath,
      args: ['otel-mixed.mjs', protocol, endpoint, project, apiKey],
    });
    expect(said).toEqual([expect.stringMatching(/^Received Partial Success .*"rejectedSpans":"?1"?,.*wandb\.entity/)]);
    const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
    expect(calls.map(({ id }) => id)).toEqual(printed.ids.slice(0, 1));
  }); // prettier-ignore
});
