import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { TraceEvent } from '@weft/model';
import { createOpPlaceholders } from './spans-to-rows.ts';
import { RowBatch } from './to-rows.ts';

const fixtures = new URL('../../../libs/otlp/fixtures/', import.meta.url);
const captured = readFileSync(new URL('otel-genai-chat-logs.bin', fixtures));

function event(payload: Uint8Array, more: Partial<TraceEvent> = {}): TraceEvent {
  return {
    kind: 'otlp.logs',
    projectId: 'acme/otel-lab',
    id: 'd30ee08bf4c26a7410ace66ea4dec081',
    userId: 'ada',
    receivedAtUs: 1,
    note: '',
    payload,
    ...more,
  };
}

function batchOf(...events: TraceEvent[]): RowBatch {
  const batch = new RowBatch(createOpPlaceholders());
  for (const each of events) batch.add(each);
  return batch;
}

/** One resource with these records, as they are. */
function requestOf(...records: Buffer[]): Buffer {
  // Lengths of two bytes, whether needed or not.
  const framed = (tag: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([tag, (bytes.length & 0x7f) | 0x80, bytes.length >> 7]), bytes]);
  return framed(0x0a, framed(0x12, Buffer.concat(records.map((record) => framed(0x12, record)))));
}

const IDS = `4a10${'ab'.repeat(16)}5208${'cd'.repeat(8)}`;
const text = (tag: string, value: string) =>
  tag + Buffer.from([value.length]).toString('hex') + Buffer.from(value).toString('hex');

describe('log records', () => {
  it('become parts of the calls of their spans', () => {
    const { rows, rejected } = batchOf(event(captured));
    expect(rejected).toEqual([]);
    expect(rows.calls).toHaveLength(3);
    for (const part of rows.calls)
      expect(part).toEqual({
        projectId: 'acme/otel-lab',
        id: '8b3afd7a1da43ae0',
        spanTraceId: 'd30ee08bf4c26a7410ace66ea4dec081',
        logs: [{ hash: expect.any(BigInt), bytes: expect.any(Uint8Array) }],
      });
  });

  it('that cannot be read make a dead letter of their event, and the others are stored', () => {
    const good = Buffer.from(IDS + text('62', 'gen_ai.choice'), 'hex');
    const bad = Buffer.from('2a050aff', 'hex');
    const batch = batchOf(event(requestOf(bad, good)));
    expect(batch.rows.calls).toHaveLength(1);
    expect(batch.rejected).toEqual([
      { event: expect.anything(), reason: expect.stringMatching(/^Rejected log record/) },
    ]);
    expect(batch.tally([]).results).toEqual({ dead_lettered: 1, superseded: 0, stored: 0 });
  });

  it('whose event is none make a dead letter', () => {
    const batch = batchOf(event(Buffer.from([0x0a, 0xff])), event(captured));
    expect(batch.rows.calls).toHaveLength(3);
    expect(batch.rejected).toHaveLength(1);
    expect(batch.tally([]).rejectedBy).toEqual(new Map([['undecodable', 1]]));
  });

  it('with the result of an evaluation are feedback with one id, whoever tells it again', () => {
    const pair = (key: string, value: string) => {
      const inner = text('0a', key) + '12' + Buffer.from([value.length / 2]).toString('hex') + value;
      return '32' + Buffer.from([inner.length / 2]).toString('hex') + inner;
    };
    const result = (score: string, observed: string) =>
      requestOf(
        Buffer.from(
          IDS + text('62', 'gen_ai.evaluation.result') + '0900a0724e18090000' + `59${observed.repeat(8)}` +
            pair('gen_ai.evaluation.name', text('0a', 'tone')) + pair('gen_ai.evaluation.score.value', `18${score}`),
          'hex',
        ),
      ); // prettier-ignore
    const { rows } = batchOf(
      event(result('01', '00')),
      event(result('01', '05'), { receivedAtUs: 9 }),
      event(result('02', '00')),
    );
    const [first, again, other] = rows.feedback;
    expect(first).toMatchObject({
      feedbackType: 'otel.evaluation',
      weaveRef: `weave:///acme/otel-lab/call/${'cd'.repeat(8)}`,
      userId: 'ada',
      createdAtUs: 10_000_000_000,
      scorer: { ratings: [['tone', 1]] },
    });
    expect(first!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Buffer.from(first!.payload).toString()).toBe('{"name":"tone","score":1}');
    expect(again).toEqual(first);
    expect(other!.id).not.toBe(first!.id);
  });
});
