import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import {
  AppError,
  encodeAliases,
  encodeObject,
  encodeStoredFile,
  encodeTags,
  nowUs,
  type EventKind,
  type TraceEvent,
} from '@weft/model';
import { createLogger, createMetrics, type Metrics } from '@weft/runtime';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  type StoredCall,
  type TraceReader,
  type TraceWriter,
} from '@weft/trace-store';
import { eventually } from '@weft/testkit';
import { createWriter, WRITER_GROUP } from './writer.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const config = {
  WRITER_BATCH_MAX_EVENTS: 1000,
  WRITER_BATCH_MAX_BYTES: 1 << 20,
  WRITER_REJECTED_MAX_PERCENT: 1,
  WEAVE_ENABLE_ONLINE_EVAL: false,
  WEFT_EXTRACT_CONTENT: true,
};
const spansFile = new URL('../../../libs/otlp/fixtures/openinference-chat.bin', import.meta.url);

function event(kind: EventKind, id: string, payload: string | Uint8Array, note = ''): TraceEvent {
  return {
    kind,
    projectId: 'acme/otel-lab',
    id,
    userId: 'ada',
    receivedAtUs: nowUs(),
    note,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
  };
}

describe('writer', () => {
  let dir: string;
  let engine: EmbeddedClickHouse;
  let reader: TraceReader;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'writer-'));
    engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
    await migrate({ url: engine.url, database: engine.database, ...engine.writer });
    reader = openTraceReader({ url: engine.url, database: engine.database, ...engine.reader });
  });
  afterAll(async () => {
    await reader.close();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let eventLog: EventLog;
  let store: TraceWriter;
  let logs = 0;
  const stop = { controller: new AbortController(), running: Promise.resolve() };

  beforeEach(async () => {
    const groups = { 'trace-events': [WRITER_GROUP] } as const;
    eventLog = await openEmbeddedEventLog({ dir: join(dir, `log-${++logs}`), logger, groups });
    store = openTraceWriter({ url: engine.url, database: engine.database, ...engine.writer });
  });
  afterEach(async () => {
    stop.controller.abort();
    await stop.running;
    await store.close();
    await eventLog.close();
  });

  let metrics: Metrics;
  const run = (through: TraceWriter = store): void => {
    stop.controller = new AbortController();
    metrics = createMetrics('', { processMetrics: false });
    stop.running = createWriter({ eventLog, store: through, logger, metrics, config }).run(
      stop.controller.signal,
    );
  };
  const stored = async (): Promise<void> => {
    const end = await eventLog.endOffsets('trace-events');
    expect(await eventLog.waitCommitted('trace-events', WRITER_GROUP, end, 20_000)).toBe(true);
  };
  const read = async (id: string): Promise<StoredCall | undefined> => {
    const query = {
      projectId: 'acme/otel-lab',
      filter: { callIds: [id] },
      sort: [],
      payloads: ['inputs', 'output'],
    } as const;
    for await (const page of reader.streamCalls(query)) return page[0];
    return undefined;
  };
  const deadLetters = async (): Promise<string[]> => {
    const reasons: string[] = [];
    for await (const letter of eventLog.deadLetters('trace-events')) reasons.push(letter.reason);
    return reasons;
  };
  const start = (name: string) =>
    `{"project_id":"acme/otel-lab","op_name":"${name}","trace_id":"t","started_at":"2026-11-21T10:00:00.000001Z","inputs":{"n":1.0}}`;

  it('stores every kind of event and commits it', async () => {
    run();
    await eventLog.append('trace-events', [
      event('call.started', 'running', start('a')),
      event('call.started', 'renamed', start('b')),
      event('call.ended', 'renamed', '{"ended_at":"2026-11-21T10:00:01Z","output":-0,"summary":{}}'),
      event('call.updated', 'renamed', '{"display_name":"new"}'),
      event('call.started', 'deleted', start('c')),
      event('call.deleted', 'deleted', '{}'),
      event(
        'object.created',
        'thing:d1',
        encodeObject({
          kind: 'object',
          baseObjectClass: null,
          leafObjectClass: null,
          val: Buffer.from('{"x":1.0}'),
        }),
      ),
      event('object.tagged', 'thing:d1', encodeTags({ add: ['kept'], remove: ['gone'] })),
      event('object.aliased', 'thing', encodeAliases({ digest: 'd1', aliases: ['prod'] })),
      event('file.created', 'f1', 'bytes', 'a.txt'),
      event('file.stored', 'f2', encodeStoredFile({ name: 'b', sizeBytes: 7, uri: 's3://b' })),
      event('otlp.spans', 'trace', readFileSync(spansFile), 'protobuf'),
    ]);
    await stored();
    expect(await read('running')).toMatchObject({ endedAtUs: null, userId: 'ada' });
    const renamed = (await read('renamed'))!;
    expect([
      renamed.displayName,
      Buffer.from(renamed.inputs).toString(),
      Buffer.from(renamed.output).toString(),
    ]).toEqual(['new', '{"n":1.0}', '-0']);
    expect(await read('deleted')).toBeUndefined();
    expect(Buffer.from((await reader.readObject('acme/otel-lab', 'thing', 'latest'))!.val).toString()).toBe(
      '{"x":1.0}',
    );
    expect(await reader.readObject('acme/otel-lab', 'thing', 'prod', { labels: true })).toMatchObject({
      tags: ['kept'],
      aliases: ['latest', 'prod'],
    });
    expect(await reader.findFile('acme/otel-lab', 'f1')).toEqual({ name: 'a.txt', sizeBytes: 5, uri: undefined }); // prettier-ignore
    expect(await reader.findFile('acme/otel-lab', 'f2')).toEqual({ name: 'b', sizeBytes: 7, uri: 's3://b' });
  });

  it('counts each event once, by what became of it', async () => {
    run();
    const counted = async () => {
      const { body } = await metrics.render();
      return Object.fromEntries(
        [...body.matchAll(/^(writer_(?:events|lag|call)_\w+(?:\{\w+="\w+"\})?) (\d+)$/gm)].map(
          ([, name, n]) => [name, Number(n)],
        ),
      );
    };
    const ofSpans = (bytes: Uint8Array): TraceEvent => ({
      ...event('otlp.spans', 'trace', bytes, 'protobuf'),
      projectId: 'acme/ledger',
    });
    const spans = () => ofSpans(readFileSync(spansFile));
    const torn = ofSpans(readFileSync(spansFile).subarray(0, 40));
    const ended = event('call.ended', 'once', '{"ended_at":"2026-11-21T10:00:01Z"}');
    await eventLog.append('trace-events', [
      event('call.started', 'once', start('a')),
      spans(),
      torn,
      event('call.started', 'bad', 'no JSON'),
      event('file.created', 'f2', 'bytes', 'a.txt'),
    ]);
    await stored();
    expect(await counted()).toMatchObject({
      'writer_events_total{result="stored"}': 3,
      'writer_events_total{result="superseded"}': 0,
      'writer_events_total{result="dead_lettered"}': 2,
      'writer_events_rejected_total{by="undecodable"}': 2,
      'writer_events_rejected_total{by="store"}': 0,
      writer_lag_events: 0,
    });
    await eventLog.append('trace-events', [event('call.started', 'once', start('a')), spans(), ended]);
    await stored();
    await eventLog.append('trace-events', [
      ended,
      spans(),
      event('call.updated', 'once', '{"display_name":"x"}'),
    ]);
    await stored();
    expect(await counted()).toMatchObject({
      // What comes with something new about the same call counts with it.
      'writer_events_total{result="stored"}': 7,
      'writer_events_total{result="superseded"}': 2,
      'writer_events_total{result="dead_lettered"}': 2,
      writer_call_rows_superseded_total: 1,
      'writer_lag_records{partition="0"}': 0,
    });
  });

  it('keeps spans apart that share their id but not their trace', async () => {
    run();
    const projectId = 'acme/same-ids';
    const span = (traceId: string) => ({
      traceId,
      spanId: '00f067aa0ba902b7',
      name: 'work',
      startTimeUnixNano: '1767323045000000000',
      endTimeUnixNano: '1767323046000000000',
      status: { code: 2 },
    });
    const traceIds = ['a'.repeat(32), 'b'.repeat(32)];
    const body = (spans: object[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    await eventLog.append('trace-events', [
      { ...event('otlp.spans', 'one', body(traceIds.map(span)), 'json'), projectId },
      { ...event('otlp.spans', 'again', body([span(traceIds[0]!)]), 'json'), projectId },
    ]);
    await stored();
    const found: [string, string | null][] = [];
    for await (const page of reader.streamCalls({ projectId, filter: {}, sort: [], payloads: [] }))
      found.push(...page.map((call) => [call.traceId, call.exception] as [string, string | null]));
    expect(found).toEqual(traceIds.map((traceId) => [traceId, '']));
  });

  it('makes an op object for a span name, whose ref the calls carry', async () => {
    run();
    await eventLog.append('trace-events', [
      event('otlp.spans', 'trace', readFileSync(spansFile), 'protobuf'),
    ]);
    await stored();
    const ops: string[] = [];
    const query = { projectId: 'acme/otel-lab', filter: {}, sort: [], payloads: [] } as const;
    for await (const page of reader.streamCalls(query))
      ops.push(...page.map((c) => c.opName).filter((op) => op.startsWith('weave:///')));
    const [, name, digest] = /^weave:\/\/\/acme\/otel-lab\/op\/([^:]+):(.+)$/.exec(ops[0]!)!;
    const op = await reader.readObject('acme/otel-lab', name!, digest!);
    const source = (JSON.parse(Buffer.from(op!.val).toString()) as { files: { 'obj.py': string } }).files[
      'obj.py'
    ];
    expect(op!.kind).toBe('op');
    expect(await reader.findFile('acme/otel-lab', source)).toMatchObject({ name: 'obj.py' });
  });

  it('moves what cannot be decoded to the dead letters and stores its neighbours', async () => {
    run();
    await eventLog.append('trace-events', [
      event('call.started', 'bad-time', '{"op_name":"x","started_at":"yesterday"}'),
      event('call.started', 'good', start('d')),
      event('table.created', 'bad-table', '[]'),
      event('otlp.spans', 'bad-spans', 'not protobuf', 'protobuf'),
    ]);
    await stored();
    expect(await read('good')).toBeDefined();
    const reasons = await deadLetters();
    expect(reasons).toHaveLength(3);
    expect(reasons.join('\n')).toMatch(/started_at: .*yesterday/);
  });

  it('delivers again what the store did not take, op objects included', async () => {
    let failures = 2;
    // The real store behind a connection that breaks twice.
    const flaky: TraceWriter = {
      ...store,
      write: (rows) =>
        failures-- > 0
          ? Promise.reject(new AppError('store_unavailable', 'connection reset'))
          : store.write(rows),
    };
    run(flaky);
    const renamed = Buffer.from(readFileSync(spansFile));
    await eventLog.append('trace-events', [
      event('call.started', 'retried', start('e')),
      { ...event('otlp.spans', 'again', renamed, 'protobuf'), projectId: 'acme/fresh' },
    ]);
    await stored();
    expect(failures).toBeLessThan(0);
    expect(await read('retried')).toBeDefined();
    const query = { projectId: 'acme/fresh', filter: {}, sort: [], payloads: [] } as const;
    for await (const page of reader.streamCalls(query)) {
      const [, name, digest] = /^weave:\/\/\/acme\/fresh\/op\/([^:]+):(.+)$/.exec(page[0]!.opName)!;
      expect(await reader.readObject('acme/fresh', name!, digest!)).toMatchObject({ kind: 'op' });
    }
    expect(await deadLetters()).toEqual([]);
  });

  it('holds back rather than empty the log into the dead letters, until it is told to go on', async () => {
    const metrics = createMetrics('test_', { processMetrics: false });
    const lines: string[] = [];
    const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
    const writer = createWriter({ eventLog, store, logger, metrics, config });
    stop.controller = new AbortController();
    stop.running = writer.run(stop.controller.signal);
    const bad = Array.from({ length: 8_000 }, (_, i) => event('call.started', `bad-${i}`, '{}'));
    await eventLog.append('trace-events', bad);
    const end = await eventLog.endOffsets('trace-events');
    expect(await eventLog.waitCommitted('trace-events', WRITER_GROUP, end, 1500)).toBe(false);
    const held = await eventually(() => writer.held());
    expect(held).toMatch(/events of partition \d in a row were rejected|of the last 10 minutes/);
    expect((await metrics.render()).body).toContain('test_writer_dead_letter_breaker_open 1');
    expect(
      lines.filter((line) => line.includes('holding back') && line.includes('"level":"error"')),
    ).toHaveLength(1);
    // Four partitions, each below 1,000 in a row.
    const moved = (await deadLetters()).length;
    expect(moved).toBeLessThan(4_000);
    expect((await eventLog.lag('trace-events', WRITER_GROUP)).events).toBe(8_000 - moved);

    stop.controller.abort();
    await stop.running;
    const config100 = { ...config, WRITER_REJECTED_MAX_PERCENT: 100 };
    const next = createWriter({
      eventLog,
      store,
      logger,
      metrics: createMetrics('next_'),
      config: config100,
    });
    stop.controller = new AbortController();
    stop.running = next.run(stop.controller.signal);
    await stored();
    expect(next.held()).toBeUndefined();
    expect(await deadLetters()).toHaveLength(8_000);
  });
});
