import { isIP } from 'node:net';
import { OutgoingError } from './outgoing-error.ts';
import type { Cidr } from './addresses.ts';

/** Where requests may go, for one surface (remote scorers, webhooks). The operator's, never a user's. */
export interface OutgoingPolicy {
  /** Nothing else is asked; empty = nothing at all. */
  readonly allowedHosts: readonly AllowedHost[];
  /** `http:` too. */
  readonly allowInsecureHttp: boolean;
  /** False: addresses are not looked at, whatever a name leads to. */
  readonly validateAddresses: boolean;
  /** Ranges that are no public addresses and allowed all the same. */
  readonly allowedPrivateCidrs: readonly Cidr[];
}

/** One entry of an allow list. */
export interface AllowedHost {
  /** As a URL writes it: lower case, punycode, IPv6 in brackets. */
  readonly host: string;
  /** Undefined: the scheme's own (443, 80). */
  readonly port: string | undefined;
  /** `https:` or `http:`; undefined = either that the policy allows. */
  readonly scheme: string | undefined;
}

/** `scores.example.com`, `scores.example.com:8443` or `https://scores.example.com:8443`; undefined = none of them. */
export function parseAllowedHost(text: string): AllowedHost | undefined {
  const entry = text.trim();
  const isOrigin = /^https?:\/\//i.test(entry);
  const bare = isOrigin ? entry.replace(/^https?:\/\//i, '').replace(/\/$/, '') : entry;
  if (bare === '' || /[/\\?#@\s*]/.test(bare)) return undefined;
  // A name alone may not say "its scheme's port", which URL drops: any other scheme keeps it.
  const given = /:(\d{1,5})$/.exec(bare)?.[1];
  if (bare.endsWith(':') || (given !== undefined && (Number(given) > 65_535 || Number(given) === 0)))
    return undefined;
  if (!URL.canParse(isOrigin ? entry : `https://${bare}`)) return undefined;
  const url = new URL(isOrigin ? entry : `https://${bare}`);
  // An IPv6 address without brackets is no host of a URL, so that what looks like a port is one.
  const port = given === undefined ? undefined : String(Number(given));
  if (url.hostname === '' || url.hostname.endsWith('.')) return undefined;
  return { host: url.hostname, port, scheme: isOrigin ? url.protocol : undefined };
}

/**
 * What the policy can say of an address before anything is looked up.
 * @throws OutgoingError `refused`, for its author's eyes
 */
export function checkDestination(text: string, policy: OutgoingPolicy): URL {
  // A URL ends lines and tabs silently and takes a backslash for a slash: two readers of one text must not differ.
  // eslint-disable-next-line no-control-regex
  if (text.length > 2048 || /[\u0000-\u0020\u007f\\]/.test(text) || !URL.canParse(text))
    throw refused('url', 'the address is no URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowInsecureHttp))
    throw refused(
      'url',
      policy.allowInsecureHttp ? 'the URL must use http or https' : 'the URL must use https',
    );
  if (url.username !== '' || url.password !== '' || /^[^/?#]*\/\/[^/?#]*@/.test(text))
    throw refused('url', 'the URL must not name a user');
  if (url.hash !== '') throw refused('url', 'the URL must not have a fragment');
  if (url.hostname === '' || url.hostname.endsWith('.'))
    throw refused('url', 'the URL must name a host, without a dot at its end');
  if (!policy.allowedHosts.some((allowed) => isMatch(allowed, url)))
    throw refused('host', `${url.host} is not among the hosts that this server may ask`);
  return url;
}

function isMatch({ host, port, scheme }: AllowedHost, url: URL): boolean {
  if (host !== url.hostname || (scheme !== undefined && scheme !== url.protocol)) return false;
  const own = url.protocol === 'https:' ? '443' : '80';
  return (url.port || own) === (port ?? own);
}

/** The address that a URL's host is, without brackets; undefined for a name. */
export function literalAddress(url: URL): string | undefined {
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) === 0 ? undefined : bare;
}

function refused(why: 'url' | 'host', message: string): OutgoingError {
  return new OutgoingError('refused', message, why);
}
