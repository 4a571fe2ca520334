import type { IncomingMessage, ServerResponse } from 'node:http';

/** Which web pages may send to a group of routes. */
export interface CorsPolicy {
  /** As browsers write them, `https://app.example.com`; `*` = every page. */
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  /** Request headers beside those that need no permission. */
  readonly headers: readonly string[];
}

/** Browsers keep an answer to a preflight for two hours at most. */
const PREFLIGHT_MAX_AGE_S = 7200;

/**
 * Tells the browser of an allowed origin that its page may read the answer, whatever that will be.
 * @returns true when the request comes from an allowed origin.
 */
export function allowOrigin(policy: CorsPolicy, req: IncomingMessage, res: ServerResponse): boolean {
  // Caches must not give one origin's answer to another.
  res.setHeader('Vary', 'Origin');
  const { origin } = req.headers;
  if (origin === undefined) return false;
  const isListed = policy.origins.includes(origin);
  if (!isListed && !policy.origins.includes('*')) return false;
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Access-Control-Expose-Headers', 'retry-after, x-request-id');
  // Beacons carry credentials, whether there are any or not; pages that nobody listed have no business with ours.
  if (isListed) res.setHeader('Access-Control-Allow-Credentials', 'true');
  return true;
}

export function isPreflight(req: IncomingMessage): boolean {
  return req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
}

/** Answers what a browser asks before it sends; such a request carries no key. */
export function answerPreflight({ methods, headers }: CorsPolicy, res: ServerResponse): void {
  res.writeHead(204, {
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers': headers.join(', '),
    'Access-Control-Max-Age': PREFLIGHT_MAX_AGE_S,
  });
  res.end();
}
