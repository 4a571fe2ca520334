import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openKafkaEventLog, type EventLog } from '@weft/event-log';
import { AppError, type TraceEvent } from '@weft/model';
import { createLogger, createMetrics } from '@weft/runtime';
import {
  migrate,
  openTraceReader,
  openTraceWriter,
  type TraceReader,
  type TraceWriter,
} from '@weft/trace-store';
import { requireBackend, sharedKafka, type SharedKafka } from '@weft/testkit';
import { replayLetters } from './dead-letters-replay.ts';
import type { LetterSelection } from './dead-letters.ts';
import { callStarted, refusing, storedCalls, TEST_CONFIG } from './testing/dead-letters.ts';
import { createWriter, WRITER_GROUP } from './writer.ts';

const logger = createLogger({ name: 'test', level: 'silent' });
const PROJECT = 'acme/kafka';
const TOPIC = 'trace-events';

/** The same as over the embedded log, with two writers in the group. */
requireBackend('kafka', describe)('dead letters on Kafka', () => {
  let dir: string;
  let kafka: SharedKafka;
  let engine: EmbeddedClickHouse;
  let reader: TraceReader;
  let refuses: (id: string) => boolean = () => false;
  const logs: EventLog[] = [];
  const stores: TraceWriter[] = [];
  const stop = new AbortController();
  const running: Promise<void>[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'dead-kafka-'));
    kafka = await sharedKafka();
    engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
    const options = { url: engine.url, database: engine.database };
    await migrate({ ...options, ...engine.writer });
    reader = openTraceReader({ ...options, ...engine.reader });
    const config = {
      KAFKA_BROKERS: kafka.brokers.split(','),
      KAFKA_TOPIC_PREFIX: `dead-${process.pid}-${Date.now().toString(36)}.`,
      KAFKA_TOPIC_PARTITIONS: 4,
      KAFKA_TOPIC_REPLICATION: 1,
      KAFKA_TOPICS_AT_START: 'create',
    } as const;
    for (let i = 0; i < 2; i++) {
      const eventLog = await openKafkaEventLog({ config, clientId: `writer-${i}`, logger });
      const real = openTraceWriter({ ...options, ...engine.writer });
      const store = refusing(real, (id) => refuses(id));
      const writer = createWriter({
        eventLog,
        store,
        logger,
        metrics: createMetrics('test_', { processMetrics: false }),
        config: TEST_CONFIG,
      });
      running.push(writer.run(stop.signal));
      logs.push(eventLog);
      stores.push(store);
    }
  }, 180_000);
  afterAll(async () => {
    stop.abort();
    await Promise.all(running);
    await Promise.all([...stores, ...logs, reader].map((one) => one.close()));
    await engine.stop();
    await kafka.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const event = (id: string) => callStarted(PROJECT, id);
  const bury = (events: readonly TraceEvent[]) =>
    logs[0]!.deadLetter(
      TOPIC,
      WRITER_GROUP,
      events.map((one) => ({ event: one, reason: 'a bug' })),
    );
  const all: LetterSelection = { topic: TOPIC, filter: {}, mayTake: () => true, limit: 1000 };
  const replay = (eventLog = logs[1]!) =>
    replayLetters({ eventLog, group: WRITER_GROUP, waitMs: 20_000 }, all, { dryRun: false });
  const open = async () => {
    const found: string[] = [];
    for await (const { id, event: one } of logs[0]!.deadLetters(TOPIC)) found.push(`${id} ${one.id}`);
    return found;
  };
  const rows = () => storedCalls(reader, PROJECT);

  it('makes one row of three replays', async () => {
    const events = Array.from({ length: 200 }, (_, i) => event(`call-${i}`));
    let before: string[] | undefined;
    for (let i = 0; i < 3; i++) {
      await bury(events);
      expect((await replay()).every(({ state }) => state === 'stored')).toBe(true);
      expect(await open()).toEqual([]);
      before ??= await rows();
      expect(before).toHaveLength(200);
      expect(await rows()).toEqual(before);
    }
  });

  it('keeps one letter of an event that is refused again', async () => {
    refuses = (id) => id === 'large';
    await bury([event('large')]);
    const letters = await open();
    for (let i = 0; i < 2; i++) {
      expect(await replay()).toEqual([
        expect.objectContaining({ state: 'failed', reason: 'row_too_large: by the store' }),
      ]);
      expect(await open()).toEqual(letters);
    }
    refuses = () => false;
    expect(await replay()).toEqual([expect.objectContaining({ state: 'stored' })]);
    expect(await open()).toEqual([]);
  });

  it('may be cut off between appending and settling', async () => {
    await bury([event('cut')]);
    const [, log] = logs;
    const cutOff = new Proxy(log!, {
      get: (target, name: keyof EventLog) =>
        name === 'settleDeadLetters'
          ? () => Promise.reject(new AppError('log_unavailable', 'the power went'))
          : target[name].bind(target),
    });
    await expect(replay(cutOff)).rejects.toMatchObject({ code: 'log_unavailable' });
    expect([(await open()).length, (await rows()).filter((row) => row.startsWith('cut ')).length]).toEqual([
      1, 1,
    ]);
    expect(await replay()).toEqual([expect.objectContaining({ state: 'stored' })]);
    expect([(await open()).length, (await rows()).filter((row) => row.startsWith('cut ')).length]).toEqual([
      0, 1,
    ]);
  });
});
