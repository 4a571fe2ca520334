import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobQueue, RunningJob } from '@weft/job-queue';
import { encodeStoredCall, newId, NO_SCORED_SPAN, NO_SCORER_RESULT, nowUs } from '@weft/model';
import { createMetrics, loadConfig } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import { z } from 'zod';
import { callPart, openParts, type Parts } from '../testing/open-parts.ts';
import { createAlerts, type Alerts, type AlertsDeps } from './alerts.ts';
import { alertGroup } from './schedule.ts';
import { alertsEnv } from './settings.ts';

const KEY = 'a key that nobody knows';
/** Windows of the tests are over. */
const AGO_MS = 60_000;

interface Told {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let parts: Parts;
let told: Told[] = [];
let answer: (res: ServerResponse) => void = (res) => res.end();
const hook = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    told.push({ headers: req.headers, body: Buffer.concat(chunks).toString() });
    answer(res);
  });
});
let url: string;
let host: string;
const opened: Alerts[] = [];
const stopping = new AbortController();
let running: Promise<void> | undefined;

beforeAll(async () => {
  parts = await openParts();
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  host = `hooks.test:${(hook.address() as AddressInfo).port}`;
  url = `http://${host}/hook?token=t1`;
}, 60_000);

afterEach(() => {
  told = [];
  answer = (res) => res.end();
});

afterAll(async () => {
  stopping.abort();
  await running;
  await Promise.all(opened.map((each) => each.close()));
  hook.closeAllConnections();
  hook.close();
  await parts?.close();
}, 60_000);

function alerts(env: Record<string, string> = {}, more: Partial<AlertsDeps> = {}): Alerts {
  const config = loadConfig(z.object(alertsEnv), {
    WEFT_ALERTS_ALLOWED_HOSTS: host,
    WEFT_ALERTS_SIGNING_KEY: KEY,
    WEFT_ALERTS_ALLOW_INSECURE_HTTP: 'true',
    WEFT_ALERTS_ALLOWED_PRIVATE_CIDRS: '127.0.0.1',
    ...env,
  });
  const { reader, queue, logger } = parts;
  const http = { resolve: async () => ['127.0.0.1'] };
  const clock = () => Date.now() - AGO_MS;
  const made = createAlerts({
    reader,
    queue,
    logger,
    config,
    http,
    metrics: createMetrics(),
    clock,
    settleMs: 0,
    ...more,
  });
  opened.push(made);
  return made;
}

/** Takes jobs with the handler of one worker. */
function run(handler: Alerts['handler'], maxAttempts = 1): void {
  const { signal } = stopping;
  const options = { handlers: { alert: handler }, concurrency: 4, projectConcurrency: 4, maxAttempts, leaseMs: 30_000, signal, graceMs: 1000 };
  running = parts.queue.run(options);
} // prettier-ignore

const newProject = () => `e/${newId()}`;
const spec = (more: object) => ({
  _type: 'AlertSpec', _class_name: 'AlertSpec', _bases: ['BaseObject', 'BaseModel'],
  spec: { webhook_url: url, metric_path: 'latency_ms', window_duration: 10, ...more },
}); // prettier-ignore

/** A call that ended when the tests look. */
async function ended(projectId: string, ms: number, exception: string | null = null): Promise<number> {
  const endedAtUs = nowUs() - AGO_MS * 1000;
  const part = callPart(projectId, newId(), { startedAtUs: endedAtUs - ms * 1000 }, { endedAtUs, exception });
  await parts.write({ calls: [part] });
  return endedAtUs;
}

const outcomes = async (projectId: string, name: string) => {
  const { pending, outcomes: counted } = await parts.queue.counts(projectId, alertGroup(name));
  return { pending, ...Object.fromEntries(counted) };
};

/** Nothing waits any more, and something has ended. */
async function settled(projectId: string, ...names: string[]): Promise<void> {
  await eventually(async () => {
    const all = await Promise.all(names.map((name) => outcomes(projectId, name)));
    return all.every((each) => each.pending === 0 && Object.keys(each).length > 1);
  });
}

