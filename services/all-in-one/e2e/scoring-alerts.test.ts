import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '@weft/testkit';
import { scoredProject, scorerVal } from './scoring.ts';
import { openScoringStack, type ScoringStack } from './scoring-stack.ts';
import { baseUrl, newProject } from './stack.ts';

/** The alert of docs/online-eval.md, on a stack of its own, because where webhooks may be is its operator's to say. */

const DOCS = fileURLToPath(new URL('../../../docs/online-eval.md', import.meta.url));
const KEY = 'a-key-of-the-operator';
const WINDOW_S = 10;

const heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
const webhook = createServer(async (req, res) => {
  let body = '';
  for await (const chunk of req.setEncoding('utf8')) body += chunk as string;
  heard.push({ headers: req.headers, body });
  res.writeHead(204).end();
});
let stack: ScoringStack;
let url: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  url = `http://${host}/weft`;
  if (baseUrl !== undefined) return;
  stack = await openScoringStack('alerts', {
    WEFT_ALERTS_ALLOWED_HOSTS: host,
    WEFT_ALERTS_SIGNING_KEY: KEY,
    WEFT_ALERTS_ALLOW_INSECURE_HTTP: 'true',
    WEFT_ALERTS_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8',
  });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  await new Promise((resolve) => webhook.close(resolve));
});

(baseUrl === undefined ? it : it.skip)(
  'tells a webhook of low scores, once for a window, and signs it',
  async () => {
    const project = newProject('alerts');
    const { publish, monitor, call, scores } = scoredProject(stack, project);
    const json = /<!-- alert -->\n+```json\n([^]*?)```/.exec(await readFile(DOCS, 'utf8'))![1]!;
    const alert = JSON.parse(json.replaceAll('my-team/my-project', project)) as {
      name: string;
      spec: object;
    };
    const spec = {
      ...alert.spec,
      webhook_url: url,
      window_duration: WINDOW_S,
      metric_path: 'output.similarity',
    };
    const ref = await publish(alert.name, { ...alert, spec });
    const scorers = [await publish('same', scorerVal('SimilarityScorer', { expected: 'polite words' }))];
    await monitor('politeness', { scorers });
    const at = JSON.stringify(new Date().toISOString());
    await call('answer', ['zzz', 'xxx'], { started_at: at, ended_at: at });
    await eventually(async () => (await scores()).length === 2);
    await eventually(() => heard.length > 0, 60_000);
    const [{ headers, body }] = heard as [(typeof heard)[0]];
    expect(JSON.parse(body)).toMatchObject({
      type: 'alert.fired',
      project_id: project,
      alert: { name: alert.name, ref },
    });
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['weft-signature']))!;
    expect(v1).toBe(createHmac('sha256', KEY).update(`${t}.${body}`).digest('hex'));
    const windows = heard.map((each) => JSON.stringify((JSON.parse(each.body) as { window: object }).window));
    expect(new Set(windows).size).toBe(windows.length);
  },
  120_000,
);
