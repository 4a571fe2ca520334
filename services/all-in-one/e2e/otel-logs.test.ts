import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAllInOne } from '../src/start.ts';
import { apiKey, newProject, openStack, PATIENT, type ReadCall, type Stack } from './stack.ts';

/** A call has the content that log records tell of its span, whenever and however they come. */

let stack: Stack;
beforeAll(async () => {
  stack = await openStack();
});
afterAll(() => stack.stop());

type Record = { timeUnixNano: string } & { readonly [name: string]: unknown };
type Signal = 'traces' | 'logs';

const fixture = (file: string, encoding: BufferEncoding = 'utf8') =>
  readFile(new URL(`../../../libs/otlp/fixtures/${file}`, import.meta.url), encoding);
const spans = async () => JSON.parse(await fixture('otel-genai-chat.json')) as object;
const logRecords = async () =>
  (
    JSON.parse(await fixture('otel-genai-chat-logs.json')) as {
      resourceLogs: { scopeLogs: { logRecords: Record[] }[] }[];
    }
  ).resourceLogs[0]!.scopeLogs[0]!.logRecords;
const request = (...records: Record[]) => ({ resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] });

/** The captures name a project of their own, and every test must have one for itself: named otherwise, the header decides. */
const unrouted = (text: string) => text.replaceAll('wandb.entity', 'other.entity');

async function send(project: string, signal: Signal, body: object): Promise<void> {
  const res = await stack.send(`/otel/v1/${signal}`, unrouted(JSON.stringify(body)), {
    'content-type': 'application/json',
    project_id: project,
  });
  expect([res.status, await res.json()]).toEqual([200, {}]);
}

async function onlyCall(project: string): Promise<ReadCall> {
  const calls = await stack.lines<ReadCall>('/calls/stream_query', { project_id: project });
  expect(calls).toHaveLength(1);
  return calls[0]!;
}

const INPUTS = {
  'gen_ai.input.messages': [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: 'Describe OTel in a single sentence.' },
  ],
};
const OUTPUT = {
  'gen_ai.output.messages': [
    {
      role: 'assistant',
      finish_reason: 'stop',
      index: 0,
      message: { content: 'OpenTelemetry is a vendor-neutral standard for traces, metrics and logs.' },
    },
  ],
};

