import { AppError, type TraceEvent } from '@weft/model';
import type { LogSink } from '../log-sink.ts';
import type {
  ConsumeOptions,
  DeadLetter,
  EventLog,
  HandleBatch,
  Lag,
  Offsets,
  Rejected,
  Topic,
} from '../event-log.ts';
import { groupByPartition } from '../partition.ts';
import { encodeRecord } from '../record.ts';
import { TOPICS } from '../topics.ts';
import { Appender } from './appender.ts';
import { createClient, type ClientOptions } from './client.ts';
import type { ClusterView } from './cluster-view.ts';
import { compressionType, HAS_ZSTD } from './codecs.ts';
import { CommitsPoller } from './commits.ts';
import { KafkaConsumer } from './consumer.ts';
import { KafkaDeadLetters } from './dead-letters.ts';
import { settingsOf, type KafkaConfig } from './env.ts';
import { toAppError } from './errors.ts';
import { LagReader } from './lag.ts';
import { deadTopic, kafkaGroup, kafkaTopic, kafkaTopics, partitioner } from './names.ts';
import { ProducerSource, type OutRecord } from './producer-source.ts';
import { shareCalls } from './shared-call.ts';
import { minInSync } from './topic-settings.ts';
import { createTopics } from './topics.ts';
import { openView } from './open-view.ts';

/** Payloads of one record, so that batches of a bounded size can be cut; a larger event has a record of its own. */
const MAX_RECORD_BYTES = 1 << 20;
/** What Kafka adds to a record with a few headers, at most. */
const RECORD_EXTRA_BYTES = 1 << 10;
const METADATA_EVERY_MS = 30_000;
const CLOSE_CONSUMERS_MS = 20_000;

export interface KafkaEventLog extends EventLog {
  /** Why every append is refused now, or undefined: belongs into the readiness answer. */
  unavailable(): string | undefined;
}

export interface KafkaEventLogOptions {
  /** What is not given has the default of `kafkaEnv`. */
  readonly config: Partial<KafkaConfig>;
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string;
  readonly logger: LogSink;
  /** How long a Kafka that does not answer yet is waited for; default a minute, 0 = one attempt. */
  readonly waitMs?: number;
  /** Kafka refuses the credentials: nothing will work until the process starts with others. */
  readonly onFatal?: (error: AppError) => void;
}

/**
 * Opens the log on Apache Kafka. An acknowledged event is on all replicas that are in sync. What is held for consumers
 * that are behind: nothing, Kafka has room.
 * @throws AppError `log_unavailable` if Kafka does not answer within `waitMs` or topics are missing.
 */
export async function openKafkaEventLog(options: KafkaEventLogOptions): Promise<KafkaEventLog> {
  const config = settingsOf(options.config);
  if (config.KAFKA_COMPRESSION === 'zstd' && !HAS_ZSTD)
    throw new AppError('internal', 'KAFKA_COMPRESSION: zstd needs Node 22.15 or later');
  const { clientId, logger } = options;
  const view = await openView({ config, clientId, logger }, options.waitMs);
  try {
    await ensureTopics(view, config, logger);
    return new OnKafka({ ...options, config }, view);
  } catch (error) {
    await view.close().catch(() => undefined);
    throw toAppError(error, 'open the event log');
  }
}

async function ensureTopics(view: ClusterView, config: KafkaConfig, logger: LogSink): Promise<void> {
  const names = kafkaTopics(config.KAFKA_TOPIC_PREFIX);
  if (config.KAFKA_TOPICS_AT_START === 'create') {
    const topics = createTopics(view, config);
    for (const change of await topics.apply()) logger.info({ ...change }, 'topic changed');
  }
  await view.refresh(names);
  if (config.KAFKA_TOPICS_AT_START === 'skip') return;
  const missing = names.filter((name) => view.known(name).length === 0);
  if (missing.length > 0)
    throw new AppError(
      'log_unavailable',
      `topics are missing: ${missing.join(', ')}; run "weft topics apply"`,
    );
}

interface Resolved extends KafkaEventLogOptions {
  readonly config: KafkaConfig;
}

class OnKafka implements KafkaEventLog {
  readonly #options: Resolved;
  readonly #view: ClusterView;
  readonly #appender: Appender;
  readonly #deadLetters = new Map<Topic, KafkaDeadLetters>();
  readonly #ends = new Map<Topic, () => Promise<Offsets>>();
  readonly #commits = new Map<string, CommitsPoller>();
  readonly #lags = new Map<string, LagReader>();
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #metadataTimer: NodeJS.Timeout;
  #closed: Promise<void> | undefined;

  constructor(options: Resolved, view: ClusterView) {
    this.#options = options;
    this.#view = view;
    this.#appender = this.#createAppender();
    const { KAFKA_TOPIC_PREFIX: prefix } = options.config;
    for (const topic of TOPICS) {
      const dead = new KafkaDeadLetters(view, this.#appender, topic, deadTopic(prefix, topic));
      this.#deadLetters.set(topic, dead);
      this.#ends.set(
        topic,
        shareCalls(() => view.offsets(kafkaTopic(prefix, topic), 'end')),
      );
    }
    // New partitions are found without an error that tells of them.
    this.#metadataTimer = setInterval(() => void view.refresh().catch(() => undefined), METADATA_EVERY_MS);
    this.#metadataTimer.unref();
  }

