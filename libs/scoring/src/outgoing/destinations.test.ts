import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { checkDestination, parseAllowedHost, type OutgoingPolicy } from './destinations.ts';
import { envAllowedHosts, envCidrs } from './env.ts';

function policy(hosts: string, more: Partial<OutgoingPolicy> = {}): OutgoingPolicy {
  return {
    allowedHosts: hosts.split(',').map((each) => parseAllowedHost(each)!),
    allowInsecureHttp: false,
    validateAddresses: true,
    allowedPrivateCidrs: [],
    ...more,
  };
}

describe('checkDestination', () => {
  const hosts = policy(
    'scores.example.com,other.example.com:8443,https://third.example.com:9000,[2606:4700::1]:444',
  );

  it.each([
    'https://scores.example.com/score?x=1',
    'https://SCORES.example.com:443/',
    'https://other.example.com:8443/score',
    'https://third.example.com:9000',
    'https://[2606:4700::1]:444/x',
  ])('lets %p through', (url) => expect(checkDestination(url, hosts)).toBeInstanceOf(URL));

  it.each([
    'https://scores.example.com:8443/',
    'https://other.example.com/',
    'https://sub.scores.example.com/',
    'https://scores.example.com.evil.test/',
    'https://evilscores.example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::1]/',
    'https://localhost/',
  ])('refuses %p, which is not on the list', (url) =>
    expect(() => checkDestination(url, hosts)).toThrow(/is not among the hosts/),
  );

  it.each([
    'http://scores.example.com/',
    'file:///etc/passwd',
    'gopher://scores.example.com/',
    'ws://scores.example.com/',
    'https://user@scores.example.com/',
    'https://user:pass@scores.example.com/',
    'https://@scores.example.com/',
    'https://evil.test\\@scores.example.com/',
    'https:\\\\scores.example.com/',
    'https://scores.example.com/#fragment',
    'https://scores.example.com./',
    'https://scores.exa\tmple.com/',
    'https://scores.example.com/ x',
    ' https://scores.example.com/',
    'scores.example.com',
    'https://',
    '',
    `https://scores.example.com/${'x'.repeat(2048)}`,
  ])('refuses %p whatever is on the list', (url) =>
    expect(() => checkDestination(url, hosts)).toThrow(
      expect.objectContaining({ kind: 'refused', refused: 'url' }),
    ),
  );

  it('asks nobody where the list is empty', () => {
    const nobody = { ...hosts, allowedHosts: [] };
    expect(() => checkDestination('https://scores.example.com/', nobody)).toThrow(/is not among the hosts/);
  });

  it('speaks http where the operator says so, and keeps an origin to its scheme', () => {
    const insecure = policy('scores.example.com,https://third.example.com', { allowInsecureHttp: true });
    expect(checkDestination('http://scores.example.com/', insecure).protocol).toBe('http:');
    expect(() => checkDestination('http://scores.example.com:443/', insecure)).toThrow();
    expect(() => checkDestination('http://third.example.com/', insecure)).toThrow();
    expect(() => checkDestination('http://third.example.com:443/', insecure)).toThrow();
  });
});

describe('settings', () => {
  const schema = z.object({ HOSTS: envAllowedHosts(), CIDRS: envCidrs() });

  it('are comma lists, empty by default', () => {
    expect(loadConfig(schema, {})).toEqual({ HOSTS: [], CIDRS: [] });
    const { HOSTS, CIDRS } = loadConfig(schema, { HOSTS: 'A.test, b.test:0444,', CIDRS: '10.0.0.0/8, ::1' });
    expect(HOSTS).toEqual([
      { host: 'a.test', port: undefined, scheme: undefined },
      { host: 'b.test', port: '444', scheme: undefined },
    ]);
    expect(CIDRS).toHaveLength(2);
  });

  it.each(['*.example.com', 'a b', 'https://a.test/path', 'a.test/', 'user@a.test', 'a.test:0', 'a.test:70000', '::1', 'ftp://a.test', 'a.test.'])(
    'stop the process for the host %p',
    (HOSTS) => expect(() => loadConfig(schema, { HOSTS })).toThrow(/HOSTS: must be a comma list/),
  ); // prettier-ignore

  it('stop the process for what is no range', () =>
    expect(() => loadConfig(schema, { CIDRS: '10.0.0.0/8,private' })).toThrow(/CIDRS: must be a comma list/));
});
