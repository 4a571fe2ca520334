import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '@weft/model';
import { isPromised, mulberry32, mutate } from '@weft/testkit';
import { readSpans } from './read.ts';
import type { Encoding } from './span.ts';
import { spanToCall } from './span-to-call.ts';
import { splitTraceRequest } from './split.ts';
import { fixture, TRACE_FIXTURES } from './testing/fixtures.ts';

/**
 * What the gateway accepts the writer must be able to read and map, and whatever is sent is answered: an AppError is a 4xx,
 * anything else would be a 5xx and lost data. A million bodies where CI runs, fewer at a desk.
 */
const BODIES = isPromised('clickhouse') ? 1_000_000 : 60_000;
/** Longer bodies find nothing more and take longer. */
const MAX_BYTES = 6000;
const MIB = 1024 * 1024;

describe.each(['protobuf', 'json'] as const)('mutated %s requests', (encoding) => {
  it('are refused with a reason, or become calls', () => {
    const bodies = bodiesOf(encoding);
    const random = mulberry32(encoding.length);
    const before = liveBytes();
    const seen = { refused: 0, rejected: 0, calls: 0 };
    let slowestMs = 0;
    for (let round = 0; round < BODIES / 2; round++) {
      const body = mutate(
        bodies[round % bodies.length]!,
        bodies[(round * 7) % bodies.length]!,
        encoding,
        random,
      );
      const start = performance.now();
      try {
        drive(body, encoding, seen);
      } catch (error) {
        if (!(error instanceof AppError))
          throw new Error(`round ${round}: ${describeBody(body)}`, { cause: error });
        if (error.retryable || error.message.length < 4)
          throw new Error(`round ${round}: no reason`, { cause: error });
        seen.refused++;
      }
      slowestMs = Math.max(slowestMs, performance.now() - start);
    }
    expect(seen.refused).toBeGreaterThan(BODIES / 100);
    expect(seen.calls).toBeGreaterThan(BODIES / 100);
    expect(seen.rejected).toBeGreaterThan(BODIES / 1000);
    // A hang, not a slow machine.
    expect(slowestMs).toBeLessThan(5000);
    expect(liveBytes() - before).toBeLessThan(64 * MIB);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 900_000);

  it('that are cut off anywhere are refused, or keep whole spans', () => {
    for (const body of bodiesOf(encoding).filter(({ length }) => length < 3000)) {
      for (let end = 0; end < body.length; end++) {
        try {
          drive(body.subarray(0, end), encoding, { refused: 0, rejected: 0, calls: 0 });
        } catch (error) {
          if (!(error instanceof AppError)) throw new Error(`cut at ${end}`, { cause: error });
        }
      }
    }
  }, 300_000);
});

function bodiesOf(encoding: Encoding): Buffer[] {
  const extension = encoding === 'json' ? 'json' : 'bin';
  return TRACE_FIXTURES.map((name) => fixture(`${name}.${extension}`)).filter(
    ({ length }) => length > 0 && length < MAX_BYTES,
  );
}

function drive(
  body: Buffer,
  encoding: Encoding,
  seen: { rejected: number; calls: number; refused: number },
): void {
  const split = splitTraceRequest(body, { encoding, headerProject: 'acme/fuzz' });
  seen.rejected += split.rejectedSpans;
  let spanCount = 0;
  for (const group of split.groups) {
    const { spans, rejected } = readSpans(group.payload, group.encoding);
    if (rejected.length > 0 || spans.length !== group.spanCount)
      throw new Error(`accepted, but the writer cannot read it: ${rejected[0]?.reason}`);
    spanCount += spans.length;
    for (const span of spans) {
      const call = spanToCall(span, { projectId: group.projectId, userId: null });
      seen.calls++;
      // What is stored is JSON, whatever was sent.
      if (seen.calls % 16 === 0)
        for (const json of [
          call.start.inputs,
          call.start.attributes,
          call.start.otelDump!,
          call.end.output,
          call.end.summary,
        ])
          JSON.parse(Buffer.from(json).toString());
    }
  }
  if (spanCount !== split.spanCount) throw new Error(`${split.spanCount} spans accepted, ${spanCount} read`);
}

/** What is still referenced. The resident size would tell when V8 last found it worth collecting. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function describeBody(body: Buffer): string {
  return body.length > 4096 ? `${body.length} bytes` : body.toString('base64');
}
