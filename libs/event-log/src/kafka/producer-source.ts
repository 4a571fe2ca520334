import type { CompressionTypes, IHeaders, Kafka, Producer } from 'kafkajs';

export interface OutRecord {
  /** Kafka's name. */
  readonly topic: string;
  readonly partition: number;
  readonly value: Buffer;
  readonly headers?: IHeaders;
}

export interface SendOptions {
  readonly timeoutMs: number;
  readonly compression: CompressionTypes;
}

/** A producer with its own producer id, until it is spoilt. */
export class ProducerHandle {
  readonly #producer: Producer;
  #spoilt = false;
  #sends = 0;

  constructor(kafka: Kafka) {
    this.#producer = kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      metadataMaxAge: 30_000,
      createPartitioner: () => this.#partition,
    });
  }

  connect(): Promise<void> {
    return this.#producer.connect();
  }

  /** The client asks for the partition before each attempt: a spoilt producer makes none. */
  readonly #partition = ({ message }: { readonly message: { readonly partition?: number } }): number => {
    if (this.#spoilt) throw new RangeError('this producer was given up');
    return message.partition!;
  };

  /**
   * Sends what may be for several leaders, one request each. Resolves with the `topic/partition` that were acknowledged:
   * the client answers without an error also where it has left a partition out (its leader moved to a broker that had
   * answered already, or its metadata is older than the partition).
   */
  async send(records: readonly OutRecord[], options: SendOptions): Promise<ReadonlySet<string>> {
    const byTopic = new Map<string, OutRecord[]>();
    for (const record of records) {
      const list = byTopic.get(record.topic);
      if (list === undefined) byTopic.set(record.topic, [record]);
      else list.push(record);
    }
    const topicMessages = Array.from(byTopic, ([topic, messages]) => ({ topic, messages }));
    const { timeoutMs: timeout, compression } = options;
    this.#sends++;
    try {
      const answer = await this.#producer.sendBatch({ acks: -1, timeout, compression, topicMessages });
      return new Set(
        answer.filter(({ errorCode }) => errorCode === 0).map((one) => `${one.topicName}/${one.partition}`),
      );
    } finally {
      this.#sends--;
      if (this.#spoilt) this.#release();
    }
  }

  /** No attempt is made any more; what is under way may still arrive. */
  spoil(): void {
    this.#spoilt = true;
    this.#release();
  }

  #release(): void {
    if (this.#sends === 0) void this.close().catch(() => undefined);
  }

  close(): Promise<void> {
    return this.#producer.disconnect();
  }
}

/**
 * The producer in use. After a send whose outcome is unknown the client goes back to the sequence number of before, and
 * a broker that has those records would take the next ones for a repetition: acknowledge them, and drop them. So a
 * producer whose send failed is never used again.
 */
export class ProducerSource {
  readonly #createClient: () => Kafka;
  #current: Promise<ProducerHandle> | undefined;
  #closed = false;

  constructor(createClient: () => Kafka) {
    this.#createClient = createClient;
  }

  current(): Promise<ProducerHandle> {
    this.#current ??= this.#open();
    return this.#current;
  }

  async #open(): Promise<ProducerHandle> {
    const handle = new ProducerHandle(this.#createClient());
    try {
      await handle.connect();
      if (this.#closed) throw new Error('closed');
    } catch (error) {
      this.#current = undefined;
      handle.spoil();
      throw error;
    }
    return handle;
  }

  async spoil(handle: ProducerHandle): Promise<void> {
    handle.spoil();
    if ((await this.#current?.catch(() => undefined)) === handle) this.#current = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#current?.catch(() => undefined))?.close();
  }
}
