import { setTimeout as wait } from 'node:timers/promises';
import { createGuardedHttp, type GuardedHttp, type GuardedHttpOptions } from '../outgoing/guarded-http.ts';
import { OutgoingError } from '../outgoing/outgoing-error.ts';
import { ScoreError, type Scorer, type ScoreContext, type Scores } from '../scorer.ts';
import type { ScorerAbout, ScorerKind } from '../scorer-kind.ts';
import { ask, MAX_REMOTE_BYTES, translated } from './ask.ts';
import { createAuthorize, type Authorize } from './authorization.ts';
import { RemoteScorerObject } from './object.ts';
import { toRequest, type RemoteRequest } from './request.ts';
import { readResult } from './result.ts';
import { createScorerSecrets } from './secrets.ts';
import { remotePolicy, type RemoteScorerConfig } from './settings.ts';

/** Of one run, for agents' turns; a call's one request may come again with its job. */
const MAX_REQUESTS = 3;
/** All of them together. */
const BUDGET_MS = 30_000;
const FIRST_WAIT_MS = 500;
/** Of the request, shown in the score call. */
const SHOWN_CHARS = 16_384;

export interface RemoteScorersOptions {
  readonly config: RemoteScorerConfig;
  /** For tests: what the client is made with besides its policy. */
  readonly http?: Omit<GuardedHttpOptions, 'policy'>;
}

interface Client {
  readonly http: GuardedHttp;
  readonly authorize: Authorize;
  readonly timeoutMs: number;
  readonly isStructured: boolean;
}

/**
 * W&B's RemoteScorer: somebody's own server says what a call or an agent's turn is worth. One run sends one request for a
 * call; for a turn up to three, where the scorer asks for that by 408, 429 or 5xx, within 30 s. All requests of one score have
 * one `Idempotency-Key`, also when its job comes again.
 */
export function createRemoteScorers({
  config,
  http: options,
}: RemoteScorersOptions): ScorerKind<RemoteScorerObject> {
  const http = createGuardedHttp({ ...options, policy: remotePolicy(config) });
  const timeoutMs = config.WF_SCORING_WORKER_REMOTE_HTTP_TIMEOUT_SECONDS * 1000;
  const authorize = createAuthorize({
    http,
    secrets: createScorerSecrets(config.WEFT_REMOTE_SCORER_SECRETS_FILE),
    fallback: config.WF_SCORING_WORKER_REMOTE_SCORER_BEARER_TOKEN,
    totalMs: timeoutMs,
  });
  const isStructured = config.WF_SCORING_WORKER_REMOTE_SCORER_REQUIRE_STRUCTURED_RESULT_SCHEMA;
  const client: Client = { http, authorize, timeoutMs, isStructured };
  return {
    classNames: ['RemoteScorer'],
    config: RemoteScorerObject,
    create(object, about) {
      if (!config.WF_SCORING_WORKER_REMOTE_SCORING_ENABLED)
        throw new ScoreError(
          'misconfigured',
          `${about.name}: remote scorers are off: set WF_SCORING_WORKER_REMOTE_SCORING_ENABLED=true`,
        );
      try {
        http.check(object.endpoint_url);
        if (object.auth_config?.mode === 'oauth_client_credentials')
          http.check(object.auth_config.token_endpoint_url);
      } catch (error) {
        throw error instanceof OutgoingError ? translated(error, about.name) : error;
      }
      return createScorer(object, about, client);
    },
  };
}

function createScorer(object: RemoteScorerObject, about: ScorerAbout, client: Client): Scorer {
  const url = new URL(object.endpoint_url);
  return {
    scorers: [{ name: about.name, ref: about.ref }],
    provider: `http:${url.host}`,
    async score(target, context) {
      const request = toRequest(target, about, object, context);
      const shown = show(url, request);
      const spent = { requests: 0 };
      try {
        const authorization = await client.authorize(object.auth_config ?? null, url, context.signal);
        const body = await askPatiently({ url, request, authorization, context, client }, spent);
        const said = readResult(body, {
          schemaVersion: request.schemaVersion,
          // Tags and ratings of turns are stored as such.
          isStructured: client.isStructured || target.isAgentTurn,
        });
        const reply = Buffer.from(body).toString('utf8').slice(0, SHOWN_CHARS);
        return toScores(about, said, { request: shown, reply, requests: spent.requests });
      } catch (error) {
        if (!(error instanceof ScoreError)) throw error;
        throw new ScoreError(error.kind, error.message, {
          ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
          spend: spend(spent.requests),
          request: shown,
          cause: error.cause,
        });
      }
    },
    forecast: () => spend(1),
  };
}

interface Asking {
  readonly url: URL;
  readonly request: RemoteRequest;
  readonly authorization: string | undefined;
  readonly context: ScoreContext;
  readonly client: Client;
}

/** @param spent counts requests. @throws ScoreError */
async function askPatiently(asking: Asking, spent: { requests: number }): Promise<Uint8Array> {
  const { context, client, request } = asking;
  const startedMs = performance.now();
  const leftMs = () => BUDGET_MS - (performance.now() - startedMs);
  const most = request.schemaVersion === 1 ? 1 : MAX_REQUESTS;
  for (;;) {
    spent.requests++;
    try {
      const totalMs = most === 1 ? client.timeoutMs : Math.min(client.timeoutMs, Math.max(1, leftMs()));
      return await askOnce(asking, totalMs);
    } catch (error) {
      const waitMs = waitAfter(error, spent.requests);
      if (waitMs === undefined || spent.requests >= most || waitMs >= leftMs()) throw error;
      await wait(waitMs, undefined, { signal: context.signal });
    }
  }
}

/** Undefined = asking again at once is of no use. What did not answer may have taken all the time there is. */
function waitAfter(error: unknown, requests: number): number | undefined {
  if (!(error instanceof ScoreError)) return undefined;
  const isAsked =
    error.kind === 'rate_limited' || (error.kind === 'unavailable' && error.cause === undefined);
  if (!isAsked) return undefined;
  return Math.max(error.retryAfterMs ?? 0, FIRST_WAIT_MS * 2 ** (requests - 1) * (0.75 + Math.random() / 2));
}

function askOnce(
  { url, request, authorization, context, client }: Asking,
  totalMs: number,
): Promise<Uint8Array> {
  return ask(
    client.http,
    {
      url: url.href,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'idempotency-key': context.idempotencyKey,
        'x-correlation-id': context.correlationId,
        'x-weave-schema-version': String(request.schemaVersion),
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: request.body,
      maxAnswerBytes: MAX_REMOTE_BYTES,
      totalMs,
      signal: context.signal,
    },
    'the remote scorer',
  );
}

function toScores(
  about: ScorerAbout,
  said: ReturnType<typeof readResult>,
  { request, reply, requests }: { request: unknown; reply: unknown; requests: number },
): Scores {
  return {
    verdicts: [{ scorerName: about.name, scorerRef: about.ref, ...said }],
    spend: spend(requests),
    request,
    reply,
  };
}

/** Without the query, which may hold a key, and without headers. */
function show(url: URL, { schemaVersion, body }: RemoteRequest): unknown {
  return {
    url: `${url.origin}${url.pathname}`,
    schema_version: schemaVersion,
    size_bytes: body.length,
    body: Buffer.from(body).toString('utf8').slice(0, SHOWN_CHARS),
  };
}

function spend(requests: number) {
  return { model: null, requests, promptTokens: 0, completionTokens: 0, costUsd: 0 };
}
