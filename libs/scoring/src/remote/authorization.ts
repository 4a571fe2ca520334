import type { Secret } from '@weft/runtime';
import { z } from 'zod';
import type { GuardedHttp } from '../outgoing/guarded-http.ts';
import { ScoreError } from '../scorer.ts';
import { ask } from './ask.ts';
import type { RemoteAuth } from './object.ts';
import type { ScorerSecrets } from './secrets.ts';

/** Values of `Authorization`; undefined = it is left out. @throws ScoreError */
export type Authorize = (
  auth: RemoteAuth | null,
  url: URL,
  signal: AbortSignal,
) => Promise<string | undefined>;

const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;
const MAX_TOKENS = 1000;
/** A token is not used for the last moments of its life, and for this long where nobody says how long it lives. */
const SPARE_S = 30;
const DEFAULT_LIFE_S = 300;

const TokenAnswer = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]{1,16384}$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive().optional().catch(undefined),
});

export interface AuthorizeDeps {
  readonly http: GuardedHttp;
  readonly secrets: ScorerSecrets;
  /** For scorers that do not say how they know us. */
  readonly fallback: Secret | undefined;
  readonly totalMs: number;
}

export function createAuthorize({ http, secrets, fallback, totalMs }: AuthorizeDeps): Authorize {
  const tokens = new Map<string, { readonly token: string; readonly untilMs: number }>();

  /** OAuth 2.0 client credentials (RFC 6749, 4.4), the client authenticated by Basic (2.3.1). */
  async function token(
    auth: Extract<RemoteAuth, { mode: 'oauth_client_credentials' }>,
    url: URL,
    signal: AbortSignal,
  ): Promise<string> {
    // The scorer's host is part of it: a token fetched for one is not shown to another.
    const key = JSON.stringify([
      auth.token_endpoint_url,
      auth.client_id,
      auth.client_secret_name,
      auth.scope,
      url.host,
    ]);
    const known = tokens.get(key);
    if (known !== undefined && known.untilMs > performance.now()) return known.token;
    const host = URL.canParse(auth.token_endpoint_url) ? new URL(auth.token_endpoint_url).host : '';
    const secret = await secrets(auth.client_secret_name, host);
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      ...(auth.scope ? { scope: auth.scope } : {}),
    });
    const body = await ask(
      http,
      {
        url: auth.token_endpoint_url,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          authorization: `Basic ${basic(auth.client_id, secret)}`,
        },
        body: Buffer.from(form.toString()),
        maxAnswerBytes: MAX_TOKEN_ANSWER_BYTES,
        totalMs,
        signal,
      },
      'the token endpoint',
    );
    const { access_token, expires_in } = readToken(body);
    const lifeS = Math.max(0, (expires_in ?? DEFAULT_LIFE_S) - SPARE_S);
    tokens.delete(key);
    tokens.set(key, { token: access_token, untilMs: performance.now() + lifeS * 1000 });
    if (tokens.size > MAX_TOKENS) tokens.delete(tokens.keys().next().value!);
    return access_token;
  }

  return async (auth, url, signal) => {
    if (auth === null) {
      const text = fallback?.reveal().trim() ?? '';
      return text === '' ? undefined : `Bearer ${text}`;
    }
    if (auth.mode === 'oauth_client_credentials') return `Bearer ${await token(auth, url, signal)}`;
    return `Bearer ${(await secrets(auth.bearer_secret_name, url.host)).reveal().trim()}`;
  };
}

function basic(clientId: string, secret: Secret): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return Buffer.from(`${encode(clientId)}:${encode(secret.reveal())}`).toString('base64');
}

function readToken(body: Uint8Array): z.output<typeof TokenAnswer> {
  try {
    return TokenAnswer.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch {
    // Without its cause: that may quote a token.
    throw new ScoreError('garbage', 'the token endpoint: the answer has no bearer token');
  }
}
