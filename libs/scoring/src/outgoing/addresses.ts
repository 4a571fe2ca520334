import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A range of addresses, as `10.1.0.0/16` or `fd00::/8`. */
export type Cidr = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Undefined = it is none. A bare address is a range of one. */
export function parseCidr(text: string): Cidr | undefined {
  const trimmed = text.trim();
  if (isIP(trimmed) !== 0) {
    const address = ipaddr.process(trimmed);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  }
  if (isIP(trimmed.split('/')[0]!) === 0 || !/^[0-9a-f.:]+\/\d{1,3}$/i.test(trimmed)) return undefined;
  try {
    const [address, bits] = ipaddr.parseCIDR(trimmed);
    if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress()) return [address, bits];
    // Addresses in this form are held against the ranges as IPv4.
    return bits < 96 ? undefined : [address.toIPv4Address(), bits - 96];
  } catch {
    return undefined;
  }
}

/**
 * Whether anybody on the internet could be reached there: globally routable unicast. Everything else is refused: loopback,
 * private, link-local (cloud metadata), carrier, documentation and reserved ranges, and IPv6 forms that lead to an IPv4
 * address that nobody looked at (NAT64, 6to4, Teredo). IPv4 in IPv6's mapped form is looked at as IPv4.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || address.range() !== 'unicast') return false;
  // 2000::/3 is all that was ever given out (RFC 4291).
  return address.kind() === 'ipv4' || address.toByteArray()[0]! >> 5 === 1;
}

/** Public, or in one of the ranges that the operator has allowed. */
export function isAllowedAddress(text: string, exceptions: readonly Cidr[]): boolean {
  return isPublicAddress(text) || isInside(text, exceptions);
}

function isInside(text: string, ranges: readonly Cidr[]): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return ranges.some(([start, bits]) => start.kind() === address.kind() && address.match(start, bits));
}

function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // A zone only names an interface: such addresses are never public.
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  return ipaddr.process(text);
}
