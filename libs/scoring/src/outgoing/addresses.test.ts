import { describe, expect, it } from '@jest/globals';
import { isAllowedAddress, isPublicAddress, parseCidr } from './addresses.ts';

const REFUSED = [
  // IPv4: this network, private, carrier, loopback, link-local with metadata services, special, multicast, reserved
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '169.254.169.254',
  '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1', '198.18.0.1', '198.51.100.7',
  '203.0.113.9', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  // IPv6: unspecified, loopback, IPv4 in several forms, NAT64, 6to4, Teredo, discard, local, site-local, multicast, documentation
  '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::127.0.0.1', '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '2002:7f00:1::', '2002:0808:0808::1', '2001::1', '100::1',
  'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'ff02::1', '2001:db8::1', '3fff::1', '4000::1',
  // no addresses
  '', 'localhost', '2130706433', '0x7f.1', '127.1', '1.2.3.4.5', '1.2.3.4/8', '[::1]',
]; // prettier-ignore

describe('isPublicAddress', () => {
  it.each(REFUSED)('refuses %p', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '::ffff:8.8.8.8', '2606:4700:4700::1111', '2a00:1450::8a'])(
    'knows %p for public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  ); // prettier-ignore
});

describe('isAllowedAddress', () => {
  const cidrs = ['10.1.0.0/16', 'fd00::/8', '127.0.0.5', '::ffff:192.168.7.0/120'].map((text) =>
    parseCidr(text)!,
  );

  it.each(['10.1.2.3', '::ffff:10.1.2.3', 'fd00:ec2::254', '127.0.0.5', '192.168.7.9', '8.8.8.8'])(
    'takes %p as an exception',
    (address) => expect(isAllowedAddress(address, cidrs)).toBe(true),
  );

  it.each(['10.2.0.1', '127.0.0.1', 'fc00::1', '192.168.8.1', 'nonsense'])('still refuses %p', (address) =>
    expect(isAllowedAddress(address, cidrs)).toBe(false),
  );
});

it.each(['', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '0x0a.0.0.0/8', 'fd00::/129', 'host/8', '10.0.0.0/8/8', '::ffff:0:0/90'])(
  'parseCidr knows that %p is no range',
  (text) => expect(parseCidr(text)).toBeUndefined(),
); // prettier-ignore
