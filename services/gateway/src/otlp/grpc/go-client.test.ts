import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend, startCollector, type TestCollector } from '@weft/testkit';
import { startGateway, type GatewayServer } from '../../testing/gateway-server.ts';

/** A Collector is a Go client: refused while most of a message is still to be sent, it learns why, and gives up. */
requireBackend('collector', describe)('a Go client', () => {
  let gateway: GatewayServer;
  let collector: TestCollector;
  afterEach(async () => {
    await collector.stop();
    await gateway.stop();
  });

  it.each([
    ['an unknown key', {}, 'nope', /code = Unauthenticated desc = \S/],
    ['a project that is not its own', { projects: ['e/q'] }, undefined, /code = PermissionDenied desc = .*e\/p/],
    ['a message that is too large', { otlpMaxBytes: 1_000_000 }, undefined, /code = ResourceExhausted desc = .*1000000 bytes/],
  ])('is told of %s', async (_, { projects = ['e/p'], ...options }: { projects?: string[]; otlpMaxBytes?: number }, key, reason) => {
    gateway = await startGateway({ user: { name: 'ann', projects }, ...options });
    collector = await startCollector({
      protocol: 'grpc',
      endpoint: gateway.grpc,
      headers: { project_id: 'e/p', 'wandb-api-key': key ?? gateway.key },
      compression: 'none',
    });
    const sent = await fetch(`${collector.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(largeRequest()),
    });
    expect(sent.status).toBe(200);
    await eventually(() => /\terror\t/.test(collector.output()), 60_000);
    const said = collector.output().split('\n').filter((line) => /\t(warn|error)\t/.test(line));
    expect(said).toEqual([expect.stringMatching(reason)]);
    expect(collector.output()).not.toContain('Will retry');
    expect(await gateway.events()).toEqual([]);
  }, 900_000);
}); // prettier-ignore

/** 16 MiB in one span. */
function largeRequest(): object {
  const attributes = [{ key: 'input.value', value: { stringValue: randomBytes(8 << 20).toString('hex') } }];
  const times = { startTimeUnixNano: '1767323045000000000', endTimeUnixNano: '1767323046000000000' };
  const span = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'work', ...times, attributes };
  return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}