describe('log records of a span', () => {
  type Way = [name: string, send: (project: string, records: Record[], span: object) => Promise<void>];
  const ways: Way[] = [
    [
      'after the span',
      async (project, records, span) => {
        await send(project, 'traces', span);
        await send(project, 'logs', request(...records));
      },
    ],
    [
      'before the span',
      async (project, records, span) => {
        await send(project, 'logs', request(...records));
        await send(project, 'traces', span);
      },
    ],
    [
      'one by one, the last first, around the span',
      async (project, records, span) => {
        await send(project, 'logs', request(records[2]!));
        await send(project, 'traces', span);
        await send(project, 'logs', request(records[1]!));
        await send(project, 'logs', request(records[0]!));
      },
    ],
    [
      'twice, whole and in pieces, with the span twice',
      async (project, records, span) => {
        await send(project, 'logs', request(records[1]!, records[1]!));
        await send(project, 'logs', request(...records));
        await send(project, 'traces', span);
        await send(project, 'logs', request(...records, ...records));
        await send(project, 'traces', span);
        await send(project, 'logs', request(records[0]!));
      },
    ],
    [
      'all at once',
      async (project, records, span) => {
        await Promise.all([
          send(project, 'traces', span),
          ...records.map((record) => send(project, 'logs', request(record))),
        ]);
      },
    ],
    [
      'seen days later',
      async (project, records, span) => {
        await send(project, 'traces', span);
        const later = records.map((record) => ({ ...record, observedTimeUnixNano: '1895234087249000000' }));
        await send(project, 'logs', request(...later));
        await send(project, 'logs', request(...records));
      },
    ],
  ];

  it.each(ways)('that come %s make the same call', async (_, sendAll) => {
    const project = newProject('otel-logs');
    await sendAll(project, await logRecords(), await spans());
    const call = await onlyCall(project);
    expect([call.inputs, call.output]).toEqual([INPUTS, OUTPUT]);
    expect(call.summary.weave.status).toBe('success');
    const found = await stack.lines<ReadCall>('/calls/stream_query', {
      project_id: project,
      query: {
        $expr: {
          $contains: { input: { $getField: 'output' }, substr: { $literal: 'vendor-neutral standard' } },
        },
      },
    });
    expect(found.map(({ id }) => id)).toEqual([call.id]);
  });

  it('days apart in their own times stand in that order', async () => {
    const project = newProject('otel-logs');
    const [system, user, choice] = (await logRecords()) as [Record, Record, Record];
    await send(project, 'logs', request({ ...choice, timeUnixNano: '1795500000000000000' }));
    await send(project, 'logs', request({ ...user, timeUnixNano: '1795100000000000000' }));
    await send(project, 'traces', await spans());
    await send(project, 'logs', request({ ...system, timeUnixNano: '1795200000000000000' }));
    const call = await onlyCall(project);
    const [first, second] = INPUTS['gen_ai.input.messages'];
    expect(call.inputs).toEqual({ 'gen_ai.input.messages': [second, first] });
    expect(call.output).toEqual(OUTPUT);
  });

  it.each(['otel-genai-chat', 'openlit-chat'])('of %s are read alike from both encodings', async (name) => {
    const read = async (extension: 'bin' | 'json') => {
      const project = newProject('otel-logs');
      for (const [signal, file] of [
        ['logs', `${name}-logs`],
        ['traces', name],
      ] as const) {
        // Latin-1 keeps every byte; the two names are of one length.
        const body = Buffer.from(unrouted(await fixture(`${file}.${extension}`, 'latin1')), 'latin1');
        const contentType = extension === 'json' ? 'application/json' : 'application/x-protobuf';
        const res = await stack.send(`/otel/v1/${signal}`, body, {
          'content-type': contentType,
          project_id: project,
        });
        expect(res.status).toBe(200);
      }
      const { inputs, output } = await onlyCall(project);
      return { inputs, output };
    };
    const fromJson = await read('json');
    expect(await read('bin')).toEqual(fromJson);
    expect(JSON.stringify(fromJson.inputs)).toContain('Describe OTel in a single sentence.');
    expect(JSON.stringify(fromJson.output)).toContain('vendor-neutral standard');
  });

  it('never take the place of what the span itself says', async () => {
    const project = newProject('otel-logs');
    const [record] = (await logRecords()) as [Record];
    const { traceId, spanId } = record as unknown as { traceId: string; spanId: string };
    await send(project, 'logs', request(...(await logRecords())));
    const attributes = [{ key: 'input.value', value: { stringValue: '{"own":1}' } }];
    const span = { traceId, spanId, name: 'own', startTimeUnixNano: '1795234087249000000', attributes };
    await send(project, 'traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    expect(await onlyCall(project)).toMatchObject({ inputs: { 'input.value': { own: 1 } }, output: OUTPUT });
  });
});

describe('the result of an evaluation', () => {
  const told = [
    { key: 'gen_ai.evaluation.name', value: { stringValue: 'relevance' } },
    { key: 'gen_ai.evaluation.score.value', value: { doubleValue: 0.5 } },
    { key: 'gen_ai.evaluation.score.label', value: { stringValue: 'fair' } },
    { key: 'gen_ai.evaluation.explanation', value: { stringValue: 'half of it' } },
  ];
  const event = { timeUnixNano: '1795234087300000000', attributes: told };

  it('is feedback on the call, once, told as a span event, as a log record, or both', async () => {
    const project = newProject('otel-logs');
    const [record] = (await logRecords()) as [Record];
    const { traceId, spanId } = record as unknown as { traceId: string; spanId: string };
    const events = [{ ...event, name: 'gen_ai.evaluation.result' }];
    const span = { traceId, spanId, name: 's', startTimeUnixNano: '1795234087249000000', events };
    const log = { ...event, traceId, spanId, eventName: 'gen_ai.evaluation.result' };
    for (let time = 0; time < 2; time++) {
      await send(project, 'logs', request(log));
      await send(project, 'traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    }
    const { result } = await stack.post<{ result: unknown[] }>('/feedback/query', { project_id: project });
    expect(result).toEqual([
      expect.objectContaining({
        feedback_type: 'otel.evaluation',
        weave_ref: `weave:///${project}/call/${spanId}`,
        payload: { name: 'relevance', score: 0.5, label: 'fair', explanation: 'half of it' },
        created_at: expect.stringContaining('2026-11-21'),
      }),
    ]);
  });
});

describe('a server of its own', () => {
  it('joins records and spans that come before and after a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'weft-otel-logs-'));
    const project = newProject('otel-logs');
    const records = await logRecords();
    const withServer = async <T>(
      work: (post: (path: string, body: string) => Promise<string>) => Promise<T>,
    ) => {
      const server = await startAllInOne({ dataDir, env: PATIENT });
      try {
        return await work(async (path, body) => {
          const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
          const headers = { 'content-type': 'application/json', project_id: project, authorization };
          const res = await fetch(server.url + path, { method: 'POST', body, headers });
          expect(res.status).toBe(200);
          return await res.text();
        });
      } finally {
        await server.stop();
      }
    };
    try {
      await withServer((post) => post('/otel/v1/logs', unrouted(JSON.stringify(request(records[1]!)))));
      await withServer(async (post) => {
        await post('/otel/v1/traces', unrouted(JSON.stringify(await spans())));
        await post('/otel/v1/logs', unrouted(JSON.stringify(request(records[2]!))));
      });
      const text = await withServer(async (post) => {
        await post('/otel/v1/logs', unrouted(JSON.stringify(request(records[0]!, records[1]!))));
        return await post('/calls/stream_query', JSON.stringify({ project_id: project }));
      });
      expect(JSON.parse(text)).toMatchObject({ inputs: INPUTS, output: OUTPUT });
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 120_000);
});
