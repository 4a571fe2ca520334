import { describe, expect, it } from '@jest/globals';
import { loadScorer, outputOf, verdictOf } from '../testing/local.ts';

describe('PIIScorer', () => {
  it.each<[string, object]>([
    ['write to ada.lovelace+x@example.co.uk or bob@example.com', { email: 2 }],
    ['@handle and a@b have none', {}],
    ['call +49 30 1234 5678, (555) 123-4567 or 555-123-4567', { phone: 3 }],
    ['order 1234567890123, version 1.2.3.4567, 2026-11-22 10:00', {}],
    ['card 4111 1111 1111 1111, not 4111 1111 1111 1112', { credit_card: 1 }],
    ['amex 378282246310005', { credit_card: 1 }],
    ['IBAN DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432, not DE89 3704 0044 0532 0130 01', { iban: 2 }],
    ['ssn 123-45-6789, not 000-12-3456', { us_ssn: 1 }],
    ['from 192.168.0.1, not 999.1.1.1 nor 1.2.3', { ip_address: 1 }],
    ['nothing at all', {}],
  ])('%s: %j', async (output, found) =>
    expect(await outputOf('PIIScorer', {}, { output })).toEqual({ passed: Object.keys(found).length === 0, found })); // prettier-ignore

  it('looks for what is asked for', async () => {
    const said = await verdictOf('PIIScorer', { kinds: ['email'] }, { output: 'a@example.com 192.168.0.1' });
    expect(said).toMatchObject({ output: { found: { email: 1 } }, tags: [{ tag: 'email' }], ratings: [{ name: 'passed', value: 0 }] }); // prettier-ignore
    await expect(loadScorer('PIIScorer', { kinds: ['name'] })).rejects.toMatchObject({ kind: 'unscorable' });
  });
});

describe('SecretLeakScorer', () => {
  const many = (text: string, times: number) => text.repeat(times);
  it.each<[string, string]>([
    [`key sk-proj-${many('aB3_', 12)}`, 'openai_key'],
    [`sk-ant-api03-${many('aB3-', 12)}`, 'anthropic_key'],
    ['AKIAIOSFODNN7EXAMPLE', 'aws_access_key'],
    [`ghp_${many('a1B2', 9)}`, 'github_token'],
    [`glpat-${many('a1B2', 5)}`, 'gitlab_token'],
    [`AIza${many('a1B2c', 7)}`, 'google_key'],
    [`xoxb-${many('12345', 4)}`, 'slack_token'],
    [`sk_live_${many('a1B2', 6)}`, 'stripe_key'],
    [`hf_${many('aBcD', 9)}`, 'hugging_face_token'],
    [`eyJ${many('a', 12)}.eyJ${many('b', 20)}.${many('c', 20)}`, 'jwt'],
    ['-----BEGIN RSA PRIVATE KEY-----', 'private_key'],
    ['postgres://app:hunter2@db.internal/x', 'password_in_url'],
    ['password = "correcthorse"', 'assignment'],
  ])('%s: %s', async (output, kind) =>
    expect(await outputOf('SecretLeakScorer', {}, { output })).toEqual({ passed: false, found: { [kind]: 1 } })); // prettier-ignore

  it.each(['my risk-assessment is fine', 'the password is secret', 'https://example.com:8080/a@b', 'api_key="REDACTED"', 'task-force'])(
    '%s: nothing', async (output) => expect(await outputOf('SecretLeakScorer', {}, { output })).toEqual({ passed: true, found: {} })); // prettier-ignore

  it('repeats nothing of what it found', async () =>
    expect(JSON.stringify(await verdictOf('SecretLeakScorer', {}, { output: `sk-${many('a', 40)}` }))).not.toContain('aaaa')); // prettier-ignore

  it.each(['a', '@', '1', 'a@', '1 ', 'eyJ', 'sk-', 'a.', '://a:', 'AB12 '])('finds the end of many %j', async (piece) => {
    // A quadratic pattern does not within the time of a test.
    const output = many(piece, Math.floor(300_000 / piece.length));
    for (const className of ['SecretLeakScorer', 'PIIScorer'])
      expect(await outputOf(className, {}, { output })).toHaveProperty('found');
  }); // prettier-ignore
});
