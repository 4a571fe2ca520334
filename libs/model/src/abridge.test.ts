import { describe, expect, it } from '@jest/globals';
import { abridge } from './abridge.ts';
import { JsonSyntaxError, MAX_JSON_DEPTH } from './json-scan.ts';
import { randomJson, seeded, type Random } from './testing/random-json.ts';

const short = (json: string, maxBytes: number) =>
  Buffer.from(abridge(Buffer.from(json), maxBytes)).toString();
const read = (json: string, maxBytes: number) => JSON.parse(short(json, maxBytes)) as unknown;

describe('abridge', () => {
  it('gives back what fits', () => {
    const json = Buffer.from(' {"a": [1.0, 1e400]} ');
    expect(abridge(json, json.length)).toBe(json);
  });

  it('keeps small members behind giant ones, as they were sent', () => {
    const text = 'x'.repeat(100_000);
    const json = `{"messages":[{"role":"user","content":"${text}"}],"big": 9007199254740993, "n":1e400, "s": "\\ud800","model":"gpt"}`;
    const head = short(json, 4096);
    expect(head).toMatch(
      /^\{"messages":\[\{"role":"user","content":"x{3000,4096}…"\}\],"big":9007199254740993,/,
    );
    expect(head).toMatch(/"n":1e400,"s":"\\ud800","model":"gpt"\}$/);
    expect(head.length).toBeLessThan(4096 + 8);
    expect(Buffer.byteLength(head)).toBeGreaterThan(4000);
  });

  it('gives large members the same, and what small ones leave', () => {
    const head = read(
      JSON.stringify({ a: 'a'.repeat(9000), b: 'b'.repeat(300), c: 'c'.repeat(90_000) }),
      6000,
    ) as Record<string, string>;
    expect(head.b).toHaveLength(300);
    expect(Math.abs(head.a!.length - head.c!.length)).toBeLessThan(10);
    expect(head.a!.length).toBeGreaterThan(2700);
  });

  it('keeps the first elements of long lists', () => {
    expect(short(JSON.stringify(Array.from({ length: 1000 }, (_, i) => i)), 40)).toMatch(
      /^\[0,1,2,.*,1\d\]$/,
    );
    const messages = Array.from({ length: 5000 }, (_, i) => ({ role: 'user', i, content: 'y'.repeat(1000) }));
    const head = read(JSON.stringify(messages), 8192) as { role: string; i: number; content: string }[];
    expect(head.length).toBeGreaterThan(20);
    expect(head.map(({ i }) => i)).toEqual(head.map((_, i) => i));
    expect(new Set(head.map(({ role }) => role))).toEqual(new Set(['user']));
  });

  it('keeps what summaries and marks say, among many others', () => {
    const others = Array.from({ length: 5000 }, (_, i) => [`m${i}`, i]);
    const kept = {
      usage: { 'gpt-5': { prompt_tokens: 12, completion_tokens: 3 } },
      status_counts: { success: 1, error: 2 },
      weave: { latency_ms: 5, note: 'z'.repeat(200) },
    };
    const summary = { ...Object.fromEntries(others), ...kept };
    expect(read(JSON.stringify(summary), 4096)).toMatchObject(kept);
  });

  it('cuts between characters', () => {
    for (const piece of ['é', '€', '😀', '\\ud83d\\ude00', '\\n', '\\u00e9', '\\\\', '\\"'])
      for (let maxBytes = 5; maxBytes < 60; maxBytes++) {
        const head = short(`"${piece.repeat(40)}"`, maxBytes);
        expect(Buffer.byteLength(head)).toBeLessThanOrEqual(maxBytes);
        const pieces = head.slice(1, -2);
        expect(pieces).toBe(piece.repeat(pieces.length / piece.length));
        expect(head.slice(-2)).toBe('…"');
      }
    expect(short('"\\ud800\\ud800\\ud800\\ud800\\ud800"', 17)).toBe('"\\ud800\\ud800…"');
  });

  it('takes the last of equal names, however they are written', () => {
    expect(read(`{"a":1,"\\u0061":2,"x":"${'x'.repeat(1000)}"}`, 100)).toMatchObject({ a: 2 });
    expect(read(`{"a":1,"b":2,"a":"${'x'.repeat(1000)}"}`, 100)).toMatchObject({
      a: expect.stringContaining('…'),
    });
  });

  it('refuses what is no JSON, and what is nested too deep', () => {
    const of = (json: string) => () => short(json, 8);
    for (const json of [
      '{"a":1,}          ',
      '[1 2           ]',
      '["x]              ',
      '{a:1}            ',
      '[1]             2',
    ])
      expect(of(json)).toThrow(JsonSyntaxError);
    const deep = MAX_JSON_DEPTH + 100;
    expect(of('['.repeat(deep) + ']'.repeat(deep))).toThrow(JsonSyntaxError);
    const nested = `${'[{"a":'.repeat(250)}"${'x'.repeat(5000)}"${'}]'.repeat(250)}`;
    expect(Buffer.byteLength(short(nested, 1000))).toBeLessThanOrEqual(1100);
    expect(() => read(nested, 1000)).not.toThrow();
  });

  it('is flat in memory and linear in time', () => {
    // Objects for each of these would not fit a test's memory; a second look at each level would take minutes.
    const numbers = Buffer.from(`[${'1,'.repeat(10_000_000)}2]`);
    const before = process.memoryUsage().heapUsed;
    expect(abridge(numbers, 32_768).length).toBeGreaterThan(32_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20 * 1024 * 1024);
    const chains = Buffer.from(
      `[${`${'['.repeat(500)}"${'x'.repeat(3000)}"${']'.repeat(500)},`.repeat(2000)}0]`,
    );
    expect(abridge(chains, 32_768).length).toBeGreaterThan(16_000);
  });

  it('holds of random JSON: it parses, is no larger, and says nothing that was not said', () => {
    const random = seeded(7);
    for (let i = 0; i < 1000; i++) {
      const text = randomPayload(random);
      const maxBytes = 1 + random(random(2) === 0 ? 60 : 1500);
      const json = Buffer.from(text);
      const head = abridge(json, maxBytes);
      if (json.length <= maxBytes) expect(head).toBe(json);
      else {
        if (!isAtom(text)) expect(head.length).toBeLessThanOrEqual(1.1 * maxBytes + 64);
        expectPartOf(JSON.parse(Buffer.from(head).toString()), JSON.parse(text), text);
      }
    }
  });
});

