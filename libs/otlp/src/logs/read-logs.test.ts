import { describe, expect, it } from '@jest/globals';
import { parsed, SPAN, TRACE, attributes } from '../testing/build.ts';
import { LOG_FIXTURES, logsOf, logsOfRecords, recordJson } from '../testing/build-logs.ts';
import { fixture } from '../testing/fixtures.ts';
import { readLogs } from './read-logs.ts';

describe('readLogs', () => {
  it('keeps a record exactly', () => {
    const [read] = logsOfRecords(
      recordJson(
        'gen_ai.user.message',
        { content: 'hi', __proto__x: 1 },
        {
          severityText: 'INFO',
          flags: 257,
          droppedAttributesCount: 3,
          attributes: [
            ...attributes([
              ['__proto__', 2n ** 62n],
              ['dup', 1],
              ['dup', 'two'],
            ]),
            { key: 'nan', value: { doubleValue: 'NaN' } },
            { key: 'bytes', value: { bytesValue: '3q2+7w==' } },
          ],
        },
      ),
    );
    expect([read!.traceId, read!.spanId]).toEqual([TRACE, SPAN]);
    expect(parsed(read!.log.bytes)).toEqual({
      v: 1,
      time: '1767225600000000001',
      name: 'gen_ai.user.message',
      severity: [9, 'INFO'],
      body: {
        m: [
          ['content', 'hi'],
          ['__proto__x', 1],
        ],
      },
      attributes: [
        ['__proto__', { i: String(2n ** 62n) }],
        ['dup', 1],
        ['dup', 'two'],
        ['nan', { d: 'NaN' }],
        ['bytes', { b: '3q2+7w==' }],
      ],
      observed: '1767225600000000002',
      flags: 257,
      dropped: 3,
      resource: { attributes: [] },
      scope: { name: 'test', version: '1' },
    });
  });

  it.each(LOG_FIXTURES)('reads %s alike from both encodings, each record once', (name) => {
    const fromProtobuf = logsOf(fixture(`${name}.bin`), 'protobuf');
    expect(logsOf(fixture(`${name}.json`), 'json')).toEqual(fromProtobuf);
    const hashes = fromProtobuf.map(({ log }) => log.hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    for (const hash of hashes) expect(hash > 0n && hash < 1n << 61n).toBe(true);
  });

  it('knows a record again whoever passed it on, and tells others apart', () => {
    const hashOf = (body: unknown, more: Record<string, unknown> = {}): bigint =>
      logsOfRecords(recordJson('gen_ai.choice', body, more))[0]!.log.hash;
    const hash = hashOf('a');
    expect(hashOf('a', { observedTimeUnixNano: '9' })).toBe(hash);
    for (const [body, more] of [
      ['b', {}],
      ['a', { timeUnixNano: '7' }],
      ['a', { eventName: 'gen_ai.other' }],
      ['a', { severityNumber: 10 }],
      ['a', { attributes: attributes({ x: 1 }) }],
    ] as const)
      expect(hashOf(body, more)).not.toBe(hash);
    const twice = recordJson('gen_ai.choice', 'a');
    expect(logsOfRecords(twice, twice, { ...twice, observedTimeUnixNano: '5' })).toHaveLength(1);
  });

  it('takes the time a record was seen where it has none', () => {
    const timeOf = (more: Record<string, unknown>) =>
      parsed(logsOfRecords(recordJson('gen_ai.choice', 'a', more))[0]!.log.bytes).time;
    expect(timeOf({ timeUnixNano: null })).toBe('1767225600000000002');
    expect(timeOf({ timeUnixNano: '0', observedTimeUnixNano: '0' })).toBe('0');
  });

  it('leaves a huge resource to the spans', () => {
    const record = recordJson('gen_ai.choice', 'a');
    const body = Buffer.from(
      JSON.stringify({
        resourceLogs: [
          {
            resource: { attributes: attributes({ big: 'x'.repeat(100_000) }) },
            scopeLogs: [{ logRecords: [record] }],
          },
        ],
      }),
    );
    const [read] = logsOf(body, 'json');
    expect(read!.log.bytes.length).toBeLessThan(1000);
    expect(parsed(read!.log.bytes).resource).toBeUndefined();
  });

  it('tells what it cannot read beside what it can', () => {
    const payload = Buffer.from(
      // A record whose body reaches beyond it, and one without ids.
      '0a0f120d12042a050aff12052a030a0161',
      'hex',
    );
    expect(readLogs(payload)).toEqual({
      logs: [],
      rejected: [
        { reason: expect.stringContaining('OTLP logs request') },
        { reason: expect.stringContaining('invalid trace id'), name: '', traceId: '', spanId: '' },
      ],
    });
  });

  it('finds the result of an evaluation', () => {
    const told = {
      'gen_ai.evaluation.name': 'relevance',
      'gen_ai.evaluation.score.value': 0.75,
      'gen_ai.evaluation.score.label': 'good',
      'gen_ai.evaluation.explanation': 'to the point',
    };
    const asAttributes = recordJson('gen_ai.evaluation.result', null, { attributes: attributes(told) });
    for (const record of [asAttributes, recordJson('gen_ai.evaluation.result', told)]) {
      const [read] = logsOfRecords(record);
      expect({ ...read!.evaluation, payload: parsed(read!.evaluation!.payload) }).toEqual({
        name: 'relevance',
        score: 0.75,
        explanation: 'to the point',
        atUs: 1767225600000000,
        payload: { name: 'relevance', score: 0.75, label: 'good', explanation: 'to the point' },
      });
    }
    expect(logsOfRecords(recordJson('gen_ai.evaluation.result'))[0]!.evaluation).toBeNull();
    expect(logsOfRecords(recordJson('gen_ai.choice', told))[0]!.evaluation).toBeNull();
  });
});