const job = (projectId: string, data: object, saved: string[] = []): RunningJob => ({
  id: newId(), projectId, kind: 'alert', group: 'alerts/x', data: JSON.stringify(data), attempt: 1,
  get saved() { return saved.at(-1); },
  save: async (text) => void saved.push(text),
  progress: async () => undefined,
  signal: new AbortController().signal,
}); // prettier-ignore

describe('alerts', () => {
  it('tell a webhook once for each window, whoever schedules it, in words that can be verified', async () => {
    const p = newProject();
    const ref = await parts.publish(p, 'slow', spec({ threshold: 400, aggregation_function: 'max' }));
    await parts.publish(p, 'fine', spec({ threshold: 10_000 }));
    await parts.publish(p, 'broken', spec({ metric_path: 'nonsense' }));
    await parts.publish(p, 'off', spec({ threshold: 1, active: false }));
    const endedAtUs = await ended(p, 500);
    const workers = [alerts(), alerts(), alerts()];
    run(workers[0]!.handler);
    for (let i = 0; i < 3; i++) await Promise.all(workers.map((worker) => worker.schedule(p, [endedAtUs])));
    await settled(p, 'slow', 'fine');
    expect(await outcomes(p, 'slow')).toMatchObject({ pending: 0, fired: 1 });
    expect(await outcomes(p, 'fine')).toMatchObject({ pending: 0, quiet: 1 });
    for (const worker of workers) await worker.schedule(p, [endedAtUs]);
    expect(told).toHaveLength(1);
    const { headers, body } = told[0]!;
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['weft-signature']))!;
    expect(createHmac('sha256', KEY).update(`${t}.${body}`).digest('hex')).toBe(v1);
    expect(Math.abs(Number(t) - Date.now() / 1000)).toBeLessThan(30);
    expect(body).not.toContain('t1');
    const said = JSON.parse(body) as Record<string, unknown>;
    expect(said).toMatchObject({
      type: 'alert.fired', version: 1, id: headers['idempotency-key'], project_id: p, alert: { name: 'slow', ref },
      metric_path: 'latency_ms', aggregation_function: 'max', comparison_operator: 'GREATER_THAN', threshold: 400, value: 500, count: 1,
    }); // prettier-ignore
    expect(await outcomes(p, 'off')).toEqual({ pending: 0 });
  });

  it('look at scores of a monitor', async () => {
    const p = newProject();
    const monitor = `weave:///${p}/object/mon:v2`;
    await parts.publish(p, 'bad', spec({ metric_path: 'output.score', monitor_ref: `weave:///${p}/object/mon:v1`, comparison_operator: 'LESS_THAN', threshold: 0.5 })); // prettier-ignore
    const createdAtUs = await ended(p, 1);
    const row = { projectId: p, userId: 'u', createdAtUs, weaveRef: `weave:///${p}/call/1`, feedbackType: 'wandb.runnable.judge', creator: null, annotationRef: null, runnableRef: `weave:///${p}/object/judge:v1`, callRef: null, triggerRef: monitor, queueId: null, scorer: NO_SCORER_RESULT, span: NO_SCORED_SPAN }; // prettier-ignore
    const score = (value: unknown) => ({ ...row, id: newId(), payload: Buffer.from(JSON.stringify(value)) });
    await parts.write({ feedback: [score({ output: { score: 0.1 } }), score({ output: { score: 0.5 } }), score({ output: null, status: 'error' })] }); // prettier-ignore
    await alerts().schedule(p, [createdAtUs]);
    await eventually(() => told.length === 1);
    expect(JSON.parse(told[0]!.body)).toMatchObject({
      value: expect.closeTo(0.3),
      count: 2,
      comparison_operator: 'LESS_THAN',
    });
  });

  it('know errors, counts and cost, and tell nothing where there is nothing', async () => {
    const p = newProject();
    await parts.publish(p, 'errors', spec({ metric_path: 'error_rate', threshold: 0.4 }));
    await parts.publish(p, 'share', spec({ metric_path: 'status', aggregation_function: 'percentage', status_match_value: '2', comparison_operator: 'EQUAL', threshold: 50 })); // prettier-ignore
    await parts.publish(p, 'few', spec({ metric_path: '', aggregation_function: 'count', comparison_operator: 'LESS_THAN', threshold: 3 })); // prettier-ignore
    await parts.publish(p, 'nothing', spec({ metric_path: 'output.a', threshold: -1 }));
    await parts.publish(p, 'dear', spec({ metric_path: 'cost', threshold: 1 }));
    const summary = Buffer.from('{"usage":{"gpt-4o":{"prompt_tokens":1000000,"completion_tokens":0}}}');
    // Both in one window.
    const endedAtUs = Math.floor((nowUs() - AGO_MS * 1000) / 1e7) * 1e7 + 5_000_000;
    const part = (end: object) =>
      callPart(p, newId(), { startedAtUs: endedAtUs - 1000 }, { endedAtUs, ...end });
    await parts.write({ calls: [part({ exception: 'boom' }), part({ summary })] });
    const worker = alerts({}, { clock: () => endedAtUs / 1000 + 1000 });
    await worker.schedule(p, [endedAtUs]);
    await settled(p, 'errors', 'share', 'few', 'nothing', 'dear');
    expect(told).toHaveLength(4);
    expect(new Map(told.map(({ body }) => JSON.parse(body)).map((said) => [said.alert.name, said.value]))).toEqual(
      new Map([['errors', 0.5], ['share', 50], ['few', 2], ['dear', 2.5]]),
    ); // prettier-ignore
    expect(await outcomes(p, 'nothing')).toEqual({ pending: 0, 'skipped:empty': 1 });
  });

  it('by number of calls look back, where there are new ones', async () => {
    const p = newProject();
    const ref = await parts.publish(
      p,
      'last',
      spec({ window_duration: null, window_size: 2, threshold: 150 }),
    );
    const at = nowUs() - 600_000_000;
    const part = (us: number, ms: number) =>
      callPart(p, newId(), { startedAtUs: us - ms * 1000 }, { endedAtUs: us });
    await parts.write({ calls: [part(at - 3e6, 1000), part(at - 2e6, 200), part(at, 200)] });
    const { handler } = alerts();
    const window = (fromUs: number) =>
      job(p, { projectId: p, alertRef: ref, fromUs, toUs: fromUs + 60_000_000 });
    expect(await handler(window(at))).toEqual({ done: 'fired' });
    expect(JSON.parse(told[0]!.body)).toMatchObject({ value: 200, count: 2 });
    expect(await handler(window(at + 1))).toEqual({ done: 'skipped:empty' });
  });

  it('say the same under the same key until it is taken, and no more then', async () => {
    const p = newProject();
    const alertRef = await parts.publish(p, 'slow', spec({ threshold: 1 }));
    const fromUs = (await ended(p, 100)) - 1_000_000;
    const { handler } = alerts();
    const saved: string[] = [];
    const one = job(p, { projectId: p, alertRef, fromUs, toUs: fromUs + 10_000_000 }, saved);
    answer = (res) => res.writeHead(503).end('secret');
    await expect(handler(one)).rejects.toThrow(/^the webhook answered with status 503$/);
    await ended(p, 5000);
    answer = (res) => res.end();
    // The process ends before the queue hears of it.
    const forgetful: Pick<JobQueue, 'get' | 'put' | 'add'> = { ...parts.queue, get: async () => undefined, put: () => Promise.reject(new Error('gone')), add: async () => [] }; // prettier-ignore
    await expect(alerts({}, { queue: forgetful }).handler(one)).rejects.toThrow('gone');
    expect(await handler(one)).toEqual({ done: 'fired' });
    expect(await handler(one)).toEqual({ done: 'fired' });
    expect(told).toHaveLength(3);
    expect(
      new Set(told.map(({ body, headers }) => `${String(headers['idempotency-key'])} ${body}`)).size,
    ).toBe(1);
  });

  it('hear of calls that were stored', async () => {
    const p = newProject();
    await parts.publish(p, 'slow', spec({ threshold: 1 }));
    const endedAtUs = await ended(p, 100);
    const facts = {
      traceId: 't',
      parentId: null,
      threadId: null,
      opName: 'op',
      isSpan: false,
      isScore: false,
      endedAtUs,
    };
    const event = {
      kind: 'call.stored' as const,
      projectId: p,
      id: newId(),
      userId: '',
      receivedAtUs: nowUs(),
      note: '',
    };
    await alerts().heard([
      { ...event, payload: encodeStoredCall(facts) },
      { ...event, payload: Buffer.from('?') },
      { ...event, kind: 'call.completed', projectId: newProject(), payload: Buffer.from('{}') },
    ]);
    await settled(p, 'slow');
    expect(await outcomes(p, 'slow')).toMatchObject({ fired: 1 });
  });

  it('that were changed or deleted are silent', async () => {
    const p = newProject();
    const alertRef = await parts.publish(p, 'slow', spec({ threshold: 1 }));
    await parts.publish(p, 'slow', spec({ threshold: 2 }));
    const fromUs = (await ended(p, 100)) - 1_000_000;
    const window = { projectId: p, alertRef, fromUs, toUs: fromUs + 10_000_000 };
    expect(await alerts().handler(job(p, window))).toEqual({ done: 'skipped:disabled' });
    expect(told).toHaveLength(0);
  });

  it('of long ago are no news', async () => {
    const p = newProject();
    const alertRef = await parts.publish(p, 'slow', spec({ threshold: 1 }));
    const window = { projectId: p, alertRef, fromUs: 0, toUs: 10_000_000 };
    expect(await alerts().handler(job(p, window))).toEqual({ done: 'skipped:late' });
  });
});

