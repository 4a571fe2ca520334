import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { AppError } from '@weft/model';
import { contextOf } from './context.ts';
import { EVERYONE, isLoopback, type Keyring, type Principal } from './keyring.ts';
import type { Role } from './keys-file.ts';
import { keyOfSession } from './session-cookie.ts';

/**
 * The API key of a request: `Authorization: Basic` (any user name; the key is the password), `Authorization: Bearer`, or
 * `wandb-api-key`, or the cookie of who signed in. `Basic%20…` is what OTel exporters make of OTEL_EXPORTER_OTLP_HEADERS.
 */
export function keyOf(headers: IncomingHttpHeaders): string | undefined {
  const authorization = headers.authorization;
  const fromAuthorization =
    authorization === undefined ? undefined : keyOfAuthorization(decoded(authorization));
  if (fromAuthorization !== undefined) return fromAuthorization;
  const own = headers['wandb-api-key'];
  return typeof own === 'string' && own !== '' ? own.trim() : keyOfSession(headers);
}

function decoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function keyOfAuthorization(value: string): string | undefined {
  const [, scheme = '', credentials = ''] = /^\s*(\S+)\s+(\S+)\s*$/.exec(value) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return credentials;
    case 'basic': {
      const text = Buffer.from(credentials, 'base64').toString('utf8');
      const key = text.slice(text.indexOf(':') + 1);
      return key === '' ? undefined : key;
    }
    default:
      return undefined;
  }
}

/**
 * Who sends a request with these headers (of gRPC: metadata, with `:authority` as `host`).
 * @param options.trustsOrigin the page that it comes from may send here.
 * @throws AppError `unauthenticated`; in open mode `forbidden` for what a web page may have been tricked into sending.
 */
export function authenticateHeaders(
  headers: IncomingHttpHeaders,
  keyring: Keyring,
  options: { readonly trustsOrigin?: boolean } = {},
): Principal {
  if (keyring.open) {
    assertLocal(headers, options.trustsOrigin ?? false);
    return EVERYONE;
  }
  const key = keyOf(headers);
  if (key === undefined)
    throw new AppError(
      'unauthenticated',
      'no API key: send it as the password of HTTP Basic, as a Bearer token or as wandb-api-key',
    );
  const principal = keyring.find(key);
  if (principal === undefined) throw new AppError('unauthenticated', 'the API key is unknown or revoked');
  return principal;
}

/**
 * An open server trusts the machine, not the web pages that its browser shows: a name that an attacker lets point at
 * 127.0.0.1 (DNS rebinding) shows in Host, a request from a foreign page in Origin.
 */
function assertLocal(headers: IncomingHttpHeaders, trustsOrigin: boolean): void {
  const { host, origin } = headers;
  if (host !== undefined && !isLoopback(withoutPort(host)))
    throw new AppError(
      'forbidden',
      'without API keys only requests to localhost are answered; the Host header names another',
    );
  if (origin !== undefined && !trustsOrigin && !isLoopback(withoutPort(origin.replace(/^https?:\/\//, ''))))
    throw new AppError('forbidden', 'without API keys requests from web pages of other origins are refused');
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '');
}

/** Who sent this request. */
export function principalOf(req: IncomingMessage): Principal {
  const { principal } = contextOf(req);
  if (principal === undefined) throw new Error('this route is served without authentication');
  return principal;
}

/** @throws AppError `forbidden` when the request's key does not reach the project (`entity/project`) with this role. */
export function requireProject(req: IncomingMessage, projectId: string, role: Role): Principal {
  const principal = principalOf(req);
  if (!principal.can(projectId, role)) throw new AppError('forbidden', 'Forbidden');
  return principal;
}

/**
 * Who writes to a project: the key's user. In the open mode, which trusts its machine, who the request says it is, else the
 * project's entity: clients expect every write to be somebody's.
 */
export function authorOf(req: IncomingMessage, projectId: string, claimed?: string | null): string {
  return authorIn(principalOf(req), projectId, claimed);
}

/** `authorOf` where there is a principal and no request. */
export function authorIn(principal: Principal, projectId: string, claimed?: string | null): string {
  return principal.user ?? (claimed || projectId.slice(0, Math.max(0, projectId.indexOf('/'))));
}
