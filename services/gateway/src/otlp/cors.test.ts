import { afterEach, describe, expect, it } from '@jest/globals';
import { startGateway, type GatewayServer } from '../testing/gateway-server.ts';

let gateway: GatewayServer;
afterEach(() => gateway.stop());

const PAGE = 'https://app.example.com';
const ASKED = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
const USER = { name: 'ann', projects: ['e/*'] };

/** Header values of an answer to a page, status first. */
async function ask(method: string, path: string, headers: Record<string, string>, body?: string) {
  const answer = await fetch(gateway.url + path, { method, headers, ...(body !== undefined && { body }) });
  const of = (name: string) => answer.headers.get(name);
  return {
    status: answer.status,
    origin: of('access-control-allow-origin'),
    methods: of('access-control-allow-methods'),
    headers: of('access-control-allow-headers')?.split(', '),
    vary: of('vary'),
  };
}

describe('pages of other origins', () => {
  it('are refused by default', async () => {
    gateway = await startGateway();
    expect(await ask('OPTIONS', '/v1/traces', { origin: PAGE, ...ASKED })).toMatchObject({
      status: 403,
      origin: null,
    });
    const sent = await ask('POST', '/v1/traces', { origin: PAGE, 'content-type': 'application/json' }, '{}');
    expect(sent).toMatchObject({ status: 403, origin: null });
  });

  it.each(['/otel/v1/traces', '/v1/logs', '/api/public/otel/v1/metrics'])(
    'that are listed may ask without a key, and send, at %s',
    async (path) => {
      gateway = await startGateway({ origins: ['https://other.example.com', PAGE], user: USER });
      const preflight = await ask('OPTIONS', path, { origin: PAGE, ...ASKED });
      expect(preflight).toMatchObject({ status: 204, origin: PAGE, methods: 'POST', vary: 'Origin' });
      for (const name of ['content-type', 'content-encoding', 'authorization', 'wandb-api-key', 'project_id', 'project-id', 'traceparent', 'tracestate', 'baggage'])
        expect(preflight.headers).toContain(name); // prettier-ignore
      const headers = { origin: PAGE, 'content-type': 'application/json' };
      const sent = await ask('POST', path, { ...headers, 'wandb-api-key': gateway.key }, '{}');
      expect(sent).toMatchObject({ status: 200, origin: PAGE, vary: 'Origin' });
    },
  );

  it('may read why they were refused', async () => {
    gateway = await startGateway({ origins: [PAGE], user: USER, otlpMaxBytes: 1024 });
    const headers = { origin: PAGE, 'content-type': 'application/json' };
    const keyed = { ...headers, 'wandb-api-key': gateway.key };
    for (const [status, path, sent, body] of [
      [401, '/v1/traces', headers, '{}'],
      [413, '/v1/traces', keyed, ' '.repeat(2000)],
      [404, '/v1/unknown', keyed, '{}'],
    ] as const)
      expect(await ask('POST', path, sent, body)).toMatchObject({ status, origin: PAGE });
  });

  it('that are not listed stay out', async () => {
    gateway = await startGateway({ origins: [PAGE] });
    for (const origin of ['https://app.example.com.evil.org', 'http://app.example.com', 'null']) {
      expect(await ask('OPTIONS', '/v1/traces', { origin, ...ASKED })).toMatchObject({
        status: 403,
        origin: null,
      });
      const sent = await ask('POST', '/v1/traces', { origin, 'content-type': 'application/json' }, '{}');
      expect(sent).toMatchObject({ status: 403, origin: null });
    }
  });

  it('send to nothing but OTLP, without keys too', async () => {
    gateway = await startGateway({ origins: [PAGE] });
    const json = { origin: PAGE, 'content-type': 'application/json' };
    expect(await ask('POST', '/v1/traces', json, '{}')).toMatchObject({ status: 200, origin: PAGE });
    expect(await ask('POST', '/call/start', json, '{}')).toMatchObject({ status: 403, origin: null });
    expect(await ask('OPTIONS', '/call/start', { origin: PAGE, ...ASKED })).toMatchObject({
      status: 403,
      origin: null,
    });
  });

  it('are all allowed by *', async () => {
    gateway = await startGateway({ origins: ['*'] });
    expect(await ask('OPTIONS', '/v1/traces', { origin: PAGE, ...ASKED })).toMatchObject({
      status: 204,
      origin: PAGE,
    });
  });
});
