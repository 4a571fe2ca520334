import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { principalOf } from './auth.ts';
import type { Keyring } from './keyring.ts';
import { createRouter } from './router.ts';
import { startApp, stopApps, type TestApp } from './test-app.ts';

const KEYED: Keyring = {
  open: false,
  find: (key) =>
    key === 'write-key'
      ? {
          user: 'ada',
          onlyProject: 'ada/p',
          has: (role) => role !== 'admin',
          can: () => true,
          canAll: () => false,
        }
      : undefined,
  list: () => [],
  stop: async () => {},
};

let keyed: TestApp;
let open: TestApp;
beforeEach(async () => {
  const router = createRouter();
  router.all('/who', (req, res) => void res.json({ user: principalOf(req).user }));
  keyed = await startApp({ auth: KEYED, routes: [{ router }] });
  open = await startApp({ routes: [{ router }] });
});
afterEach(stopApps);

async function ask(path: string, init: RequestInit = {}, { url } = keyed) {
  const res = await fetch(url + path, init);
  return { status: res.status, headers: res.headers, body: (await res.json()) as Record<string, unknown> };
}

const signIn = (key: string, headers: Record<string, string> = {}, at = keyed) =>
  ask('/weft/v1/session', { method: 'POST', body: JSON.stringify({ key }), headers }, at);

/** As a browser sends it back. */
const cookieOf = (headers: Headers) => headers.get('set-cookie')!.split(';')[0]!;

describe('signing in', () => {
  it('makes a cookie of the key that scripts and other sites have no part in', async () => {
    const { status, headers, body } = await signIn(' write-key ');
    expect(status).toBe(200);
    expect(headers.get('set-cookie')).toBe(
      'weft_session=write-key; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict',
    );
    expect(body).toEqual({ open: false, user: 'ada', role: 'write', all: false, project: 'ada/p' });
    const cookie = `theme=dark; ${cookieOf(headers)}; other=1`;
    expect((await ask('/who', { headers: { cookie } })).body).toEqual({ user: 'ada' });
    expect((await ask('/weft/v1/session', { headers: { cookie } })).body).toEqual(body);
  });

  it('is for https only where the page came so', async () => {
    const { headers } = await signIn('write-key', { 'x-forwarded-proto': 'https' });
    expect(headers.get('set-cookie')).toMatch(/; Secure$/);
  });

  it('refuses a key that nobody has, and what is no key', async () => {
    expect(await signIn('other')).toMatchObject({
      status: 401,
      body: { reason: expect.stringContaining('unknown or revoked') },
    });
    expect((await signIn('')).status).toBe(422);
    expect((await signIn('x'.repeat(201))).status).toBe(422);
    expect((await signIn('x'.repeat(5000))).status).toBe(413);
  });

  it('says who asks, whichever way the key comes; nobody is 401', async () => {
    const headers = { authorization: 'Bearer write-key' };
    expect((await ask('/weft/v1/session', { headers })).body).toMatchObject({ user: 'ada' });
    expect((await ask('/weft/v1/session')).status).toBe(401);
  });

  it('ends with an empty cookie', async () => {
    const { status, headers } = await ask('/weft/v1/session', { method: 'DELETE' });
    expect([status, headers.get('set-cookie')]).toEqual([
      200,
      'weft_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
    ]);
    expect((await ask('/who', { headers: { cookie: cookieOf(headers) } })).status).toBe(401);
  });

  it('is not needed where there are no keys', async () => {
    const { headers, body } = await signIn('whatever', {}, open);
    expect([headers.get('set-cookie'), body]).toEqual([
      null,
      { open: true, user: null, role: 'admin', all: true, project: null },
    ]);
  });
});

describe('the cookie', () => {
  const cookie = 'weft_session=write-key';
  const own = () => keyed.url;

  it.each([
    ['a page of this server', () => ({ origin: own() }), 200],
    [
      'a page of this server, told by the browser',
      () => ({ 'sec-fetch-site': 'same-origin', origin: 'https://proxy.example.com' }),
      200,
    ],
    ['an address that was typed', () => ({ 'sec-fetch-site': 'none' }), 200],
    ['another port of the host', () => ({ origin: 'http://127.0.0.1:1' }), 401],
    ['a neighbouring subdomain', () => ({ 'sec-fetch-site': 'same-site' }), 401],
    ['a foreign page', () => ({ 'sec-fetch-site': 'cross-site' }), 401],
  ])('from %s', async (_, headersOf, status) => {
    const headers = { cookie, ...headersOf() } as Record<string, string>;
    expect((await ask('/who', { method: 'POST', headers })).status).toBe(status);
  });

  it('yields to a key that is sent', async () => {
    expect((await ask('/who', { headers: { cookie, authorization: 'Bearer other' } })).status).toBe(401);
  });

  it('is neither given nor taken away for foreign pages', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await signIn('write-key', headers)).status).toBe(403);
    expect((await ask('/weft/v1/session', { method: 'DELETE', headers })).status).toBe(403);
  });
});

it('a page that asks by script gets no window of the browser for a key', async () => {
  expect((await ask('/who')).headers.get('www-authenticate')).toContain('Basic');
  expect(
    (await ask('/who', { headers: { 'x-requested-with': 'weft' } })).headers.get('www-authenticate'),
  ).toBeNull();
});