describe('webhooks', () => {
  async function fire(env: Record<string, string>, more: object = {}) {
    const p = newProject();
    const alertRef = await parts.publish(p, 'slow', spec({ threshold: 1, ...more }));
    const fromUs = (await ended(p, 100)) - 1_000_000;
    return alerts(env).handler(job(p, { projectId: p, alertRef, fromUs, toUs: fromUs + 10_000_000 }));
  }

  it.each([
    [{ WEFT_ALERTS_ALLOWED_PRIVATE_CIDRS: '' }, {}, /^the webhook: the host leads to an address/],
    [{ WEFT_ALERTS_ALLOWED_HOSTS: 'else.test' }, {}, /^the webhook: hooks\.test:\d+ is not among the hosts/],
    [{ WEFT_ALERTS_ALLOW_INSECURE_HTTP: 'false' }, {}, /^the webhook: the URL must use https/],
  ])('%j: are not asked, and not again', async (env, more, message) => {
    const failed = fire(env as Record<string, string>, more);
    await expect(failed).rejects.toMatchObject({
      name: 'JobHopeless',
      message: expect.stringMatching(message),
    });
    expect(told).toHaveLength(0);
  });

  it.each([
    [400, 'JobHopeless'],
    [302, 'JobHopeless'],
    [410, 'JobHopeless'],
    [429, 'Error'],
    [500, 'Error'],
  ])('that answer %i end in %s', async (status, name) => {
    answer = (res) => res.writeHead(status, { location: url }).end();
    await expect(fire({})).rejects.toMatchObject({
      name,
      message: `the webhook answered with status ${status}`,
    });
    expect(told).toHaveLength(1);
  });

  it('that never take it are seen among the dead jobs, with the reason', async () => {
    const p = newProject();
    await parts.publish(p, 'slow', spec({ threshold: 1 }));
    answer = (res) => res.writeHead(500).end();
    const worker = alerts();
    await worker.schedule(p, [await ended(p, 100)]);
    await settled(p, 'slow');
    expect(await outcomes(p, 'slow')).toMatchObject({ dead: 1 });
    expect(await parts.queue.dead(p, 10)).toMatchObject([
      { kind: 'alert', reason: expect.stringContaining('status 500') },
    ]);
  });
});

describe('settings', () => {
  it('without allowed hosts make no alerts', async () => {
    const none = alerts({ WEFT_ALERTS_ALLOWED_HOSTS: '', WEFT_ALERTS_SIGNING_KEY: '' });
    await none.schedule(newProject());
    expect(await none.handler(job('e/p', {}))).toEqual({ done: 'skipped:disabled' });
  });

  it.each(['', 'too short'])('with the key %p stop the process', (WEFT_ALERTS_SIGNING_KEY) =>
    expect(() => alerts({ WEFT_ALERTS_SIGNING_KEY })).toThrow(
      /WEFT_ALERTS_SIGNING_KEY: must have at least 16 characters/,
    ),
  );
});
