import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { readSpans } from './read.ts';
import { splitTraceRequest } from './split.ts';
import { jsonBody, protobufBody, requestJson, spanJson, split } from './testing/build.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';
import { oracleSpans } from './testing/oracle.ts';

const refusal = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('was accepted');
};
const hexId = (n: number, bytes: number): string => n.toString(16).padStart(bytes * 2, '0');
const named = (i: number, trace = 1): Record<string, unknown> =>
  spanJson({ i }, { traceId: hexId(trace, 16), spanId: hexId(i + 1, 8), name: `span ${i}` });

describe('splitTraceRequest', () => {
  it.each(TRACE_FIXTURES)(
    'keeps every accepted span of %s byte for byte, in both forms of grouping',
    (name) => {
      const body = fixture(`${name}.bin`);
      const ids = (payload: Uint8Array): string[] =>
        (oracleSpans(payload) as { spanId: string; traceId: string }[])
          .map((s) => `${s.traceId}/${s.spanId}`)
          .sort();
      for (const groupOf of [undefined, () => 'all']) {
        const { groups, spanCount, rejectedSpans } = split(body, 'protobuf', { ...(groupOf && { groupOf }) });
        expect(spanCount + rejectedSpans).toBe(ids(body).length);
        const sent = readSpans(body, 'protobuf').spans;
        const kept = groups.flatMap(({ payload }) => readSpans(payload, 'protobuf').spans);
        expect(kept.length).toBe(spanCount);
        const strip = (spans: typeof kept): unknown[] =>
          spans
            .map((span) => ({
              raw: Buffer.from(span.raw).toString('hex'),
              resource: span.resource,
              scope: span.scope,
            }))
            .sort((a, b) => (a.raw < b.raw ? -1 : 1));
        const keptRaw = new Set(kept.map(({ raw }) => Buffer.from(raw).toString('hex')));
        expect(strip(kept)).toEqual(
          strip(sent.filter(({ raw }) => keptRaw.has(Buffer.from(raw).toString('hex')))),
        );
        for (const group of groups) expect(oracleSpans(group.payload)).toHaveLength(group.spanCount);
      }
    },
  );

  it('hands the body itself on when all of it goes one way', () => {
    const body = fixture('openinference-chat.bin');
    expect(split(body, 'protobuf').groups.map(({ payload }) => payload.buffer === body.buffer)).toEqual([
      true,
    ]);
  });

  it('groups by project and trace, or by the key of the caller', () => {
    const body = protobufBody(requestJson([named(0, 1), named(1, 2), named(2, 1), named(3, 3)]));
    const byTrace = split(body, 'protobuf').groups;
    expect(byTrace.map(({ traceId, spanCount }) => [traceId, spanCount])).toEqual([
      [hexId(1, 16), 2],
      [hexId(2, 16), 1],
      [hexId(3, 16), 1],
    ]);
    const groupOf = (projectId: string, traceId: string): string =>
      `${projectId} ${Number.parseInt(traceId, 16) % 2}`;
    const byParity = split(body, 'protobuf', { groupOf }).groups;
    expect(byParity.map(({ spanCount }) => spanCount)).toEqual([3, 1]);
    expect(readSpans(byParity[0]!.payload, 'protobuf').spans.map(({ name }) => name)).toEqual([
      'span 0',
      'span 2',
      'span 3',
    ]);
  });

  it('routes by resource attributes, then by header, and never mixes projects', () => {
    const body = fixture('synthetic-multi-project.bin');
    const routed = split(body, 'protobuf', { groupOf: () => 'one key for all' });
    expect(routed.groups.map(({ projectId, spanCount }) => [projectId, spanCount])).toEqual([
      ['acme/proj-a', 1],
      ['acme/proj-b', 1],
      ['acme/otel-lab', 1],
    ]);
    expect(routed.warnings).toEqual([expect.stringContaining('1 of 3 spans')]);
    const headerless = split(body, 'protobuf', { headerProject: null });
    expect(headerless.spanCount).toBe(2);
    expect(headerless.rejectedSpans).toBe(1);
    expect(headerless.rejected).toEqual([
      expect.objectContaining({
        name: 'no-routing',
        spanId: '00000000a0000029',
        reason: expect.stringContaining('wandb.entity'),
      }),
    ]);
    const fallback = split(body, 'protobuf', { headerProject: null, defaultProject: 'me/default' });
    expect(fallback.groups.map(({ projectId }) => projectId)).toContain('me/default');
  });

  it('reads a percent-encoded header, and says what is wrong with a bad one', () => {
    const body = protobufBody(requestJson([named(0)]));
    expect(split(body, 'protobuf', { headerProject: 'acme%2Fproj' }).groups[0]?.projectId).toBe('acme/proj');
    expect(refusal(() => split(body, 'protobuf', { headerProject: null })).message).toContain('no project');
    expect(refusal(() => split(body, 'protobuf', { headerProject: 'no-slash' })).code).toBe(
      'invalid_request',
    );
  });

  it('does not warn when every span is routed in the same way', () => {
    expect(split(protobufBody(requestJson([named(0)])), 'protobuf').warnings).toEqual([]);
  });

  it.each(['protobuf', 'json'] as const)('rejects spans with invalid ids only (%s)', (encoding) => {
    const body = fixture(`synthetic-edge-ids-times.${encoding === 'json' ? 'json' : 'bin'}`);
    const result = split(body, encoding);
    expect(result.spanCount).toBe(12);
    expect(result.rejectedSpans).toBe(4);
    expect(result.rejected.map(({ name }) => name)).toEqual([
      'zero-trace',
      'zero-span',
      'short-trace',
      'no-ids',
    ]);
    for (const { reason } of result.rejected) expect(reason).toMatch(/invalid (?:trace|span) id/);
  });

  it.each(['protobuf', 'json'] as const)('accepts every span of colliding keys (%s)', (encoding) => {
    const body = fixture(`synthetic-edge-conflicts.${encoding === 'json' ? 'json' : 'bin'}`);
    expect(split(body, encoding)).toMatchObject({ spanCount: 5, rejectedSpans: 0, warnings: [] });
  });

  it.each([
    ['openlit-chat-logs.bin', 'protobuf'],
    ['openlit-chat-logs.json', 'json'],
    ['otel-genai-chat-logs.bin', 'protobuf'],
    ['otel-genai-chat-logs.json', 'json'],
  ] as const)('names the logs path for %s', (file, encoding) => {
    const error = refusal(() => split(fixture(file), encoding));
    expect(error.code).toBe('invalid_request');
    expect(error.message).toContain('/otel/v1/logs');
  });

  it('answers a request cut at any byte with 400', () => {
    for (const name of ['synthetic-semconv-structured', 'doc-threads', 'synthetic-edge-values']) {
      const body = fixture(`${name}.bin`);
      let refused = 0;
      for (let length = 1; length < body.length; length++) {
        try {
          // Cut between two envelopes it is a shorter valid request.
          split(body.subarray(0, length), 'protobuf');
        } catch (error) {
          expect((error as AppError).code).toBe('invalid_request');
          refused++;
        }
      }
      expect(refused).toBe(body.length - 1);
    }
  });

  it('isolates a span whose inside is broken, and refuses a request of nothing else', () => {
    const good = protobufBody(requestJson([named(0), named(1), named(2)]));
    const at = good.indexOf('span 1');
    // The name's length now reaches beyond its span.
    const broken = Buffer.from(good);
    broken[at - 1] = 0x7f;
    const result = split(broken, 'protobuf');
    expect(result.spanCount).toBe(2);
    expect(result.rejected).toEqual([{ reason: expect.stringContaining('not a valid OTLP trace request') }]);
    expect(
      result.groups.flatMap(({ payload }) => readSpans(payload, 'protobuf').spans.map(({ name }) => name)),
    ).toEqual(['span 0', 'span 2']);
    const only = protobufBody(requestJson([named(1)]));
    only[only.indexOf('span 1') - 1] = 0x7f;
    expect(refusal(() => split(only, 'protobuf')).code).toBe('invalid_request');
  });

  it('finds what is broken deep inside attributes before saying yes', () => {
    const body = protobufBody(
      requestJson([named(0), spanJson({ a: { b: ['text'] } }, { spanId: hexId(9, 8) })]),
    );
    const at = body.indexOf('text');
    const broken = Buffer.from(body);
    broken[at - 1] = 0x40;
    expect(split(broken, 'protobuf')).toMatchObject({ spanCount: 1, rejectedSpans: 1 });
  });

  it.each([
    ['no bytes', Buffer.alloc(0), 'protobuf'],
    ['{}', Buffer.from('{}'), 'json'],
    ['empty envelopes', protobufBody({ resourceSpans: [{}, { scopeSpans: [{}] }] }), 'protobuf'],
    [
      'null members',
      jsonBody({ resourceSpans: [{ resource: null, scopeSpans: [{ scope: null, spans: null }] }] }),
      'json',
    ],
  ] as const)('takes an empty request for success: %s', (_name, body, encoding) => {
    expect(splitTraceRequest(body, { encoding, headerProject: null })).toMatchObject({
      groups: [],
      spanCount: 0,
      rejectedSpans: 0,
    });
  });

  it('does not multiply a large resource by its traces', () => {
    const spans = Array.from({ length: 200 }, (_, i) => named(i, i + 1));
    const body = protobufBody(requestJson(spans, { large: 'x'.repeat(1_000_000) }));
    expect(refusal(() => split(body, 'protobuf')).code).toBe('request_too_large');
    expect(split(body, 'protobuf', { groupOf: (_project, trace) => trace.slice(-1) }).groups).toHaveLength(
      16,
    );
  });

  it('counts all rejected spans and describes twenty', () => {
    const spans = Array.from({ length: 50 }, (_, i) => spanJson({}, { spanId: '', name: `bad ${i}` }));
    for (const encoding of ['protobuf', 'json'] as const) {
      const request = requestJson([named(0), ...spans]);
      const result = split(encoding === 'json' ? jsonBody(request) : protobufBody(request), encoding);
      expect(result.rejectedSpans).toBe(50);
      expect(result.rejected).toHaveLength(20);
    }
  });
});
