import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, requireBackend, sharedKafka, type SharedKafka } from '@weft/testkit';
import kafkajs, { type CompressionTypes } from 'kafkajs';
import lz4 from 'lz4js';
import { encodeRecord } from '../record.ts';
import { collect, disordered, numbered, numbersOf, range, testEvent } from '../testing/events.ts';
import { quiet, recorder } from '../testing/logs.ts';
import { registerCodecs } from './codecs.ts';
import type { KafkaConfig } from './env.ts';
import { openKafkaEventLog, type KafkaEventLog } from './kafka.ts';
import { asAdmin, deleteTopics, testConfig, uniquePrefix } from './testing/test-config.ts';
import { openKafkaTopics } from './topics.ts';
import { ProducerHandle } from './producer-source.ts';

const TOPIC = 'trace-events';
const GROUP = 'writer';
const HOLDER = fileURLToPath(new URL('./testing/holder.ts', import.meta.url));

/** One independent block, as Java's producers write them. */
function lz4Frame(bytes: Buffer): Buffer {
  const block = Buffer.alloc(bytes.length + 64);
  const length = lz4.compressBlock(bytes, block, 0, bytes.length, new Uint32Array(65_536));
  const frame = Buffer.concat([
    Buffer.from('04224d18607073', 'hex'),
    Buffer.alloc(4),
    block.subarray(0, length),
    Buffer.alloc(4),
  ]);
  frame.writeUInt32LE(length, 7);
  return frame;
}

/** One block as it is, of less than 256 bytes. */
function zstdFrame(bytes: Buffer): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, bytes.length, 0, 0, 0]);
  head.writeUIntLE((bytes.length << 3) | 1, 6, 3);
  return Buffer.concat([head, bytes]);
}