/** Random values with some that are very long or very many among them. */
function randomPayload(random: Random): string {
  const parts = Array.from({ length: 1 + random(6) }, () => {
    const value = randomJson(random);
    if (random(4) > 0) return value;
    return random(2) === 0
      ? `"${'ab\\n😀\\ud83d\\ude00'.repeat(random(200))}"`
      : `[${Array.from({ length: 1 + random(100) }, () => randomJson(random, 2)).join(', ')}]`;
  });
  if (random(8) === 0) return parts[0]!;
  if (random(2) === 0) return `[${parts.join(',')}]`;
  return `{ ${parts.map((part, i) => `"${random(9) === 0 ? 'usage' : `k${i}`}" : ${part}`).join(' ,')}}`;
}

function isAtom(text: string): boolean {
  return !/^\s*["[{]/.test(text);
}

function expectPartOf(part: unknown, whole: unknown, text: string): void {
  if (!isPartOf(part, whole)) throw new Error(`${JSON.stringify(part)} is no part of ${text}`);
}

function isPartOf(part: unknown, whole: unknown): boolean {
  if (typeof part === 'string' && typeof whole === 'string')
    return part === whole || (part.endsWith('…') && whole.startsWith(part.slice(0, -1)));
  if (Array.isArray(part) && Array.isArray(whole))
    return part.every((each, i) => i < whole.length && isPartOf(each, whole[i]));
  if (isObject(part) && isObject(whole))
    return Object.entries(part).every(
      ([name, each]) => Object.hasOwn(whole, name) && isPartOf(each, whole[name]),
    );
  return Object.is(part, whole);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
