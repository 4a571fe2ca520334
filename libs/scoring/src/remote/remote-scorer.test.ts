import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { ScoreError, type CallToScore, type Scorer, type ScoreContext, type Target } from '../scorer.ts';
import type { ScorerDeps } from '../scorer-kind.ts';
import { bodyOf, startServer } from '../testing/start-server.ts';
import { createRemoteScorers } from './remote-scorer.ts';
import { remoteScorerEnv } from './settings.ts';

const closing: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A scorer's own server. */
async function remote(answer: (res: ServerResponse, asked: Asked, nth: number) => void) {
  const asked: Asked[] = [];
  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const text = await bodyOf(req);
    const isJson = req.headers['content-type'] === 'application/json';
    const body = (isJson ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text))) as Asked['body'];
    asked.push({ path: req.url!, headers: req.headers, body });
    answer(res, asked.at(-1)!, asked.length);
  }
  const { port, close } = await startServer((req, res) => void take(req, res));
  closing.push(close);
  return { url: `http://scores.test:${port}/v1/score?key=k1`, host: `scores.test:${port}`, port, asked };
}

const json = (value: unknown) => (res: ServerResponse) => res.end(JSON.stringify(value));

type Env = Readonly<Record<string, string>>;

function settings(port: number, more: Env = {}) {
  return loadConfig(z.object(remoteScorerEnv), {
    WF_SCORING_WORKER_REMOTE_SCORING_ENABLED: 'true',
    WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_HOSTS: `scores.test:${port}`,
    WF_SCORING_WORKER_REMOTE_SCORER_ALLOW_INSECURE_HTTP: 'true',
    WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_PRIVATE_CIDRS: '127.0.0.0/8',
    WF_SCORING_WORKER_REMOTE_SCORER_BEARER_TOKEN: ' token-1 ',
    ...more,
  });
}

const about = {
  projectId: 'acme/shop',
  name: 'policy',
  ref: 'weave:///acme/shop/object/policy:d1',
  className: 'RemoteScorer',
  columnMap: new Map(),
};

async function scorer(object: Record<string, unknown>, port: number, env: Env = {}): Promise<Scorer> {
  const kind = createRemoteScorers({
    config: settings(port, env),
    http: { resolve: async () => ['127.0.0.1'], times: { totalMs: 2000, idleMs: 1000 } },
  });
  return kind.create(kind.config.parse(object), about, {} as ScorerDeps);
}

const call: CallToScore = {
  projectId: 'acme/shop',
  id: 'call-1',
  traceId: 'trace-1',
  parentId: null,
  threadId: 'conversation-1',
  isSpan: false,
  opName: 'weave:///acme/shop/op/answer:v',
  displayName: null,
  startedAtUs: Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 678_901,
  endedAtUs: Date.UTC(2026, 0, 2, 3, 4, 6) * 1000,
  exception: null,
  attributes: Buffer.from('{}'),
  inputs: Buffer.from('{"message":"ä","big":9007199254740993}'),
  output: Buffer.from('{"reply":1.0}'),
  summary: Buffer.from('{}'),
};

const target = (more: Partial<CallToScore> = {}, isAgentTurn = false): Target => {
  const scored = { ...call, ...more };
  return { call: scored, calls: [scored], isAgentTurn };
};

const context: ScoreContext = {
  signal: new AbortController().signal,
  idempotencyKey: 'key-1',
  correlationId: 'correlation-1',
  monitor: { name: 'mon', digest: 'm1' },
  scoreCall: { id: 'score-call-1', traceId: 'score-trace-1' },
};

async function failure(promise: Promise<unknown> | unknown): Promise<ScoreError> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(ScoreError);
    return error as ScoreError;
  }
  throw new Error('nothing failed');
}

