import type { Consumer, ConsumerGroupMembership, EachBatchPayload, Kafka } from 'kafkajs';
import type { KafkaConfig } from './env.ts';
import { within } from './within.ts';

const LEAVE_TIMEOUT_MS = 2000;
const MAX_JOIN_MS = 10_000;
const MIB = 1 << 20;

export interface SessionOptions {
  readonly kafka: Kafka;
  readonly config: KafkaConfig;
  readonly topic: string;
  readonly group: string;
  readonly partitions: number;
  readonly maxBatchBytes: number;
  /** Awaited before each join: finish and commit what is in hand. */
  readonly beforeJoin: (group: ConsumerGroupMembership) => Promise<void>;
  readonly onJoined: (partitions: readonly number[]) => void;
  readonly onBatch: (payload: EachBatchPayload) => Promise<void>;
}

/** How often a member says that it lives, at least. */
export function heartbeatEveryMs(sessionTimeoutMs: number): number {
  return Math.min(1000, Math.floor(sessionTimeoutMs / 6));
}

/** One life of the client's consumer: from its first join until it crashes or leaves. */
export class Session {
  readonly #options: SessionOptions;
  readonly #consumer: Consumer;
  readonly #crashed: Promise<unknown>;
  #starting: Promise<void> | undefined;
  #group: ConsumerGroupMembership | undefined;
  #polledAt = performance.now();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#consumer = options.kafka.consumer(this.#consumerConfig());
    const { CRASH, GROUP_JOIN, FETCH_START } = this.#consumer.events;
    this.#crashed = new Promise((resolve) => {
      this.#consumer.on(CRASH, ({ payload }) => resolve(payload.error));
    });
    this.#consumer.on(GROUP_JOIN, ({ payload }) =>
      options.onJoined((payload.memberAssignment[options.topic] as unknown as number[] | undefined) ?? []),
    );
    this.#consumer.on(FETCH_START, () => {
      this.#polledAt = performance.now();
    });
  }

  /** Undefined before the first join. */
  get group(): ConsumerGroupMembership | undefined {
    return this.#group;
  }

  /** performance.now() of the last fetch. */
  get polledAt(): number {
    return this.#polledAt;
  }

  /** Joins and consumes. Resolves with the error that ended it; never while all is well. */
  async run(): Promise<unknown> {
    this.#starting = this.#start();
    try {
      await this.#starting;
    } catch (error) {
      return error;
    }
    return this.#crashed;
  }

  async #start(): Promise<void> {
    const { topic, partitions, onBatch } = this.#options;
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: Math.max(1, partitions),
      eachBatch: onBatch,
    });
  }

  #consumerConfig() {
    const { config, group, maxBatchBytes } = this.#options;
    const everyMs = heartbeatEveryMs(config.KAFKA_SESSION_TIMEOUT_MS);
    const maxBytes = Math.min(8 * MIB, Math.max(MIB, maxBatchBytes));
    return {
      groupId: group,
      allowAutoTopicCreation: false,
      metadataMaxAge: 30_000,
      sessionTimeout: config.KAFKA_SESSION_TIMEOUT_MS,
      rebalanceTimeout: config.KAFKA_REBALANCE_TIMEOUT_MS,
      heartbeatInterval: everyMs,
      maxWaitTimeInMs: everyMs,
      maxBytes,
      maxBytesPerPartition: Math.min(2 * MIB, maxBytes),
      // A crash is answered here and not by the client, which gives up on some errors and says so nowhere else.
      retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
      failOnOffsetOutOfRange: true,
      beforeJoin: (group: ConsumerGroupMembership) => {
        this.#group = group;
        return this.#options.beforeJoin(group);
      },
    };
  }

  /**
   * Leaves the group, so that others take over at once. Resolves with the rest, which may take longer: the fetch under way
   * is waited for.
   */
  async end(): Promise<{ readonly rest: Promise<void> }> {
    if (this.#group?.memberId != null) await this.#leave();
    return { rest: this.#disconnect() };
  }

  async #leave(): Promise<void> {
    await within(LEAVE_TIMEOUT_MS, 'leave', this.#group!.leave()).catch(() => undefined);
  }

  /** A join under way is waited for: a member that vanishes in the middle of it holds up the others. */
  async #disconnect(): Promise<void> {
    await within(MAX_JOIN_MS, 'join', this.#starting ?? Promise.resolve()).catch(() => undefined);
    if (this.#group?.memberId != null) await this.#leave();
    await within(MAX_JOIN_MS, 'disconnect', this.#consumer.disconnect()).catch(() => undefined);
  }
}
