import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKey, newProject, openStack, type Stack } from './stack.ts';
import { completed, newCallId } from './calls.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
async function page(path: string): Promise<{ status: number; headers: Headers; text: string }> {
  const res = await fetch(stack.url + path, { headers: { authorization } });
  return { status: res.status, headers: res.headers, text: await res.text() };
}

const EVIL = '</pre><script>alert(1)</script><img src=x onerror=alert(2)>';

describe('the page of a call', () => {
  it('is what the link of an SDK leads to, with its trace around it', async () => {
    const project = newProject('pages');
    const [root, child, trace_id] = [newCallId(), newCallId(), newCallId()];
    const batch = [
      completed(project, root, { op_name: '"root op"', trace_id: `"${trace_id}"` }),
      completed(project, child, {
        op_name: JSON.stringify(EVIL),
        trace_id: `"${trace_id}"`,
        parent_id: `"${root}"`,
        inputs: JSON.stringify({ [EVIL]: EVIL, n: 1 }),
        output: JSON.stringify(EVIL),
        exception: JSON.stringify(EVIL),
      }),
    ];
    expect((await stack.send(`/v2/${project}/calls/complete`, `{"batch":[${batch.join(',')}]}`)).status).toBe(
      200,
    );

    const { status, headers, text } = await page(`/${project}/r/call/${child}`);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(text).toContain('root op');
    expect(text).toContain(`/${project}/r/call/${root}`);
    expect(text).toContain('&lt;script&gt;alert(1)');
    expect(text).not.toMatch(/<script|<img/i);

    const newest = await page(`/${project}/weave`);
    expect(newest.text).toContain(`/${project}/r/call/${root}`);
    expect(newest.text).not.toContain(`/r/call/${child}`);
  });

  it('says that a call is not there', async () => {
    const { status, text } = await page(`/${newProject('pages')}/r/call/${encodeURIComponent(EVIL)}`);
    expect(status).toBe(404);
    expect(text).toContain('There is no call &lt;/pre&gt;');
    expect(text).not.toMatch(/<script|<img/i);
  });
});

describe('the page of an object', () => {
  it('shows its value as it was published', async () => {
    const project = newProject('pages');
    const val = `{"_bases":["BaseModel"],"big":9007199254740993,"text":${JSON.stringify(EVIL)}}`;
    const { digest } = (await (
      await stack.send('/obj/create', `{"obj":{"project_id":"${project}","object_id":"thing","val":${val}}}`)
    ).json()) as { digest: string };
    for (const version of [digest, 'latest', 'v0']) {
      const { status, text } = await page(`/${project}/weave/objects/thing/versions/${version}`);
      expect(status).toBe(200);
      expect(text).toContain('9007199254740993');
      expect(text).not.toMatch(/<script|<img/i);
    }
    expect((await page(`/${project}/weave/objects/other/versions/latest`)).status).toBe(404);
  });
});

describe('the start page', () => {
  it('tells a newcomer where things are', async () => {
    const { status, headers, text } = await page('/');
    expect(status).toBe(200);
    expect(text).toContain('/openapi.json');
    const style = /<style>([^<]*)<\/style>/.exec(text)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
    const docs = await page('/docs');
    expect(docs.status).toBe(200);
    expect(docs.text).toContain('POST /calls/stream_query');
    const document = JSON.parse((await page('/openapi.json')).text) as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/calls/stream_query');
  });
});