describe('what is sent', () => {
  it('is a call in schema 1, its payloads byte for byte', async () => {
    const { url, port, asked } = await remote(json({ schema_version: 1, result: { value: 0.5 } }));
    const scores = await (
      await scorer({ endpoint_url: url, config: { threshold: 0.9 } }, port)
    ).score(target(), context);
    expect(asked[0]).toMatchObject({
      path: '/v1/score?key=k1',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer token-1',
        'idempotency-key': 'key-1',
        'x-correlation-id': 'correlation-1',
        'x-weave-schema-version': '1',
      },
    });
    expect(asked[0]!.body).toEqual({
      schema_version: 1,
      original_call: {
        project_id: 'acme/shop',
        call_id: 'call-1',
        trace_id: 'trace-1',
        op_name: 'weave:///acme/shop/op/answer:v',
        inputs: { message: 'ä', big: Number('9007199254740993') },
        started_at: '2026-01-02T03:04:05.678901+00:00',
        ended_at: '2026-01-02T03:04:06.000000+00:00',
        output: { reply: 1 },
      },
      scoring_call_id: 'score-call-1',
      scoring_trace_id: 'score-trace-1',
      monitor: { name: 'mon', version_digest: 'm1' },
      scorer: { name: 'policy', ref: about.ref, config: { threshold: 0.9 } },
      triggered_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00$/),
    });
    // The score call shows it, without what may be a key.
    expect(scores.request).toMatchObject({
      url: `http://scores.test:${port}/v1/score`,
      schema_version: 1,
      body: expect.stringContaining('"big":9007199254740993'),
    });
    expect(JSON.stringify(scores)).not.toMatch(/token-1|k1/);
    expect(scores.spend).toMatchObject({ requests: 1, costUsd: 0 });
  });

  it('leaves out what has no value', async () => {
    const { url, port, asked } = await remote(json({ schema_version: 1, result: { value: 0.5 } }));
    const bare = { ...context, monitor: undefined!, scoreCall: undefined! };
    const running = target({ endedAtUs: null, output: Buffer.from('null') });
    const env = { WF_SCORING_WORKER_REMOTE_SCORER_BEARER_TOKEN: '  ' };
    await (await scorer({ endpoint_url: url }, port, env)).score(running, bare);
    expect(Object.keys(asked[0]!.body)).toEqual(['schema_version', 'original_call', 'scoring_call_id', 'scoring_trace_id', 'scorer', 'triggered_at']); // prettier-ignore
    expect(Object.keys(asked[0]!.body['original_call'] as object)).toEqual(['project_id', 'call_id', 'trace_id', 'op_name', 'inputs', 'started_at']); // prettier-ignore
    expect(asked[0]!.headers).not.toHaveProperty('authorization');
  });

  it("is an agent's turn in schema 2", async () => {
    const { url, port, asked } = await remote(json({ schema_version: 2, result: { value: 'concise' } }));
    const turn = target(
      {
        isSpan: true,
        id: 'b7ad6b7169203331',
        opName: 'weave:///acme/shop/op/invoke_agent support:v',
        exception: 'boom',
        attributes: Buffer.from(
          '{"operation_name":"invoke_agent","agent_name":"support","agent":{"version":"v1","description":"Answers"},"error_type":"ValueError","system_instructions":[{"type":"text","content":"Be brief."}]}',
        ),
        inputs: Buffer.from('{"messages":[{"role":"user","content":"How?"}]}'),
        output: Buffer.from(
          '{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"So."}}]}',
        ),
      },
      true,
    );
    await (await scorer({ endpoint_url: url }, port)).score(turn, context);
    expect(asked[0]!.headers['x-weave-schema-version']).toBe('2');
    expect(asked[0]!.body).not.toHaveProperty('original_call');
    expect(asked[0]!.body['scoring_target']).toEqual({
      type: 'agent_turn',
      schema_version: 1,
      payload: {
        event_type: 'weave.genai.turn_ended',
        project_id: 'acme/shop',
        trace_id: 'trace-1',
        span_id: 'b7ad6b7169203331',
        span_name: 'invoke_agent support',
        operation_name: 'invoke_agent',
        started_at: '2026-01-02T03:04:05.678901+00:00',
        ended_at: '2026-01-02T03:04:06.000000+00:00',
        conversation: { id: 'conversation-1', name: null },
        agent: { name: 'support', version: 'v1', description: 'Answers' },
        status: { code: 'ERROR', message: 'boom', error_type: 'ValueError' },
        messages: {
          system_instructions: ['Be brief.'],
          input: [{ role: 'user', content: 'How?', finish_reason: '' }],
          output: [{ role: 'assistant', content: 'So.', finish_reason: 'stop' }],
        },
      },
    });
  });

  it('has what came before it, of a trace that is scored as a whole', async () => {
    const { url, port, asked } = await remote(json({ schema_version: 1, result: { value: 0.5 } }));
    const calls = [{ ...call, id: 'call-0' }, call];
    await (await scorer({ endpoint_url: url }, port)).score({ call, calls, isAgentTurn: false }, context);
    expect(asked[0]!.body['gathered_calls']).toEqual([expect.objectContaining({ call_id: 'call-0' })]);
  });

  it('is not sent where it is larger than 1 MiB', async () => {
    const { url, port, asked } = await remote(json({}));
    const one = await scorer({ endpoint_url: url }, port);
    const wide = (length: number) => target({ inputs: Buffer.from(`"${'x'.repeat(length)}"`) });
    for (const length of [2 ** 20, 2 ** 20 - 300])
      expect(await failure(one.score(wide(length), context))).toMatchObject({
        kind: 'unscorable',
        message: expect.stringMatching(
          /^the request would have \d+ bytes: remote scorers are sent 1048576 at most$/,
        ),
      });
    expect(asked).toHaveLength(0);
  });
});

