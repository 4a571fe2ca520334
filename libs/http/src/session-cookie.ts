import type { IncomingHttpHeaders } from 'node:http';

/**
 * Signing in with a browser. The cookie holds the key itself: scripts cannot read it (HttpOnly), other sites cannot have it sent
 * (SameSite=Strict), every process of a cluster understands it, and revoking the key ends the session.
 */
const COOKIE = 'weft_session';
const IN_COOKIES = new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]{1,200})\\s*(?:;|$)`);
const MAX_AGE_S = 30 * 24 * 3600;
/**
 * The key in the cookie. Undefined also for what a page of another origin sends: one of the same host and another port, or of
 * a neighbouring subdomain, is "same site", and SameSite lets it through.
 */
export function keyOfSession(headers: IncomingHttpHeaders): string | undefined {
  const key = IN_COOKIES.exec(headers.cookie ?? '')?.[1];
  return key === undefined || !isOwnPage(headers) ? undefined : key;
}

/** Whether a browser sends this for a page of this server, or what sends it is no browser. */
export function isOwnPage({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (typeof site === 'string') return site === 'same-origin' || site === 'none';
  // Browsers name the origin of everything but plain reads.
  return origin === undefined || origin.replace(/^https?:\/\//, '') === host;
}

/** `Set-Cookie` that signs in, or out. */
export function sessionCookie(headers: IncomingHttpHeaders, key: string | undefined): string {
  const isSecure = headers['x-forwarded-proto'] === 'https';
  const maxAgeS = key === undefined ? 0 : MAX_AGE_S;
  return `${COOKIE}=${key ?? ''}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
}
