import { describe, expect, it } from '@jest/globals';
import { mulberry32 } from '@weft/testkit';
import { writeDump } from './dump.ts';
import { encodeSpans } from './encode-spans.ts';
import { JsonWriter } from './json-writer.ts';
import { readDump } from './read-dump.ts';
import { readSpans } from './read.ts';
import { spanToCall } from './span-to-call.ts';
import { KeyValues, type OtlpSpan, type Value } from './span.ts';
import { spansOf } from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';
import { oracleSpans } from './testing/oracle.ts';

const NOTHING = Buffer.from('{}');
const OPTIONS = { projectId: 'e/p', userId: 'u', receivedAtUs: 7 };

/** Comparable text: distinguishes bytes, bigints, NaN and -0. */
const show = (value: unknown): string => JSON.stringify(shown(value));

function shown(value: unknown): unknown {
  if (typeof value === 'bigint') return `int ${value}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'number') return Object.is(value, -0) ? 'double -0' : String(value);
  if (value instanceof KeyValues) return value.keys.map((key, i) => [key, shown(value.values[i])]);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return Object.entries(value).flatMap(([key, item]) => (key === 'raw' ? [] : [[key, shown(item)]]));
}

/** As a row has it: long texts in inputs and output only. */
function throughTheStore(span: OtlpSpan): OtlpSpan {
  const { start, end } = spanToCall(span, OPTIONS);
  return readDump(start.otelDump!, start.inputs, end.output);
}

function encodedAgain(spans: readonly OtlpSpan[]): OtlpSpan[] {
  const { spans: read, rejected } = readSpans(encodeSpans(spans), 'protobuf');
  expect(rejected).toEqual([]);
  return read;
}

function expectTheSame(spans: readonly OtlpSpan[]): void {
  const stored = spans.map(throughTheStore);
  expect(show(stored)).toBe(show(spans));
  const again = encodedAgain(stored);
  const ids = spans.map((span) => `${span.traceId}/${span.spanId}`);
  const byId = (list: readonly OtlpSpan[]) =>
    [...list].sort((a, b) => ids.indexOf(nameOf(a)) - ids.indexOf(nameOf(b)));
  expect(show(byId(again))).toBe(show(byId(spans)));
  expect(byId(again).map((span) => spanToCall(span, OPTIONS))).toEqual(
    byId(spans).map((span) => spanToCall(span, OPTIONS)),
  );
  expect(Buffer.from(encodeSpans(stored)).equals(encodeSpans(spans))).toBe(true);
}

const nameOf = (span: OtlpSpan) => `${span.traceId}/${span.spanId}`;

describe('a stored span', () => {
  it.each(TRACE_FIXTURES)('of %s reads as it did when it came', (name) => {
    expectTheSame(spansOf(fixture(`${name}.bin`), 'protobuf'));
  });

  it('is written as the official decoder reads it', () => {
    for (const name of TRACE_FIXTURES) {
      const spans = spansOf(fixture(`${name}.bin`), 'protobuf');
      const payload = encodeSpans(spans);
      const read = readSpans(payload, 'protobuf').spans;
      expect(show(oracleSpans(payload))).toBe(show(read));
    }
  });

  it('is what it was, whatever it holds', () => {
    const random = createRandomSpans(20261121);
    for (let round = 0; round < 60; round++) expectTheSame(random());
  });

  it('stays apart from spans of other resources and scopes', () => {
    const [span] = spansOf(fixture('doc-direct.bin'), 'protobuf');
    const of = (service: string, scope: string, spanId: string): OtlpSpan => {
      const attributes = new KeyValues();
      attributes.add('service.name', service);
      return {
        ...span!,
        spanId,
        resource: { ...span!.resource, attributes },
        scope: { ...span!.scope, name: scope },
      };
    };
    const ids = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(16));
    const spans = [
      of('a', 'x', ids[0]!),
      of('b', 'x', ids[1]!),
      of('a', 'y', ids[2]!),
      of('a', 'x', ids[3]!),
      of('b', 'x', ids[4]!),
    ];
    const read = encodedAgain(spans);
    expect(read.map(({ spanId }) => spanId[0])).toEqual(['1', '4', '3', '2', '5']);
    expect(new Set(read.map(({ resource }) => resource)).size).toBe(2);
    expectTheSame(spans);
  });

  it('is refused beside inputs that are not its own', () => {
    const [span] = spansOf(fixture('openinference-chat.bin'), 'protobuf').filter((each) => {
      const { start } = spanToCall(each, OPTIONS);
      return Buffer.from(start.otelDump!).includes('{"in":[');
    });
    const { start, end } = spanToCall(span!, OPTIONS);
    expect(() => readDump(start.otelDump!, NOTHING, end.output)).toThrow(/not those stored with the span/);
    expect(() => readDump(NOTHING, NOTHING, NOTHING)).toThrow(/another version/);
    expect(() => readDump(Buffer.from('{'), NOTHING, NOTHING)).toThrow(/cannot be read/);
  });

  it('has bytes that are no text as U+FFFD, as it had when it was read', () => {
    const out = new JsonWriter();
    const [span] = spansOf(fixture('doc-direct.bin'), 'protobuf');
    const raw = Buffer.from(encodeSpans([{ ...span!, name: 'name-of-it' }]));
    raw[raw.indexOf('name-of-it')] = 0xff;
    const [read] = readSpans(raw, 'protobuf').spans;
    expect(read!.name).toBe('\ufffdame-of-it');
    writeDump(out, read!, []);
    expect(readDump(out.copy(), NOTHING, NOTHING).name).toBe(read!.name);
    expectTheSame([read!]);
  });
});

const KEYS = ['input.value', 'output.value', 'gen_ai.prompt', 'gen_ai.request.model', 'session.id', '__proto__', 'constructor', '', 'é\u0000"', 'a.b', 'a', 'llm.usage.total_tokens']; // prettier-ignore
const TEXT = 'long text with "quotes", \\ and 日本語 \u2028 '.repeat(8);
const SCALARS: readonly Value[] = [
  null, true, false, 0, -0, 1, -1, 1.5, -1e300, 1e21, 2 ** 53 - 1, -(2 ** 53), 5e-324, NaN, Infinity, -Infinity,
  2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), '', 'text', TEXT, JSON.stringify(TEXT), JSON.stringify({ content: TEXT }),
  `[\n{"a" :\r\n ${JSON.stringify(TEXT)}}]`, '{"__proto__":{"x":1}}', '\u0000\ud83d\ude00', '\ufffd', '{"i":"1"}',
  new Uint8Array(0), new Uint8Array([0, 255, 128, 10]),
]; // prettier-ignore

/** Spans with any value under any key, of a few resources and scopes. */
function createRandomSpans(seed: number): () => OtlpSpan[] {
  const random = mulberry32(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const hex = (digits: number): string =>
    Array.from({ length: digits }, (_, i) => (i === 0 ? '1' : below(16).toString(16))).join('');
  const value = (depth = 0): Value => {
    const kind = depth > 3 ? 0 : below(10);
    if (kind === 8) return Array.from({ length: below(4) }, () => value(depth + 1));
    if (kind === 9) return pairs(below(4), depth + 1);
    return pick(SCALARS);
  };
  const pairs = (count: number, depth = 0): KeyValues => {
    const list = new KeyValues();
    for (let n = 0; n < count; n++) list.add(pick(KEYS), value(depth));
    return list;
  };
  const count = (): number => pick([0, 0, 0, 1, 2 ** 31, 2 ** 32 - 1]);
  const instant = () => pick([{ us: 0, ns: 0 }, { us: 0, ns: 7 }, { us: 1, ns: 0 }, { us: 1_767_323_045_000_001, ns: 999 }]); // prettier-ignore
  const text = (): string => pick(['', 'text', TEXT, '\u0000"\ud83d\ude00', 'name']);
  return () => {
    const resources = [0, 1].map(() => ({ attributes: pairs(below(3)), droppedAttributes: count(), schemaUrl: text() })); // prettier-ignore
    const scopes = [0, 1].map(() => ({ name: text(), version: text(), attributes: pairs(below(3)), droppedAttributes: count(), schemaUrl: text() })); // prettier-ignore
    return Array.from({ length: 1 + below(5) }, () => ({
      traceId: hex(32),
      spanId: hex(16),
      parentId: random() < 0.5 ? null : hex(16),
      traceState: text(),
      flags: count(),
      name: text(),
      kind: pick([0, 1, 5, 99, -1]),
      start: instant(),
      end: instant(),
      attributes: pairs(below(8)),
      droppedAttributes: count(),
      events: Array.from({ length: below(3) }, () => ({ name: text(), time: instant(), attributes: pairs(below(3)), droppedAttributes: count() })), // prettier-ignore
      droppedEvents: count(),
      links: Array.from({ length: below(3) }, () => ({ traceId: pick(['', 'ab', hex(32)]), spanId: pick(['', hex(16)]), traceState: text(), attributes: pairs(below(3)), droppedAttributes: count(), flags: count() })), // prettier-ignore
      droppedLinks: count(),
      statusCode: pick([0, 1, 2, 7, -3]),
      statusMessage: text(),
      resource: pick(resources),
      scope: pick(scopes),
      raw: new Uint8Array(0),
    }));
  };
}
