import { describe, expect, it } from '@jest/globals';
import { CallFramer } from './call-framer.ts';
import { isSecretName, redactAt, redactSecrets } from './redact.ts';
import { randomJson, randomString, seeded } from './testing/random-json.ts';

const redact = (text: string) => Buffer.from(redactSecrets(Buffer.from(text))).toString('utf8');

describe('isSecretName', () => {
  it.each([
    'authorization',
    'Authorization',
    'auth_headers',
    'aws-access-key-id',
    'AWS_ACCESS_KEY',
    'bearerToken',
    'vertex_credentials',
    'webhook_key',
    'webhookSecret',
    'authToken',
    'apiKey',
    'api_key',
    'OPENAI_API_KEY',
    'x-api-key',
    'my_access_token',
    'clientSecret',
    'private_key',
    'refreshToken',
    'aws_secret_access_key',
    'secretKey',
    'session_token',
    'api_token',
    'apikey_',
    '_api_k-e-y-',
  ])('takes %s', (name) => {
    expect(isSecretName(name)).toBe(true);
    expect(redact(`{${JSON.stringify(name)}:"v"}`)).toBe(`{${JSON.stringify(name)}:"REDACTED"}`);
  });

  it.each([
    'key',
    'token',
    'tokens',
    'max_tokens',
    'prompt_tokens',
    'secret',
    'authorizations',
    'proxy_authorization',
    'api_key_id',
    'keys',
    'content',
    'author',
    '',
  ])('leaves %j', (name) => {
    expect(isSecretName(name)).toBe(false);
    const text = `{${JSON.stringify(name)}:"v"}`;
    expect(redact(text)).toBe(text);
  });
});

describe('redactSecrets', () => {
  it('finds the key that wrapped clients leak', () => {
    expect(
      redact(
        '{"self":{"_client":{"apiKey":"sk-1","baseURL":"https://x"},"_options":{"apiKey":"sk-2"}},"model":"m"}',
      ),
    ).toBe(
      '{"self":{"_client":{"apiKey":"REDACTED","baseURL":"https://x"},"_options":{"apiKey":"REDACTED"}},"model":"m"}',
    );
  });

  it('keeps everything but the strings: spaces, number forms, empty and other values', () => {
    expect(
      redact(
        '{ "api_key" :\n "a\\"b" , "apiKey":"", "api-key":1.0, "apikey":null, "secret_key":{"api_key":["x"],"n":-0}}',
      ),
    ).toBe(
      '{ "api_key" :\n "REDACTED" , "apiKey":"", "api-key":1.0, "apikey":null, "secret_key":{"api_key":["x"],"n":-0}}',
    );
  });

  it('reads escaped names', () => {
    expect(redact('{"api\\u004bey":"v","a":"\\n","\\u0061piKe\\u0079":"v"}')).toBe(
      '{"api\\u004bey":"REDACTED","a":"\\n","\\u0061piKe\\u0079":"REDACTED"}',
    );
  });

  it('gives the same object back when nothing matched', () => {
    const json = Buffer.from(
      '{"messages":[{"role":"user","content":"my api_key is \\"x\\""}],"max_tokens":5}',
    );
    expect(redactSecrets(json)).toBe(json);
  });

  it('changes no byte outside the replaced values', () => {
    const random = seeded(99);
    const names = ['"apiKey"', '"Authorization"', '"access_token"', '"content"', '"\\u0061pi_key"'];
    for (let i = 0; i < 2_000; i++) {
      const name = names[random(names.length)]!;
      const before = `{"a":${randomJson(random)},${name} :`;
      const value = randomString(random);
      const after = `,"b":[${randomJson(random)}]}`;
      const hit = name !== '"content"' && value !== '""';
      expect(redact(before + value + after)).toBe(
        redact(`${before}0${after}`).replace(` :0,"b"`, () => ` :${hit ? '"REDACTED"' : value},"b"`),
      );
    }
  });

  it('does not search a body again and again', () => {
    // Without the remembered escape each of these names would be searched for one to the end: minutes.
    const json = Buffer.from(`{${Array.from({ length: 200_000 }, (_, i) => `"n${i}":1`).join(',')}}`);
    expect(redactSecrets(json)).toBe(json);
  });
});

describe('CallFramer', () => {
  it('finds secrets of inputs and attributes only, in all members of one name, and in no other item', () => {
    const item =
      '{"inputs":{"api_key":"1"},"inputs":{"api_key":"2"},"attributes":{"x":{"api_key":"3"}},"output":{"api_key":"4"},"id":"a"}';
    const body = Buffer.from(`{"x":{"api_key":"0"},"batch":[{"output":{"api_key":"9"}},${item}]}`);
    const framer = new CallFramer(body);
    const seen: string[] = [];
    framer.scanner.object(0, (key, at) => {
      if (key !== 'batch') return framer.scanner.skip(at);
      return framer.scanner.array(at, (start) => {
        const framed = framer.frame(start);
        seen.push(Buffer.from(redactAt(framed.bytes, framed.secrets)).toString('utf8'));
        return framed.end;
      });
    });
    expect(seen).toEqual([
      '{"output":{"api_key":"9"}}',
      item.replace('"1"', '"REDACTED"').replace('"2"', '"REDACTED"').replace('"3"', '"REDACTED"'),
    ]);
  });
});