describe('what is answered', () => {
  async function said(result: unknown, env: Env = {}) {
    const { url, port } = await remote(json({ schema_version: 1, result }));
    const { verdicts } = await (await scorer({ endpoint_url: url }, port, env)).score(target(), context);
    return verdicts[0]!;
  }

  it('may be one score, a list or scores', async () => {
    expect(await said({ value: 1, reason: 'clear', confidence: 0.9, more: 1 })).toEqual({
      scorerName: 'policy',
      scorerRef: about.ref,
      output: { value: 1, reason: 'clear', confidence: 0.9 },
      tags: [],
      ratings: [{ name: '_rating_', value: 1, reason: 'clear', confidence: 0.9 }],
    });
    const list = [
      { value: 0.25 },
      { value: 'short', reason: 'r' },
      { value: 0.75 },
      { value: 0.5, name: 'tone' },
    ];
    const expected = {
      tags: [{ tag: 'short', reason: 'r' }],
      ratings: [
        { name: '_rating_', value: 0.25 },
        { name: '_rating_2', value: 0.75 },
        { name: 'tone', value: 0.5 },
      ],
    };
    expect(await said(list)).toMatchObject({ output: list, ...expected });
    expect(await said({ scores: list })).toMatchObject({ output: { scores: list }, ...expected });
  });

  it.each([
    { value: 1.01 },
    { value: -0.1 },
    { value: true },
    { value: null },
    { value: '' },
    { value: 'x'.repeat(37) },
    { value: 0.5, confidence: 2 },
    { value: 0.5, reason: 7 },
    { score: 1 },
    [],
    { scores: [] },
    Array.from({ length: 101 }, () => ({ value: 0.5 })),
    [{ value: 'a' }, { value: 'a' }],
    [
      { value: 0.1, name: 'a' },
      { value: 0.2, name: 'a' },
    ],
    'good',
    null,
  ])('is never made to fit: %j', async (result) => {
    const error = await failure(said(result));
    expect(error.kind).toBe('garbage');
    expect(error.message).toMatch(/^the remote scorer's answer cannot be used: /);
    expect(error.spend.requests).toBe(1);
  });

  it('may be anything where the operator says so, but not of a turn', async () => {
    const env = { WF_SCORING_WORKER_REMOTE_SCORER_REQUIRE_STRUCTURED_RESULT_SCHEMA: 'false' };
    expect(await said({ message_length: 32 }, env)).toEqual({
      scorerName: 'policy',
      scorerRef: about.ref,
      output: { message_length: 32 },
    });
    const { url, port } = await remote(json({ schema_version: 2, result: { message_length: 32 } }));
    const turn = (await scorer({ endpoint_url: url }, port, env)).score(target({}, true), context);
    expect((await failure(turn)).kind).toBe('garbage');
  });

  it.each([
    ['no JSON', 'oops'],
    ['no object', '[1]'],
    ['two objects', '{"schema_version":1,"result":{"value":1}}{}'],
    ['too deep', `{"schema_version":1,"result":${'['.repeat(600)}${']'.repeat(600)}}`],
    ['another version', '{"schema_version":2,"result":{"value":1}}'],
    ['no version', '{"result":{"value":1}}'],
    ['too large', `{"schema_version":1,"result":{"value":1}${' '.repeat(2 ** 20)}}`],
  ])('is garbage: %s', async (_what, text) => {
    const { url, port } = await remote((res) => res.end(text));
    expect((await failure((await scorer({ endpoint_url: url }, port)).score(target(), context))).kind).toBe(
      'garbage',
    );
  });

  it.each([
    [201, 'garbage'],
    [302, 'unscorable'],
    [400, 'unscorable'],
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [408, 'unavailable'],
    [429, 'rate_limited'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('status %i of a call is %s, asked for once', async (status, kind) => {
    const { url, port, asked } = await remote((res) =>
      res.writeHead(status, { 'retry-after': '9', location: '/elsewhere' }).end('secret words'),
    );
    const error = await failure((await scorer({ endpoint_url: url }, port)).score(target(), context));
    expect(error).toMatchObject({
      kind,
      message: expect.stringContaining(`the remote scorer answered with status ${status}`),
    });
    expect(error.message).not.toContain('secret');
    expect(error.retryAfterMs).toBe(kind === 'rate_limited' || kind === 'unavailable' ? 9000 : undefined);
    expect(asked).toHaveLength(1);
  });

  it('of a turn may be asked for again, with the same key', async () => {
    const { url, port, asked } = await remote((res, _asked, nth) =>
      nth < 3
        ? res.writeHead(nth === 1 ? 503 : 429).end()
        : json({ schema_version: 2, result: { value: 1 } })(res),
    );
    const scores = await (await scorer({ endpoint_url: url }, port)).score(target({}, true), context);
    expect(scores.spend.requests).toBe(3);
    expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['key-1', 'key-1', 'key-1']);
  });

  it.each([
    [503, {}, 3, 'unavailable'],
    [429, { 'retry-after': '60' }, 1, 'rate_limited'],
    [400, {}, 1, 'unscorable'],
  ])('of a turn, %i %j, is asked for %i times', async (status, headers, times, kind) => {
    const { url, port, asked } = await remote((res) => res.writeHead(status, headers as Env).end());
    const error = await failure((await scorer({ endpoint_url: url }, port)).score(target({}, true), context));
    expect(error.kind).toBe(kind);
    expect(error.spend.requests).toBe(times);
    expect(asked).toHaveLength(times);
  });

  it('takes too long, or nobody is there: the same', async () => {
    const slow = await remote(() => undefined);
    const env = { WF_SCORING_WORKER_REMOTE_HTTP_TIMEOUT_SECONDS: '0.2' };
    const closed = await startServer(() => undefined);
    await closed.close();
    const messages = [];
    for (const [url, port] of [
      [slow.url, slow.port],
      [`http://scores.test:${closed.port}/`, closed.port],
    ] as const)
      // prettier-ignore
      for (const isTurn of [false, true]) {
        const error = await failure((await scorer({ endpoint_url: url }, port, env)).score(target({}, isTurn), context));
        expect(error).toMatchObject({ kind: 'unavailable', spend: { requests: 1 } });
        messages.push(error.message);
      }
    expect(new Set(messages).size).toBe(1);
    expect(slow.asked).toHaveLength(2);
  });
});

describe('who may be asked', () => {
  it.each([
    [
      { WF_SCORING_WORKER_REMOTE_SCORING_ENABLED: 'false' },
      'misconfigured',
      /remote scorers are off: set WF_SCORING/,
    ],
    [{ WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_HOSTS: '' }, 'misconfigured', /not among the hosts/],
    [{ WF_SCORING_WORKER_REMOTE_SCORER_ALLOW_INSECURE_HTTP: 'false' }, 'unscorable', /must use https/],
  ])('%j: %s', async (env, kind, message) => {
    const error = await failure(scorer({ endpoint_url: 'http://scores.test:99/' }, 99, env));
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(message);
  });

  it('is nobody on a private address', async () => {
    const { url, port, asked } = await remote(json({}));
    const env = { WF_SCORING_WORKER_REMOTE_SCORER_ALLOWED_PRIVATE_CIDRS: '10.0.0.0/8' };
    const error = await failure((await scorer({ endpoint_url: url }, port, env)).score(target(), context));
    expect(error.kind).toBe('misconfigured');
    expect(error.message).toBe(
      'the remote scorer: the host leads to an address that this server may not ask',
    );
    expect(asked).toHaveLength(0);
  });

  it('is no token endpoint that is not on the list', async () => {
    const auth_config = {
      mode: 'oauth_client_credentials',
      token_endpoint_url: 'http://idp.test/token',
      client_id: 'c',
      client_secret_name: 'S',
    };
    const error = await failure(scorer({ endpoint_url: 'http://scores.test:99/', auth_config }, 99));
    expect(error.message).toBe('policy: idp.test is not among the hosts that this server may ask');
  });
});

describe('secrets', () => {
  function secretsFile(content: unknown): Env {
    const folder = mkdtempSync(join(tmpdir(), 'remote-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify(content));
    return { WEFT_REMOTE_SCORER_SECRETS_FILE: join(folder, 'secrets.json') };
  }

  it('are sent to the hosts that they are for only', async () => {
    const { url, port, host, asked } = await remote(json({ schema_version: 1, result: { value: 1 } }));
    const env = secretsFile({
      MINE: { value: 's1', hosts: [host] },
      THEIRS: { value: 's2', hosts: ['else.test'] },
    });
    const named = (bearer_secret_name: string) => ({ mode: 'static_bearer', bearer_secret_name });
    await (
      await scorer({ endpoint_url: url, auth_config: named('MINE') }, port, env)
    ).score(target(), context);
    expect(asked[0]!.headers.authorization).toBe('Bearer s1');
    for (const name of ['THEIRS', 'NONE', '__proto__']) {
      const other = await scorer({ endpoint_url: url, auth_config: named(name) }, port, env);
      const error = await failure(other.score(target(), context));
      expect(error).toMatchObject({
        kind: 'misconfigured',
        message: expect.stringContaining(`has no secret "${name}"`),
      });
    }
    expect(asked).toHaveLength(1);
  });

  it('get a token from an OAuth endpoint, which is kept', async () => {
    const { url, port, host, asked } = await remote((res, { path }) =>
      path === '/token'
        ? json({ access_token: 'oauth-1', token_type: 'Bearer', expires_in: 3600 })(res)
        : json({ schema_version: 1, result: { value: 1 } })(res),
    );
    const auth_config = {
      mode: 'oauth_client_credentials',
      token_endpoint_url: `http://${host}/token`,
      client_id: 'weave:1',
      client_secret_name: 'OAUTH',
      scope: 'score:remote',
    };
    const env = secretsFile({ OAUTH: { value: 'p w', hosts: [host] } });
    const one = await scorer({ endpoint_url: url, auth_config }, port, env);
    await one.score(target(), context);
    await one.score(target(), context);
    expect(asked.map(({ path }) => path)).toEqual(['/token', '/v1/score?key=k1', '/v1/score?key=k1']);
    expect(asked[0]!.body).toEqual({ grant_type: 'client_credentials', scope: 'score:remote' });
    expect(asked[0]!.headers.authorization).toBe(`Basic ${Buffer.from('weave%3A1:p+w').toString('base64')}`);
    expect(asked[2]!.headers.authorization).toBe('Bearer oauth-1');
  });
});

it.each(['0', '-1', '61', 'abc', '1e2'])('a time-out of %p s stops the process', (value) =>
  expect(() => settings(1, { WF_SCORING_WORKER_REMOTE_HTTP_TIMEOUT_SECONDS: value })).toThrow(
    /must be a number of seconds/,
  ),
);
