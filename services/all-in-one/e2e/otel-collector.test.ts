import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  eventually,
  requireBackend,
  startCollector,
  type CollectorOptions,
  type TestCollector,
} from '@weft/testkit';
import { otlpGrpcFaultProxy, otlpHttpFaultProxy, type OtlpFaultProxy } from './otlp-fault-proxy.ts';
import { apiKey, newProject, openStack, type ReadCall, type Stack } from './stack.ts';

/** A Collector, which is a Go client, between the SDKs and the server: batches of 8,192 spans. */

const SPANS = 20_000;
const PER_REQUEST = 500;
const START_NANOS = BigInt(Date.now()) * 1_000_000n;

requireBackend('collector', describe)('OpenTelemetry Collector', () => {
  describe.each(['http', 'grpc'] as const)('%s', checks);
});

function checks(protocol: 'http' | 'grpc'): void {
  let stack: Stack;
  const collectors: TestCollector[] = [];
  let proxy: OtlpFaultProxy | undefined;
  beforeAll(async () => {
    stack = await openStack();
  });
  afterEach(async () => {
    await Promise.all(collectors.splice(0).map((collector) => collector.stop()));
    await proxy?.stop();
    proxy = undefined;
  });
  afterAll(() => stack?.stop());

  /** A running stack that did not say where its gRPC is cannot be asked there. */
  const isKnown = () => protocol === 'http' || stack.grpc !== undefined;

  /** The first one is built, which takes minutes. */
  async function start(project: string, options: Partial<CollectorOptions> = {}): Promise<TestCollector> {
    const collector = await startCollector({
      protocol,
      endpoint: protocol === 'grpc' ? stack.grpc! : `${stack.url}/otel`,
      headers: { project_id: project, 'wandb-api-key': apiKey },
      ...options,
    });
    collectors.push(collector);
    return collector;
  }

  /** With everything that was answered before it; what Collectors repeated may be long in the writer's hands. */
  const count = (project: string) =>
    eventually(async () => {
      const asked = stack.post<{ count: number }>('/calls/query_stats', { project_id: project });
      return asked.catch((error: Error) => {
        if (!error.message.includes('stale; lag_ms')) throw error;
        return undefined;
      });
    }, 300_000).then((answer) => answer.count);
  /** As far as it is stored: a writer with this much before it may take longer than a read waits. */
  const soFar = async (project: string) => {
    const res = await stack.send('/calls/query_stats', { project_id: project }, { 'x-weft-freshness': 'any' });
    return ((await res.json()) as { count: number }).count;
  };

  it('hands over every span once, in batches of 8,192, and keeps resources apart', async () => {
    if (!isKnown()) return;
    const [project, other] = [newProject('collector'), newProject('collector-other')];
    const collector = await start(project);
    for (let from = 0; from < SPANS; from += PER_REQUEST) await send(collector, 'traces', spansFrom(from, other));
    await send(collector, 'logs', { resourceLogs: [] });
    await eventually(async () => (await soFar(project)) === SPANS - 1, 300_000);
    // Its resource says where it belongs.
    const [routed, ...more] = await stack.lines<ReadCall>('/calls/stream_query', { project_id: other });
    expect(more).toEqual([]);
    expect(routed).toMatchObject({
      inputs: { 'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'question 0' }] }] },
      summary: { usage: { 'gpt-4o-mini': { input_tokens: 43, output_tokens: 17 } } },
    });
    // Of the one batch that mixes both ways to name a project it is told; else nothing.
    await eventually(() => complaintsOf(collector).length > 0);
    expect(complaintsOf(collector)).toEqual([expect.stringContaining('8191 of 8192 spans have no wandb.entity')]);
    await collector.stop();
    expect(await count(project)).toBe(SPANS - 1);
  }, 900_000);

  it('hands over batches of more than 16 MiB, uncompressed, of two Collectors at one time', async () => {
    if (!isKnown()) return;
    const projects = [newProject('collector-large'), newProject('collector-large')];
    // Each request is a batch: the most that a Collector takes at once is 20 MiB.
    const [perBatch, batches, chars] = [1800, 3, 10_000];
    await Promise.all(projects.map(async (project) => {
      const collector = await start(project, { compression: 'none', batchSize: perBatch });
      for (let i = 0; i < batches; i++)
        await send(collector, 'traces', largeSpans(i * perBatch, perBatch, chars));
      await eventually(async () => (await soFar(project)) === batches * perBatch, 300_000);
      // On a busy machine it may still repeat what it took to be lost: that ends with it, and it would tell.
      expect(complaintsOf(collector)).toEqual([]);
      await collector.stop();
      expect(await count(project)).toBe(batches * perBatch);
    }));
  }, 900_000);

  it.each(['refused', 'lost'] as const)('repeats a batch that was %s, and each span is there once', async (fault) => {
    if (!isKnown()) return;
    const project = newProject('collector-retries');
    proxy = await (protocol === 'grpc' ? otlpGrpcFaultProxy(stack.grpc!, fault) : otlpHttpFaultProxy(stack.url, fault));
    const collector = await start(project, { endpoint: protocol === 'grpc' ? proxy.address : `${proxy.address}/otel` });
    await send(collector, 'traces', largeSpans(0, 100, 10));
    await eventually(async () => proxy!.requests === 2 && (await soFar(project)) === 100, 300_000);
    await collector.stop();
    expect([proxy.requests, await count(project), complaintsOf(collector)]).toEqual([2, 100, []]);
  }, 900_000);
} // prettier-ignore

function complaintsOf(collector: TestCollector): string[] {
  return collector.output().split('\n').filter((line) => /\t(warn|error)\t/.test(line));
} // prettier-ignore

async function send(collector: TestCollector, signal: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const res = await fetch(`${collector.url}/v1/${signal}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  expect(res.status).toBe(200);
}

/** `PER_REQUEST` model calls; the very first one has a resource that names its project. */
function spansFrom(from: number, projectOfFirst: string): object {
  const [entity, name] = projectOfFirst.split('/');
  const own = [attribute('wandb.entity', entity!), attribute('wandb.project', name!)];
  const ids = Array.from({ length: PER_REQUEST }, (_, i) => from + i);
  const groups = from === 0 ? [ids.slice(0, 1), ids.slice(1)] : [ids];
  return {
    resourceSpans: groups.map((spans, i) => ({
      resource: { attributes: [attribute('service.name', 'app'), ...(from === 0 && i === 0 ? own : [])] },
      scopeSpans: [{ scope: { name: 'app' }, spans: spans.map(modelCall) }],
    })),
  };
}

/** Spans with an input of so many characters, of which no compression makes less. */
function largeSpans(from: number, howMany: number, chars: number): object {
  const spans = Array.from({ length: howMany }, (_, i) => ({
    ...span(from + i),
    attributes: [attribute('input.value', randomBytes(chars / 2).toString('hex'))],
  }));
  return { resourceSpans: [{ scopeSpans: [{ scope: { name: 'app' }, spans }] }] };
}

function modelCall(i: number): object {
  const message = (role: string, content: string) =>
    JSON.stringify([{ role, parts: [{ type: 'text', content }] }]);
  return {
    ...span(i),
    name: 'chat gpt-4o-mini',
    attributes: [
      attribute('gen_ai.operation.name', 'chat'),
      attribute('gen_ai.response.model', 'gpt-4o-mini'),
      attribute('gen_ai.input.messages', message('user', `question ${i}`)),
      attribute('gen_ai.output.messages', message('assistant', `answer ${i}`)),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '43' } },
      { key: 'gen_ai.usage.output_tokens', value: { intValue: '17' } },
    ],
  };
}

function span(i: number): object {
  return {
    traceId: (i + 1).toString(16).padStart(32, '0'),
    spanId: (i + 1).toString(16).padStart(16, '0'),
    name: 'work',
    kind: 3,
    startTimeUnixNano: String(START_NANOS + BigInt(i) * 1000n),
    endTimeUnixNano: String(START_NANOS + BigInt(i + 1) * 1000n),
  };
}

function attribute(key: string, stringValue: string): object {
  return { key, value: { stringValue } };
}
