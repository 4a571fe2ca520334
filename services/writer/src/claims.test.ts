import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openEmbeddedEventLog, type EventLog } from '@weft/event-log';
import { blobKey, openFileStorage, type FileStorage } from '@weft/file-storage';
import { AppError, encodeObject, readClaimedEvent, type EventKind, type TraceEvent } from '@weft/model';
import { createLogger, createMetrics, type Metrics } from '@weft/runtime';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  type TraceReader,
  type TraceWriter,
} from '@weft/trace-store';
import { eventually } from '@weft/testkit';
import { callStarted, storedCalls, TEST_CONFIG } from './testing/dead-letters.ts';
import { createWriter, WRITER_GROUP } from './writer.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const projectId = 'acme/otel-lab';
const spans = readFileSync(new URL('../../../libs/otlp/fixtures/langsmith-otel.bin', import.meta.url));

describe('writer of claimed events', () => {
  let dir: string;
  let engine: EmbeddedClickHouse;
  let store: TraceWriter;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'writer-claims-'));
    engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
    const { url, database } = engine;
    await migrate({ url, database, ...engine.writer });
    store = openTraceWriter({ url, database, ...engine.writer });
  });
  afterAll(async () => {
    await store.close();
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let eventLog: EventLog;
  let storage: FileStorage;
  let reader: TraceReader;
  let metrics: Metrics;
  /** What the writer sees of the bucket. */
  let isAway = false;
  let running: Promise<void>;
  let stop: AbortController;
  let runs = 0;

  beforeEach(async () => {
    eventLog = await openEmbeddedEventLog({
      dir: join(dir, `log-${++runs}`),
      logger,
      groups: { 'trace-events': [WRITER_GROUP] },
      config: { EVENT_LOG_PARTITIONS: 1 },
    });
    const config = {
      WF_FILE_STORAGE_URI: pathToFileURL(join(dir, 'blobs')).href,
      WEFT_FILE_STORAGE_CLAIM_BYTES: 4096,
      WEFT_FILE_STORAGE_TIMEOUT_MS: 5000,
    };
    storage = openFileStorage({ config, logger });
    const { url, database } = engine;
    reader = openTraceReader({ url, database, ...engine.reader, loadClaimed: storage.load });
    isAway = false;
    metrics = createMetrics('', { processMetrics: false });
    const unless = async <T>(run: () => Promise<T>): Promise<T> => {
      if (isAway) throw new AppError('storage_unavailable', 'away');
      return run();
    };
    const fileStorage: FileStorage = {
      ...storage,
      redeem: (event) => unless(() => storage.redeem(event)),
      claimPart: (part) => unless(() => storage.claimPart(part)),
    };
    stop = new AbortController();
    const deps = { eventLog, store, fileStorage, logger, metrics };
    running = createWriter({ ...deps, config: { ...TEST_CONFIG, WRITER_REJECTED_MAX_PERCENT: 100 } }).run(
      stop.signal,
    );
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await reader.close();
    await storage.close();
    await eventLog.close();
  });

  const event = (kind: EventKind, id: string, payload: Uint8Array, note = ''): TraceEvent => ({
    ...callStarted(projectId, id),
    kind,
    note,
    payload,
  });
  const append = async (...events: TraceEvent[]) => {
    const claimed = await storage.claim(events);
    await eventLog.append('trace-events', claimed);
    return claimed;
  };
  const committed = async () => {
    const ends = await eventLog.endOffsets('trace-events');
    expect(await eventLog.waitCommitted('trace-events', WRITER_GROUP, ends, 20_000)).toBe(true);
  };
  const object = (name: string, value = 'x'.repeat(9000)) =>
    event(
      'object.created',
      `${name}:d`,
      encodeObject({
        kind: 'object',
        baseObjectClass: null,
        leafObjectClass: null,
        val: Buffer.from(JSON.stringify(value)),
      }),
    );
  const isStored = async (name: string) =>
    (await reader.readObject(projectId, name, 'd', { vals: true, labels: false }))?.val !== undefined;
  const letters = async () => {
    const found: { kind: string; reason: string }[] = [];
    for await (const { event, reason } of eventLog.deadLetters('trace-events'))
      found.push({ kind: event.kind, reason });
    return found;
  };
  const count = async (line: string) => {
    const { body } = await metrics.render();
    return Number(
      body
        .split('\n')
        .find((text) => text.startsWith(`${line} `))
        ?.slice(line.length),
    );
  };

  it('stores what they stand for', async () => {
    const [spansEvent, objectEvent] = await append(
      event('otlp.spans', 'trace', spans, 'protobuf'),
      object('large'),
    );
    expect([spansEvent!.kind, objectEvent!.kind]).toEqual(['event.claimed', 'event.claimed']);
    await committed();
    expect(await letters()).toEqual([]);
    expect(await isStored('large')).toBe(true);
    expect(await storedCalls(reader, projectId)).not.toEqual([]);
  });

  it('lets those wait whose store is away, nobody else, and stores them when it is back', async () => {
    isAway = true;
    await append(object('waits'), callStarted(projectId, 'goes-on'));
    await eventually(async () => (await count('writer_events_deferred_total')) >= 2);
    const calls = await storedCalls(reader, projectId);
    expect(calls.some((call) => call.startsWith('goes-on '))).toBe(true);
    expect(await isStored('waits')).toBe(false);
    isAway = false;
    await eventually(() => isStored('waits'));
    await eventually(async () => (await count('writer_events_total{result="stored"}')) === 2);
    expect(await letters()).toEqual([]);
  });

  it('makes those dead letters whose blob is missing, as they are in the log, with their neighbours stored', async () => {
    const large = object('missing', 'y'.repeat(9000));
    const [claimed] = await storage.claim([large]);
    const { digest } = readClaimedEvent(claimed!);
    await storage.store()!.delete([blobKey({ projectId, kind: 'events', digest })]);
    await eventLog.append('trace-events', [claimed!, callStarted(projectId, 'beside')]);
    await committed();
    expect(await letters()).toEqual([
      { kind: 'event.claimed', reason: expect.stringContaining(`its payload is not in ${storage.uri}`) },
    ]);
    const calls = await storedCalls(reader, projectId);
    expect(calls.some((call) => call.startsWith('beside '))).toBe(true);
    expect(await count('writer_events_total{result="dead_lettered"}')).toBe(1);
  });

  it('gives up on one after a day', async () => {
    isAway = true;
    const [claimed] = await storage.claim([object('old')]);
    const note = `deferred 3 ${claimed!.receivedAtUs - 25 * 3_600_000_000}`;
    await eventLog.append('trace-events', [{ ...claimed!, note }]);
    await committed();
    expect(await letters()).toEqual([
      { kind: 'event.claimed', reason: expect.stringContaining('could not be had for 24 hours') },
    ]);
  });

  it('claims large payloads of calls made of spans, and stores them whole while the store is away', async () => {
    const claims: Record<string, number> = {};
    const whole: Record<string, string[]>[] = [];
    for (const project of ['acme/near', 'acme/away']) {
      isAway = project === 'acme/away';
      const large = event('otlp.spans', 'trace', spans, 'protobuf');
      await eventLog.append('trace-events', [{ ...large, projectId: project }]);
      await committed();
      const query = { projectId: project, filter: {}, sort: [], payloads: ['inputs'] } as const;
      const calls: Record<string, string[]> = {};
      for await (const page of reader.streamCalls({ ...query, wholeUpTo: 0 }))
        for (const call of page) claims[project] = (claims[project] ?? 0) + call.claims.length;
      for await (const page of reader.streamCalls(query))
        for (const { id, inputs, otelDump } of page)
          calls[id] = [Buffer.from(inputs).toString(), Buffer.from(otelDump).toString()];
      expect(Object.keys(calls)).not.toEqual([]);
      whole.push(calls);
    }
    expect(claims['acme/near']).toBeGreaterThan(0);
    expect(claims['acme/away']).toBe(0);
    expect(whole[0]).toEqual(whole[1]);
  });
});
