import { describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { writeDump } from './dump.ts';
import type { FieldName, Source } from './fields.ts';
import { FRAMEWORKS } from './frameworks/index.ts';
import { JsonWriter } from './json-writer.ts';
import { otelSpanJson } from './otel-span.ts';
import { spanToCall } from './span-to-call.ts';
import { parsed, protobufBody, requestJson, spanJson, spansOf } from './testing/build.ts';

const KEYS = FRAMEWORKS.flatMap(({ fields }) =>
  (Object.values(fields) as (readonly Source[])[]).flatMap((sources) => sources.map(({ key }) => key)),
);
const PARTS = [
  '0',
  '1',
  '2',
  'a',
  '',
  '__proto__',
  'constructor',
  'toString',
  'length',
  'é',
  'name',
  'content',
  '"',
];
const LONG = 'long text with "quotes", \\ and 日本語 '.repeat(12);
const VALUES: unknown[] = [
  null, true, false, 0, 1, -1, 1.5, 2n ** 62n, '', 'text', '42', '"quoted"', '"', '{', '{}', '[]', '[1,2', '{"a":1}',
  '{"0":"x","1":"y"}', '[{"content":"c"}]', '{"a":{"b":[1,{"content":9007199254740993}]}}', '{"__proto__":{"x":1}}',
  '{\n "a" : [1,\r\n 2]\n}', LONG, JSON.stringify(LONG), JSON.stringify({ content: LONG }), JSON.stringify([LONG, 1]),
  [], ['a', 1, null], { a: 1, b: { c: ['d'] } }, '2026-01-02T03:04:05Z', '99999999999999999999', '\u0000\u2028\ud83d\ude00',
]; // prettier-ignore

describe('any span', () => {
  it('becomes a call of valid JSON, and its dump gives everything back', () => {
    const random = mulberry32(42);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const key = (): string => {
      let text = random() < 0.8 ? pick(KEYS) : pick(PARTS);
      while (random() < 0.35) text += `.${pick(PARTS)}`;
      return random() < 0.1 ? text.split('.').slice(0, 2).join('.') : text;
    };
    const fields = new Set<FieldName>();
    for (let round = 0; round < 500; round++) {
      const pairs = Array.from({ length: 1 + Math.floor(random() * 12) }, (): [string, unknown] => [
        key(),
        pick(VALUES),
      ]);
      // Collisions below one key are the interesting ones.
      if (random() < 0.5)
        for (let n = 0; n < 3; n++) pairs.push([`${pairs[0]![0]}.${pick(PARTS)}`, pick(VALUES)]);
      const [span] = spansOf(protobufBody(requestJson([spanJson(pairs)])), 'protobuf');
      const call = spanToCall(span!, { projectId: 'e/p', userId: null });
      const { inputs, attributes, otelDump } = call.start;
      for (const json of [inputs, attributes, call.end.summary]) {
        expect(parsed(json)).toEqual(expect.any(Object));
        expect(Array.isArray(parsed(json))).toBe(false);
        expect(Buffer.from(json).includes('\n')).toBe(false);
      }
      parsed(call.end.output);
      const complete = new JsonWriter();
      writeDump(complete, span!, []);
      const show = (dump: Uint8Array): string =>
        `${round} ${Buffer.from(otelSpanJson(dump, inputs, call.end.output)).toString()}`;
      expect(show(otelDump!)).toBe(show(complete.copy()));
      for (const name of Object.keys(parsed(attributes) as object)) fields.add(name as FieldName);
    }
    expect(fields.size).toBeGreaterThan(10);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });
});
