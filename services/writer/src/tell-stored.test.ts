import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import {
  AppError,
  newId,
  nowUs,
  readStoredCallEvent,
  type EventKind,
  type StoredCallFacts,
  type TraceEvent,
} from '@weft/model';
import { createLogger, createMetrics, type Metrics } from '@weft/runtime';
import { eventually } from '@weft/testkit';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  type TraceReader,
  type TraceWriter,
} from '@weft/trace-store';
import { createWriter, WRITER_GROUP } from './writer.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const config = {
  WRITER_BATCH_MAX_EVENTS: 5000,
  WRITER_BATCH_MAX_BYTES: 4 << 20,
  WRITER_REJECTED_MAX_PERCENT: 100,
  WEAVE_ENABLE_ONLINE_EVAL: true,
  WEFT_EXTRACT_CONTENT: true,
};
const spansFile = new URL('../../../libs/otlp/fixtures/openinference-chat.bin', import.meta.url);
const LISTENER = 'listener';

describe('with online evaluation the writer tells of finished calls', () => {
  let dir: string;
  let engine: EmbeddedClickHouse;
  let reader: TraceReader;
  let store: TraceWriter;
  let eventLog: EventLog;
  let projectId: string;
  let metrics: Metrics;
  let runs = 0;
  let stop = new AbortController();
  let running: Promise<unknown>[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tell-stored-'));
    engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
    await migrate({ url: engine.url, database: engine.database, ...engine.writer });
    reader = openTraceReader({ url: engine.url, database: engine.database, ...engine.reader });
    store = openTraceWriter({ url: engine.url, database: engine.database, ...engine.writer });
  }, 60_000);
  afterAll(async () => {
    await store?.close();
    await reader?.close();
    await engine?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  beforeEach(async () => {
    projectId = `acme/told-${++runs}`;
    stop = new AbortController();
    running = [];
    eventLog = await openEmbeddedEventLog({
      dir: join(dir, `log-${runs}`),
      logger,
      groups: { 'trace-events': [WRITER_GROUP], 'stored-calls': [LISTENER] },
    });
  });
  afterEach(async () => {
    stop.abort();
    await Promise.all(running);
    await eventLog.close();
  });

  const run = (through: EventLog = eventLog, settings = config): void => {
    metrics = createMetrics('', { processMetrics: false });
    const writer = createWriter({ eventLog: through, store, logger, metrics, config: settings });
    running.push(writer.run(stop.signal));
  };
  const event = (kind: EventKind, id: string, payload: string | Uint8Array, note = ''): TraceEvent => ({
    kind,
    projectId,
    id,
    userId: 'ada',
    receivedAtUs: nowUs(),
    note,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
  });
  const startJson = (attributes = '{}') =>
    `"op_name":"weave:///acme/told/op/answer:1","trace_id":"t","parent_id":"up","thread_id":"th","started_at":"2026-11-21T10:00:00Z","inputs":{},"attributes":${attributes}`;
  const endJson = '"ended_at":"2026-11-21T10:00:01.5Z","output":1,"summary":{}';
  const started = (id: string) => event('call.started', id, `{${startJson()}}`);
  const ended = (id: string) => event('call.ended', id, `{${endJson}}`);
  const complete = (id: string, attributes?: string) =>
    event('call.completed', id, `{${startJson(attributes)},${endJson}}`);
  const FACTS: StoredCallFacts = {
    traceId: 't',
    parentId: 'up',
    threadId: 'th',
    opName: 'weave:///acme/told/op/answer:1',
    isSpan: false,
    isScore: false,
    endedAtUs: Date.UTC(2026, 10, 21, 10, 0, 1, 500) * 1000,
  };

  async function stored(...events: TraceEvent[]): Promise<void> {
    await eventLog.append('trace-events', events);
    const end = await eventLog.endOffsets('trace-events');
    expect(await eventLog.waitCommitted('trace-events', WRITER_GROUP, end, 20_000)).toBe(true);
  }
  /** Everything that was told so far, in the order of each call's project and id. */
  async function told(): Promise<[string, StoredCallFacts][]> {
    const found: [string, StoredCallFacts][] = [];
    const end = await eventLog.endOffsets('stored-calls');
    const done = new AbortController();
    const options = { group: LISTENER, maxBatchEvents: 10_000, maxBatchBytes: 1 << 24, signal: done.signal };
    const consumed = eventLog.consume('stored-calls', options, async (events) => {
      for (const one of events) {
        expect([one.kind, one.projectId]).toEqual(['call.stored', projectId]);
        found.push([one.id, readStoredCallEvent(one)]);
      }
      return [];
    });
    expect(await eventLog.waitCommitted('stored-calls', LISTENER, end, 20_000)).toBe(true);
    done.abort();
    await consumed;
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }
  const toldIds = async () => (await told()).map(([id]) => id);
  const isReadable = async (id: string) =>
    (await reader.countCalls({ projectId, filter: { callIds: [id] } })).count === 1;
  /** The real log, whose stored calls go through `append`. */
  const withAppend = (append: (events: readonly TraceEvent[]) => Promise<void>): EventLog =>
    new Proxy(eventLog, {
      get(target, name: keyof EventLog) {
        if (name === 'append')
          return (topic: 'trace-events' | 'stored-calls', events: readonly TraceEvent[]) =>
            topic === 'stored-calls' ? append(events) : target.append(topic, events);
        return (target[name] as (...args: unknown[]) => unknown).bind(target);
      },
    });

  it('of calls in one part or in two, in any order, and no others', async () => {
    run();
    await stored(
      complete('a'),
      started('b'),
      ended('b'),
      ended('c'),
      started('d'),
      event('call.updated', 'e', '{"display_name":"x"}'),
      event('call.completed', 'f', '{"op_name":"x"}'),
    );
    expect(await told()).toEqual([
      ['a', FACTS],
      ['b', FACTS],
    ]);
    await stored(started('c'), ended('d'), event('call.updated', 'a', '{"display_name":"x"}'));
    expect(await told()).toEqual([
      ['c', FACTS],
      ['d', FACTS],
    ]);
    const { body } = await metrics.render();
    expect(body).toContain('writer_stored_calls_total 4');
  });

  it('of spans, with their trace', async () => {
    run();
    await stored(event('otlp.spans', 'trace', readFileSync(spansFile), 'protobuf'));
    const spans = await told();
    expect(spans.length).toBeGreaterThan(0);
    for (const [id, facts] of spans) {
      expect(facts).toMatchObject({ isSpan: true, isScore: false });
      expect(facts.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(facts.opName).toMatch(/^weave:\/\/\//);
      expect(await isReadable(id)).toBe(true);
    }
  });

  it('and says which of them scorers made', async () => {
    run();
    await stored(complete('score', '{"weft":{"score":{"call_ref":"weave:///acme/told/call/a"}}}'));
    expect(await told()).toEqual([['score', { ...FACTS, isScore: true }]]);
  });

  it('before it commits, and after they can be read', async () => {
    const seen: [readable: boolean, committed: boolean][] = [];
    const slow = withAppend(async (events) => {
      const end = await eventLog.endOffsets('trace-events');
      const committed = await eventLog.waitCommitted('trace-events', WRITER_GROUP, end, 50);
      seen.push([await isReadable(events[0]!.id), committed]);
      await eventLog.append('stored-calls', events);
    });
    run(slow);
    await stored(complete(newId()));
    expect(seen).toEqual([[true, false]]);
  });

  it('again until the log has taken them', async () => {
    let refusals = 2;
    const flaky = withAppend((events) =>
      refusals-- > 0
        ? Promise.reject(new AppError('log_unavailable', 'no room'))
        : eventLog.append('stored-calls', events),
    );
    run(flaky);
    await stored(complete('a'), started('b'), ended('b'));
    expect(refusals).toBeLessThan(0);
    expect(new Set(await toldIds())).toEqual(new Set(['a', 'b']));
    const { body } = await metrics.render();
    expect(body).toMatch(/writer_batches_failed_total [1-9]/);
    expect(body).toContain('writer_events_total{result="dead_lettered"} 0');
  });

  it('although it ended between storing them and telling of them', async () => {
    let isTold = false;
    run(
      withAppend(() => {
        isTold = true;
        stop.abort();
        return Promise.reject(new AppError('log_unavailable', 'closed'));
      }),
    );
    await eventLog.append('trace-events', [complete('a'), started('b'), ended('b')]);
    await eventually(() => isTold);
    await Promise.all(running);
    expect(await isReadable('a')).toBe(true);
    expect(await toldIds()).toEqual([]);
    // As the next process does.
    store.forget();
    stop = new AbortController();
    run();
    const end = await eventLog.endOffsets('trace-events');
    expect(await eventLog.waitCommitted('trace-events', WRITER_GROUP, end, 20_000)).toBe(true);
    expect(new Set(await toldIds())).toEqual(new Set(['a', 'b']));
  });

  it('in pieces of a bounded size', async () => {
    const sizes: number[] = [];
    run(
      withAppend((events) => {
        sizes.push(events.length);
        return eventLog.append('stored-calls', events);
      }),
    );
    await stored(...Array.from({ length: 2500 }, (_, i) => complete(`call-${i}`)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2000);
    expect(new Set(await toldIds()).size).toBe(2500);
  });

  it('and without it of none', async () => {
    run(eventLog, { ...config, WEAVE_ENABLE_ONLINE_EVAL: false });
    await stored(complete('a'), started('b'), ended('b'));
    expect((await eventLog.endOffsets('stored-calls')).every((offset) => offset === 0n)).toBe(true);
  });
});