requireBackend('kafka', describe)('the log on Apache Kafka', () => {
  let kafka: SharedKafka;
  let prefix: string;
  const logs: KafkaEventLog[] = [];

  beforeAll(async () => {
    kafka = await sharedKafka();
  }, 150_000);
  afterAll(() => kafka?.stop());

  beforeEach(() => {
    prefix = uniquePrefix();
  });
  afterEach(async () => {
    for (const log of logs.splice(0)) await log.close();
    await deleteTopics(kafka.brokers, prefix);
  });

  async function open(more: Partial<KafkaConfig> = {}, logger = quiet): Promise<KafkaEventLog> {
    const config = testConfig(kafka.brokers, prefix, more);
    const log = await openKafkaEventLog({ config, clientId: 'test', logger });
    logs.push(log);
    return log;
  }

  const config = (more: Partial<KafkaConfig> = {}) => testConfig(kafka.brokers, prefix, more);

  async function readAll(log: KafkaEventLog): Promise<number[]> {
    const reader = collect(log, TOPIC, { group: GROUP });
    expect(await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000)).toBe(true);
    await reader.stop();
    expect(disordered(reader.events)).toEqual([]);
    return numbersOf(reader.events).sort((a, b) => a - b);
  }

  /** As retention does: takes all records away that are there now. */
  async function expire(log: KafkaEventLog): Promise<void> {
    const ends = await log.endOffsets(TOPIC);
    const partitions = ends.map((end, partition) => ({ partition, offset: end.toString() }));
    await asAdmin(kafka.brokers, async (admin) => {
      await admin.cluster.addTargetTopic(`${prefix}${TOPIC}`);
      await admin.deleteTopicRecords({ topic: `${prefix}${TOPIC}`, partitions });
    });
  }

  /** Appends as some other producer does. */
  async function produce(value: Buffer, compression: CompressionTypes): Promise<void> {
    const { Kafka, logLevel, Partitioners } = kafkajs;
    const client = new Kafka({ brokers: kafka.brokers.split(','), logLevel: logLevel.NOTHING });
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const messages = [{ partition: 0, value }];
    await producer.send({ topic: `${prefix}${TOPIC}`, compression, messages });
    await producer.disconnect();
  }

  describe('a gap', () => {
    it('ends consume() loudly at the assignment, and moves nothing', async () => {
      const log = await open();
      await log.append(TOPIC, numbered(0, 30));
      await readAll(log);
      await log.append(TOPIC, numbered(30, 60));
      await expire(log);
      for (let i = 0; i < 2; i++) {
        const reader = collect(log, TOPIC, { group: GROUP });
        await expect(reader.done).rejects.toMatchObject({
          code: 'log_unavailable',
          message: expect.stringMatching(
            new RegExp(
              `${prefix}${TOPIC}/\\d: group \\S*${GROUP} committed up to \\d+, the log holds \\d+ to`,
            ),
          ),
        });
        expect(reader.events).toEqual([]);
      }
    }, 60_000);

    it('that opens while consuming ends consume() loudly too', async () => {
      const log = await open();
      await log.append(TOPIC, numbered(0, 30));
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      let inHand = false;
      // Small batches: most of the records are not fetched yet when they go.
      const options = { group: GROUP, maxBatchEvents: 1 };
      const reader = collect(log, TOPIC, options, async () => {
        inHand = true;
        await held;
      });
      await eventually(() => inHand);
      for (let n = 30; n < 90; n += 3) await log.append(TOPIC, numbered(n, n + 3));
      await expire(log);
      release();
      await expect(reader.done).rejects.toMatchObject({
        code: 'log_unavailable',
        message: expect.stringContaining('the log holds'),
      });
      expect(disordered(reader.events)).toEqual([]);
      // The offset is where it was: the next start is as loud.
      const again = collect(log, TOPIC, { group: GROUP });
      await expect(again.done).rejects.toMatchObject({ code: 'log_unavailable' });
    }, 60_000);

    it('is none for a group that never committed', async () => {
      const log = await open();
      await log.append(TOPIC, numbered(0, 30));
      await expire(log);
      await log.append(TOPIC, numbered(30, 40));
      expect(await readAll(log)).toEqual(range(30, 40));
    }, 60_000);
  });

  describe('compression', () => {
    registerCodecs();
    const { CompressionTypes: types, CompressionCodecs: codecs } = kafkajs;

    it.each(['gzip', 'snappy'] as const)(
      '%s brings every byte',
      async (name) => {
        const log = await open({ KAFKA_COMPRESSION: name });
        const payload = Buffer.from(JSON.stringify(range(0, 40_000)));
        await log.append(TOPIC, [testEvent('large', payload), ...numbered(0, 20)]);
        const reader = collect(log, TOPIC, { group: GROUP });
        await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 20_000);
        await reader.stop();
        expect(reader.events).toHaveLength(21);
        const large = reader.events.find(({ id }) => id === 'large')!;
        expect(Buffer.compare(large.payload, payload)).toBe(0);
      },
      60_000,
    );

    it('lz4 of other producers is read', async () => {
      const log = await open();
      const known = codecs[types.LZ4];
      codecs[types.LZ4] = () => ({
        compress: async (encoder: { buffer: Buffer }) => lz4Frame(encoder.buffer),
      });
      await produce(Buffer.concat(encodeRecord(numbered(0, 50, 1))), types.LZ4);
      codecs[types.LZ4] = known;
      expect(await readAll(log)).toEqual(range(0, 50));
    }, 60_000);

    it('that this process does not know ends consume()', async () => {
      const log = await open();
      const known = codecs[types.ZSTD];
      codecs[types.ZSTD] = () => ({
        compress: async (encoder: { buffer: Buffer }) => zstdFrame(encoder.buffer),
      });
      await produce(Buffer.concat(encodeRecord(numbered(0, 1))), types.ZSTD);
      codecs[types.ZSTD] = () => {
        throw Object.assign(new Error('not implemented'), { name: 'KafkaJSNotImplemented' });
      };
      try {
        const reader = collect(log, TOPIC, { group: GROUP });
        await expect(reader.done).rejects.toMatchObject({
          code: 'log_unavailable',
          message: expect.stringContaining('compressed'),
        });
      } finally {
        codecs[types.ZSTD] = known;
      }
    }, 60_000);
  });

  describe('what nobody can read', () => {
    it('becomes a dead letter and holds up nothing', async () => {
      const log = await open();
      await log.append(TOPIC, numbered(0, 10));
      await produce(Buffer.from('not a record'), kafkajs.CompressionTypes.None);
      await log.append(TOPIC, numbered(10, 20));
      expect(await readAll(log)).toEqual(range(0, 20));
      const letters = [];
      for await (const letter of log.deadLetters(TOPIC)) letters.push(letter);
      expect(letters.map(({ reason }) => reason)).toEqual([expect.stringContaining('undecodable')]);
      expect(Buffer.from(letters[0]!.event.payload).toString()).toBe('not a record');
    }, 60_000);
  });

  describe('limits', () => {
    it('refuses an event larger than a record may be', async () => {
      const log = await open({ KAFKA_MAX_MESSAGE_BYTES: 100_000 });
      const large = testEvent('large', Buffer.alloc(100_000));
      await expect(log.append(TOPIC, [large])).rejects.toMatchObject({ code: 'request_too_large' });
      await log.append(TOPIC, numbered(0, 5));
      expect(await readAll(log)).toEqual(range(0, 5));
    }, 60_000);

    it('refuses what the topic does not take, and only that', async () => {
      await open({ KAFKA_MAX_MESSAGE_BYTES: 100_000, KAFKA_TOPIC_PARTITIONS: 1 });
      const log = await open({ KAFKA_TOPICS_AT_START: 'check', KAFKA_TOPIC_PARTITIONS: 1 });
      const outcome = await Promise.allSettled([
        log.append(TOPIC, numbered(0, 1)),
        log.append(TOPIC, [testEvent('large', randomBytes(200_000))]),
        log.append(TOPIC, numbered(1, 2)),
      ]);
      expect(outcome.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((outcome[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'request_too_large' });
      expect(new Set(await readAll(log))).toEqual(new Set([0, 1]));
    }, 60_000);

    it('refuses at once when too much waits for Kafka', async () => {
      const log = await open({ KAFKA_PRODUCER_MAX_BUFFER_SIZE: 20 });
      const outcome = await Promise.allSettled(
        range(0, 30).map((n) => log.append(TOPIC, numbered(n, n + 1))),
      );
      expect(outcome.map(({ status }) => status)).toEqual(
        range(0, 30).map((n) => (n < 20 ? 'fulfilled' : 'rejected')),
      );
      expect((outcome[20] as PromiseRejectedResult).reason).toMatchObject({ code: 'log_unavailable' });
      await log.append(TOPIC, numbered(0, 1));
    }, 60_000);
  });

  describe('partitions', () => {
    it('may grow while events come and go', async () => {
      const log = await open();
      const reader = collect(log, TOPIC, { group: GROUP });
      await log.append(TOPIC, numbered(0, 100, 100));
      const topics = await openKafkaTopics({ config: config({ KAFKA_TOPIC_PARTITIONS: 6 }), logger: quiet });
      await topics.apply();
      await topics.close();
      // The log looks for itself in half a minute; endOffsets of another that is opened knows at once.
      const other = await open({ KAFKA_TOPIC_PARTITIONS: 6 });
      await other.append(TOPIC, numbered(100, 200, 100));
      expect(await other.endOffsets(TOPIC)).toHaveLength(6);
      await log.append(TOPIC, numbered(200, 300, 100));
      const second = collect(other, TOPIC, { group: GROUP });
      expect(await other.waitCommitted(TOPIC, GROUP, await other.endOffsets(TOPIC), 20_000)).toBe(true);
      await Promise.all([reader.stop(), second.stop()]);
      const numbers = new Set(numbersOf([...reader.events, ...second.events]));
      expect([...numbers].sort((a, b) => a - b)).toEqual(range(0, 300));
    }, 60_000);
  });

  describe('a producer', () => {
    it('does not take for acknowledged what the client left out', async () => {
      const log = await open();
      const handle = new ProducerHandle(new kafkajs.Kafka({ brokers: kafka.brokers.split(',') }));
      await handle.connect();
      const name = `${prefix}${TOPIC}`;
      const value = Buffer.concat(encodeRecord(numbered(0, 1)));
      const send = (...partitions: number[]) =>
        handle.send(
          partitions.map((partition) => ({ topic: name, partition, value })),
          { timeoutMs: 5000, compression: kafkajs.CompressionTypes.None },
        );
      await send(0);
      const topics = await openKafkaTopics({ config: config({ KAFKA_TOPIC_PARTITIONS: 6 }), logger: quiet });
      await topics.apply();
      await topics.close();
      // Its metadata are older than the new partitions.
      expect(await send(0, 5)).toEqual(new Set([`${name}/0`]));
      await handle.close();
      expect((await log.endOffsets(TOPIC))[5] ?? 0n).toBe(0n);
    }, 60_000);
  });

  describe('a consumer', () => {
    it('keeps its partitions through a batch that takes longer than its session', async () => {
      const log = await open({ KAFKA_SESSION_TIMEOUT_MS: 1000 });
      await log.append(TOPIC, numbered(0, 10));
      let assigned = 0;
      let held: boolean | undefined;
      const controller = new AbortController();
      const options = { group: GROUP, maxBatchEvents: 100, maxBatchBytes: 1 << 20 };
      const { signal } = controller;
      const done = log.consume(
        TOPIC,
        { ...options, signal, onAssigned: () => void assigned++ },
        async (_, lease) => {
          await new Promise((resolve) => setTimeout(resolve, 2500));
          held = lease.isHeld();
          return [];
        },
      );
      expect(await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 30_000)).toBe(true);
      controller.abort();
      await done;
      expect({ held, assigned }).toEqual({ held: true, assigned: 1 });
    }, 60_000);

    it('knows right after a stop that it lost its partitions', async () => {
      const log = await open();
      const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, kafka.brokers, prefix], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const said: string[] = [];
      createInterface(child.stdout).on('line', (line) => said.push(line));
      try {
        await log.append(TOPIC, numbered(0, 5, 1));
        await eventually(() => said.includes('holds'));
        child.kill('SIGSTOP');
        const reader = collect(log, TOPIC, { group: GROUP });
        await eventually(() => reader.events.length === 5);
        child.kill('SIGCONT');
        await eventually(() => said.some((line) => line.startsWith('lost')));
        expect(said.at(-1)).toBe('lost 0');
        await reader.stop();
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }, 60_000);

    it('says what it does in few lines', async () => {
      const logger = recorder();
      const log = await open({}, logger as never);
      logger.lines.length = 0;
      await log.append(TOPIC, numbered(0, 10));
      await readAll(log);
      expect(logger.lines).toEqual([]);
    }, 60_000);
  });

  describe('topics', () => {
    it('stop the start while they are missing', async () => {
      await expect(open({ KAFKA_TOPICS_AT_START: 'check' })).rejects.toMatchObject({
        code: 'log_unavailable',
        message: expect.stringContaining('weft topics apply'),
      });
    });

    it('are planned, applied once, and changed where they differ', async () => {
      const topics = await openKafkaTopics({ config: config(), logger: quiet });
      const created = await topics.plan();
      expect(created.map(({ topic, change }) => [topic, change])).toEqual([
        [`${prefix}trace-events`, 'create'],
        [`${prefix}trace-events.dead`, 'create'],
        [`${prefix}stored-calls`, 'create'],
        [`${prefix}stored-calls.dead`, 'create'],
      ]);
      expect(await topics.problems()).toContain(
        `topic ${prefix}trace-events is missing: run "weft topics apply"`,
      );
      expect(await topics.apply()).toEqual(created);
      expect(await topics.plan()).toEqual([]);
      await topics.close();
      const resources = [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: `${prefix}trace-events`,
          configEntries: [{ name: 'flush.messages', value: '17' }],
        },
      ];
      await asAdmin(kafka.brokers, (admin) => admin.alterConfigs({ validateOnly: false, resources }));
      const more = config({ KAFKA_TOPIC_PARTITIONS: 4, KAFKA_TOPIC_RETENTION_MS: 3_600_000 });
      const changed = await openKafkaTopics({ config: more, logger: quiet });
      const changes = (await changed.apply()).filter(({ topic }) => topic === `${prefix}trace-events`);
      expect(changes).toContainEqual({
        topic: `${prefix}trace-events`,
        change: 'partitions',
        from: '3',
        to: '4',
      });
      expect(changes).toContainEqual(expect.objectContaining({ change: 'retention.ms', to: '3600000' }));
      // A broker tells what the controller has accepted a moment later.
      await eventually(async () => (await changed.plan()).length === 0);
      const described = await asAdmin(kafka.brokers, (admin) =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: `${prefix}trace-events` }],
        }),
      );
      const entries = described.resources[0]!.configEntries;
      expect(entries.find(({ configName }) => configName === 'flush.messages')?.configValue).toBe('17');
      expect((await changed.problems()).join('\n')).toMatch(
        /trace-events has 1 replica.*\n.*keeps events for 1 h only/s,
      );
      await changed.close();
    }, 60_000);

    it('can be rewound for a group without members', async () => {
      const log = await open();
      await log.append(TOPIC, numbered(0, 20));
      expect(await readAll(log)).toEqual(range(0, 20));
      const topics = await openKafkaTopics({ config: config(), logger: quiet });
      const reader = collect(log, TOPIC, { group: GROUP });
      await eventually(async () => {
        const refused = await topics.rewind(TOPIC, GROUP).catch((error: unknown) => error);
        return (refused as { code?: string } | undefined)?.code === 'invalid_request';
      });
      await reader.stop();
      await eventually(() =>
        topics.rewind(TOPIC, GROUP).then(
          () => true,
          () => false,
        ),
      );
      await topics.close();
      expect(await readAll(log)).toEqual(range(0, 20));
    }, 60_000);
  });
});
