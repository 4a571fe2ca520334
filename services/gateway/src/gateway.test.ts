import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gatewayPathPatterns } from './gateway.ts';
import { startGateway, type GatewayServer } from './testing/gateway-server.ts';

describe('what a proxy sends to the gateway', () => {
  let gateway: GatewayServer;
  beforeAll(async () => (gateway = await startGateway()));
  afterAll(() => gateway.stop());

  it('is a list of simple patterns', () => {
    expect(gatewayPathPatterns()).toEqual([
      '/agents/otel/v1/**',
      '/agents/otel/v1development/**',
      '/api/public/otel/v1/**',
      '/api/public/otel/v1development/**',
      '/call/end',
      '/call/start',
      '/call/update',
      '/call/upsert_batch',
      '/cost/create',
      '/file/create',
      '/files/create',
      '/graphql',
      '/obj/create',
      '/object/*/*/call/end',
      '/object/*/*/call/start',
      '/object/*/*/calls/complete',
      '/otel/v1/**',
      '/otel/v1development/**',
      '/server_info',
      '/service/projects_info',
      '/table/create',
      '/table/create_from_digests',
      '/v1/**',
      '/v1development/**',
      '/v2/*/*/call/end',
      '/v2/*/*/call/start',
      '/v2/*/*/calls/complete',
    ]);
  });

  it('holds nothing that the gateway does not answer, at either base', async () => {
    const unknown: string[] = [];
    // Signals in development are refused, in OTLP's words.
    const answered = gatewayPathPatterns().filter((pattern) => !pattern.includes('/v1development/'));
    for (const pattern of answered)
      for (const base of ['', '/traces']) {
        const path =
          base + pattern.replace('/**', '/v1/traces').replace('/v1/v1/', '/v1/').replaceAll('*', 'x');
        const { status } = await gateway.post(path, '');
        if (status === 404) unknown.push(path);
      }
    // A GET route refuses this with 405.
    expect(unknown).toEqual([]);
    expect((await gateway.post('/call/read', '')).status).toBe(404);
  });
});