  #createAppender(): Appender {
    const { config, logger, onFatal } = this.#options;
    const timeoutMs = config.KAFKA_PRODUCE_TIMEOUT_MS;
    // A leader that has gone silent is given up early enough to ask the one that takes over.
    const patience = { requestTimeoutMs: Math.ceil(timeoutMs / 2), retries: 5 };
    return new Appender({
      view: this.#view,
      producers: new ProducerSource(() => createClient(this.#clientOptions(), patience)),
      logger,
      timeoutMs,
      compression: compressionType(config.KAFKA_COMPRESSION),
      maxBufferEvents: config.KAFKA_PRODUCER_MAX_BUFFER_SIZE,
      maxBufferBytes: config.KAFKA_PRODUCER_MAX_BUFFER_BYTES,
      maxBatchBytes: config.KAFKA_MAX_MESSAGE_BYTES / 2,
      minInSync: minInSync(config.KAFKA_TOPIC_REPLICATION),
      onRefused: (error) => onFatal?.(error),
    });
  }

  #clientOptions(): ClientOptions {
    const { config, clientId, logger } = this.#options;
    return { config, clientId, logger };
  }

  unavailable(): string | undefined {
    return this.#appender.unavailable();
  }

  append(topic: Topic, events: readonly TraceEvent[]): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(closed());
    if (events.length === 0) return Promise.resolve();
    let records: OutRecord[];
    try {
      records = this.#records(topic, events);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#appender.append(records, events.length);
  }

  #records(topic: Topic, events: readonly TraceEvent[]): OutRecord[] {
    const { config } = this.#options;
    const name = this.#name(topic);
    const partitions = this.#view.known(name).length;
    if (partitions === 0) throw new AppError('log_unavailable', `topic ${name} is missing`);
    const partitionOf = partitioner(topic, config.WF_KAFKA_PROJECT_ID_BUCKET_COUNT);
    const maxBytes = Math.min(MAX_RECORD_BYTES, config.KAFKA_MAX_MESSAGE_BYTES / 2);
    return groupByPartition(events, partitions, maxBytes, partitionOf).map((group) => {
      const value = Buffer.concat(encodeRecord(group.events));
      this.#refuseTooLarge(value);
      return { topic: name, partition: group.partition, value };
    });
  }

  #refuseTooLarge(value: Buffer): void {
    const { KAFKA_MAX_MESSAGE_BYTES: max } = this.#options.config;
    if (value.length + RECORD_EXTRA_BYTES <= max) return;
    throw new AppError('request_too_large', `an event of ${value.length} bytes is more than ${max} bytes`);
  }

  async consume(topic: Topic, options: ConsumeOptions, handle: HandleBatch): Promise<void> {
    if (this.#closed !== undefined) throw closed();
    const { config, logger } = this.#options;
    const deps = {
      // Joins and fetches outlast other requests; the client gives them their time itself.
      createClient: () => createClient(this.#clientOptions(), { requestTimeoutMs: 5000, retries: 2 }),
      view: this.#view,
      config,
      topic: this.#name(topic),
      group: this.#group(topic, options.group),
      logger,
      bury: (rejected: readonly Rejected[]) => this.#dead(topic).add(options.group, rejected),
      background: (work: Promise<void>) => void this.#track(work),
    };
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    await this.#track(new KafkaConsumer(deps, { ...options, signal }, handle).run());
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => undefined,
      () => undefined,
    );
    this.#running.add(done);
    void done.then(() => this.#running.delete(done));
    return work;
  }

  endOffsets(topic: Topic): Promise<Offsets> {
    return this.#ends.get(topic)!();
  }

  waitCommitted(topic: Topic, group: string, offsets: Offsets, timeoutMs: number): Promise<boolean> {
    const name = this.#name(topic);
    const kafkaName = this.#group(topic, group);
    let poller = this.#commits.get(kafkaName);
    if (poller === undefined) {
      poller = new CommitsPoller({
        committed: () => this.#view.committed(name, kafkaName),
        starts: () => this.#view.offsets(name, 'start'),
      });
      this.#commits.set(kafkaName, poller);
    }
    return poller.wait(offsets, timeoutMs);
  }

  lag(topic: Topic, group: string): Promise<Lag> {
    const kafkaName = this.#group(topic, group);
    let reader = this.#lags.get(kafkaName);
    if (reader === undefined) {
      reader = new LagReader(this.#view, this.#name(topic), kafkaName);
      this.#lags.set(kafkaName, reader);
    }
    return reader.read();
  }

  async deadLetter(topic: Topic, group: string, rejected: readonly Rejected[]): Promise<void> {
    if (this.#closed !== undefined) throw closed();
    await this.#dead(topic).add(group, rejected);
  }

  deadLetters(topic: Topic): AsyncIterable<DeadLetter> {
    return this.#dead(topic).list();
  }

  async settleDeadLetters(topic: Topic, ids: readonly string[]): Promise<void> {
    if (this.#closed !== undefined) throw closed();
    await this.#dead(topic).settle(ids);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#metadataTimer);
    this.#closing.abort();
    await this.#consumersGone();
    await this.#appender.close();
    await this.#view.close().catch(() => undefined);
  }

  /** Batches in hand are finished, unless they take too long: then they come again after the next start. */
  async #consumersGone(): Promise<void> {
    const until = performance.now() + CLOSE_CONSUMERS_MS;
    while (this.#running.size > 0 && performance.now() < until) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_CONSUMERS_MS)));
      await Promise.race([late, Promise.all(this.#running)]);
      clearTimeout(timer);
    }
  }

  #name(topic: Topic): string {
    return kafkaTopic(this.#options.config.KAFKA_TOPIC_PREFIX, topic);
  }

  #group(topic: Topic, group: string): string {
    return kafkaGroup(this.#options.config.KAFKA_TOPIC_PREFIX, topic, group);
  }

  #dead(topic: Topic): KafkaDeadLetters {
    const letters = this.#deadLetters.get(topic);
    if (letters === undefined) throw new AppError('internal', `no such topic: ${topic}`);
    return letters;
  }
}

function closed(): AppError {
  return new AppError('log_unavailable', 'the event log is closed');
}
