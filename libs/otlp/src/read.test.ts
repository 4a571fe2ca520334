import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { mulberry32 } from '@weft/testkit';
import protobuf from 'protobufjs/minimal.js';
import { readSpans } from './read.ts';
import { KeyValues, type OtlpSpan } from './span.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';
import { ExportTraceServiceRequest, oracleSpans } from './testing/oracle.ts';

const withIds = (spans: unknown[]): unknown[] =>
  (spans as OtlpSpan[]).filter(
    ({ traceId, spanId }) =>
      traceId.length === 32 && /[^0]/.test(traceId) && spanId.length === 16 && /[^0]/.test(spanId),
  );
const withoutRaw = (spans: OtlpSpan[]): unknown[] => spans.map(({ raw, ...span }) => (void raw, span));

/** Comparable text: distinguishes bytes, bigints, NaN and -0. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return `int ${item}`;
    if (item instanceof Uint8Array) return `bytes ${Buffer.from(item).toString('hex')}`;
    if (typeof item === 'object' && item !== null && 'type' in item && item.type === 'Buffer') {
      return `bytes ${Buffer.from((item as unknown as { data: number[] }).data).toString('hex')}`;
    }
    if (typeof item === 'number' && !Number.isFinite(item)) return `double ${item}`;
    return Object.is(item, -0) ? 'double -0' : item;
  });

describe('readSpans', () => {
  it.each(TRACE_FIXTURES)('reads %s as the official decoder does', (name) => {
    const payload = fixture(`${name}.bin`);
    expect(show(withoutRaw(readSpans(payload, 'protobuf').spans))).toBe(show(withIds(oracleSpans(payload))));
  });

  it('agrees with the official decoder on mutated requests wherever both can read them', () => {
    const random = mulberry32(20260701);
    const bodies = TRACE_FIXTURES.map((name) => fixture(`${name}.bin`)).filter((body) => body.length > 0);
    let agreed = 0;
    for (let round = 0; round < 2500; round++) {
      const body = Buffer.from(bodies[round % bodies.length]!);
      for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
        const at = Math.floor(random() * body.length);
        body[at] = random() < 0.5 ? Math.floor(random() * 256) : body[at]! ^ (1 << Math.floor(random() * 8));
      }
      let official: unknown[];
      try {
        official = withIds(oracleSpans(body));
      } catch {
        continue;
      }
      const read = readSpans(body, 'protobuf');
      if (read.rejected.some(({ reason }) => reason.startsWith('not a valid'))) {
        throw new Error(`round ${round}: only the official decoder can read it: ${read.rejected[0]?.reason}`);
      }
      expect(`${round} ${show(withoutRaw(read.spans))}`).toBe(`${round} ${show(official)}`);
      agreed++;
    }
    expect(agreed).toBeGreaterThan(500);
  });

  it('ends with an invalid_request or fewer spans for random bytes, never otherwise', () => {
    const random = mulberry32(7);
    for (let round = 0; round < 3000; round++) {
      const body = Buffer.from(
        Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)),
      );
      if (round % 2 === 0 && body.length > 0) body[0] = 0x0a;
      try {
        readSpans(body, 'protobuf');
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).code).toBe('invalid_request');
      }
    }
  });

  it('gives the span as it lies in the payload', () => {
    const payload = fixture('doc-threads.bin');
    const { spans } = readSpans(payload, 'protobuf');
    expect(spans.length).toBe(11);
    for (const span of spans) expect(payload.includes(Buffer.from(span.raw))).toBe(true);
    expect(spans[0]!.raw.buffer).toBe(payload.buffer);
  });

  it('keeps 64-bit ints, duplicates, bytes and empty values exact', () => {
    const span = readSpans(fixture('synthetic-edge-values.bin'), 'protobuf').spans[0]!;
    const get = (key: string): unknown => span.attributes.get(key);
    expect(get('int64.max')).toBe(9223372036854775807n);
    expect(get('int64.min')).toBe(-9223372036854775808n);
    expect(get('no.value')).toBeNull();
    expect(get('empty.any')).toBeNull();
    expect(Buffer.from(get('bytes') as Uint8Array).toString('hex')).toBe('0001feff');
    expect(span.attributes.keys.filter((key) => key === 'dup')).toHaveLength(2);
    expect(get('dup')).toBe('second');
    expect(get('nested')).toBeInstanceOf(KeyValues);
  });

  it('passes over unknown fields of every wire type, groups included', () => {
    const unknown = protobuf.Writer.create()
      .uint32((900 << 3) | 0)
      .uint64(2 ** 40)
      .uint32((901 << 3) | 1)
      .fixed64(1)
      .uint32((902 << 3) | 2)
      .string('x')
      .uint32((903 << 3) | 3)
      .uint32((1 << 3) | 3)
      .uint32((2 << 3) | 0)
      .uint32(5)
      .uint32((1 << 3) | 4)
      .uint32((903 << 3) | 4)
      .uint32((904 << 3) | 5)
      .fixed32(1)
      .finish();
    const span = ExportTraceServiceRequest.encode({
      resourceSpans: [
        {
          scopeSpans: [{ spans: [{ traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), name: 'n' }] }],
        },
      ],
    }).finish();
    const read = readSpans(Buffer.concat([unknown, span, unknown]), 'protobuf');
    expect(read.spans.map(({ name }) => name)).toEqual(['n']);
  });

  it('refuses values nested without end', () => {
    let value = Buffer.from([0x0a, 0x01, 0x78]);
    for (let depth = 0; depth < 3000; depth++) {
      const array = protobuf.Writer.create().uint32(0x0a).bytes(value).finish();
      value = Buffer.from(protobuf.Writer.create().uint32(0x2a).bytes(array).finish());
    }
    const pair = protobuf.Writer.create().uint32(0x0a).string('k').uint32(0x12).bytes(value).finish();
    const span = protobuf.Writer.create()
      .uint32(0x0a)
      .bytes(Buffer.alloc(16, 1))
      .uint32(0x12)
      .bytes(Buffer.alloc(8, 2))
      .uint32(0x4a)
      .bytes(pair)
      .finish();
    const scopeSpans = protobuf.Writer.create().uint32(0x12).bytes(span).finish();
    const resourceSpans = protobuf.Writer.create().uint32(0x12).bytes(scopeSpans).finish();
    const request = protobuf.Writer.create().uint32(0x0a).bytes(resourceSpans).finish();
    const read = readSpans(request, 'protobuf');
    expect(read.spans).toEqual([]);
    expect(read.rejected[0]?.reason).toContain('nested deeper');
  });
});
