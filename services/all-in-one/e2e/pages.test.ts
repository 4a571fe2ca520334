import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, openStack, type Stack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
const get = (path: string) => fetch(stack.url + path, { headers: { authorization } });

describe('the page of the API', () => {
  it('tells a newcomer every route, and runs nothing', async () => {
    const docs = await get('/docs');
    expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const text = await docs.text();
    expect(text).toContain('POST /calls/stream_query');
    expect(text).not.toMatch(/<script/i);
    const style = /<style>([^<]*)<\/style>/.exec(text)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(docs.headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
    expect(docs.headers.get('x-content-type-options')).toBe('nosniff');
    const document = (await (await get('/openapi.json')).json()) as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/calls/stream_query');
  });
});
