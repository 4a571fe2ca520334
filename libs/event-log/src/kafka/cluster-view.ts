import { AppError } from '@weft/model';
import type { Admin, Broker, Cluster, Message } from 'kafkajs';
import type { Offsets } from '../event-log.ts';
import { isRefused, kafkaErrorType, toAppError } from './errors.ts';
import { within } from './within.ts';

const CALL_TIMEOUT_MS = 5000;
const LOOK_TIMEOUT_MS = 2000;
const REPEAT_MS = 100;
const MAX_LOADS = 20;
const METADATA_AGE_MS = 30_000;

export interface PartitionPlace {
  /** Broker id; -1 = no leader. */
  readonly leader: number;
  /** Replicas that are in sync. */
  readonly inSync: number;
  readonly replicas: number;
}

export interface RawMessage {
  readonly offset: string;
  readonly value: Buffer | null;
  readonly headers?: Message['headers'];
}

interface ListedOffsets {
  readonly partition: number;
  readonly offset: string;
}

/** The part of an answer that the client's types leave out. */
interface FetchAnswer {
  readonly responses: readonly {
    readonly partitions: readonly { readonly messages: readonly RawMessage[] }[];
  }[];
}

/**
 * What the cluster knows: places of partitions, ends and starts of topics, committed offsets. It speaks to the client's
 * inner `cluster`, because the admin client asks far more than it has to: `fetchTopicOffsets` sends two ListOffsets and a
 * Metadata request and drops the one that is needed last; `fetchOffsets` looks for the coordinator each time.
 */
export class ClusterView {
  readonly #admin: Admin;
  readonly #topics = new Set<string>();
  readonly #places = new Map<string, readonly PartitionPlace[]>();
  readonly #coordinators = new Map<string, Broker>();
  #refreshedAt = -Infinity;
  #refreshing: Promise<void> | undefined;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  get admin(): Admin {
    return this.#admin;
  }

  get #cluster(): Cluster {
    return this.#admin.cluster;
  }

  close(): Promise<void> {
    return this.#admin.disconnect();
  }

  /** Where the partitions of a topic were when it was last asked; empty for a topic that is not there. */
  known(topic: string): readonly PartitionPlace[] {
    return this.#places.get(topic) ?? [];
  }

  /** Asks anew where partitions are: of `topics` and of all that were asked for before. */
  async refresh(topics: readonly string[] = []): Promise<void> {
    const isNew = topics.some((topic) => !this.#topics.has(topic));
    for (const topic of topics) this.#topics.add(topic);
    if (isNew) await this.#refreshing?.catch(() => undefined);
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    await within(CALL_TIMEOUT_MS, 'metadata', this.#admin.connect());
    await within(CALL_TIMEOUT_MS, 'metadata', this.#load());
    for (const topic of this.#topics) this.#places.set(topic, this.#read(topic));
    this.#refreshedAt = performance.now();
  }

  /**
   * One topic that is missing must not hide where the others are: the client then knows nothing at all. A new topic is
   * not known to every broker at once.
   */
  async #load(): Promise<void> {
    const cluster = this.#cluster as Cluster & { targetTopics: Set<string> };
    let topics = [...this.#topics];
    for (let attempt = 1; ; attempt++) {
      try {
        cluster.targetTopics = new Set(topics);
        await cluster.refreshMetadata();
        return;
      } catch (error) {
        if (kafkaErrorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION' || attempt === MAX_LOADS) throw error;
        const there = new Set(await this.#admin.listTopics());
        topics = topics.filter((topic) => there.has(topic));
        await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
      }
    }
  }

  #read(topic: string): PartitionPlace[] {
    const places: PartitionPlace[] = [];
    for (const { partitionId, leader, isr, replicas } of this.#cluster.findTopicPartitionMetadata(topic))
      places[partitionId] = { leader, inSync: isr.length, replicas: replicas.length };
    return places;
  }

  /** Places that are at most 30 s old. */
  async places(topic: string): Promise<readonly PartitionPlace[]> {
    const fresh = performance.now() - this.#refreshedAt < METADATA_AGE_MS;
    if (!fresh || !this.#topics.has(topic)) await this.refresh([topic]);
    return this.known(topic);
  }

  /**
   * Offsets by partition: `end` is the next to be written, `start` the first there is, a number the first whose record came
   * at this time (ms) or later, or the end.
   */
  offsets(topic: string, at: 'end' | 'start' | number): Promise<Offsets> {
    return this.#repeat(`offsets of ${topic}`, async () => {
      const places = await this.places(topic);
      const partitions = places.map((_, partition) => ({ partition }));
      const time = typeof at === 'number' ? { fromTimestamp: at } : { fromBeginning: at === 'start' };
      const [found] = await this.#cluster.fetchTopicsOffset([{ topic, partitions, ...time } as never]);
      const listed = found?.partitions ?? [];
      if (places.length === 0 || listed.length !== places.length)
        throw new AppError(
          'log_unavailable',
          `topic ${topic} has partitions without a leader, or is not there`,
        );
      const offsets = toOffsets(listed, places.length);
      return offsets.includes(-1n) ? fill(offsets, await this.offsets(topic, 'end')) : offsets;
    });
  }

  /** Whether a broker serves the partitions of a topic that it leads as far as we know. */
  async leaderAnswers(topic: string, leader: number): Promise<boolean> {
    const partitions = this.known(topic).flatMap((place, partition) =>
      place.leader === leader ? [{ partition }] : [],
    );
    if (partitions.length === 0) return true;
    const request = { topic, partitions, fromBeginning: false };
    try {
      const [found] = await within(LOOK_TIMEOUT_MS, 'look', this.#cluster.fetchTopicsOffset([request]));
      return found?.partitions.length === partitions.length;
    } catch {
      return false;
    }
  }

  /** Offsets that a group has committed; -1 = none. */
  committed(topic: string, group: string): Promise<Offsets> {
    return this.#repeat(
      `offsets of group ${group}`,
      async () => {
        const places = await this.places(topic);
        const partitions = places.map((_, partition) => ({ partition }));
        const coordinator = await this.#coordinator(group);
        const request = { groupId: group, topics: [{ topic, partitions }] };
        const { responses } = await coordinator.offsetFetch(request as never);
        const [found] = responses as readonly { readonly partitions: readonly ListedOffsets[] }[];
        return toOffsets(found?.partitions ?? [], places.length);
      },
      () => this.#coordinators.delete(group),
    );
  }

  /**
   * Sets the offsets of a group that has no members.
   * @throws AppError `invalid_request` if it has.
   */
  async commit(topic: string, group: string, offsets: Offsets): Promise<void> {
    const partitions = offsets.map((offset, partition) => ({ partition, offset: offset.toString() }));
    const request = { groupId: group, groupGenerationId: -1, memberId: '', topics: [{ topic, partitions }] };
    await this.#repeat(
      `offsets of group ${group}`,
      async () => {
        const coordinator = await this.#coordinator(group);
        try {
          await coordinator.offsetCommit(request);
        } catch (error) {
          const type = kafkaErrorType(error) ?? '';
          if (!['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'].includes(type))
            throw error;
          throw new AppError('invalid_request', `group ${group} has members: stop its consumers first`);
        }
      },
      () => this.#coordinators.delete(group),
    );
  }

  /** Records of a partition from an offset on: at least one unless it is the end, some `maxBytes` at most. */
  fetch(topic: string, partition: number, from: bigint, maxBytes: number): Promise<readonly RawMessage[]> {
    return this.#repeat(`records of ${topic}`, async () => {
      const place = (await this.places(topic))[partition];
      const broker = await this.#cluster.findBroker({ nodeId: String(place?.leader ?? -1) });
      const partitions = [{ partition, fetchOffset: from.toString(), maxBytes }];
      const { responses }: FetchAnswer = await broker.fetch({
        isolationLevel: 1,
        maxWaitTime: 100,
        minBytes: 1,
        maxBytes,
        topics: [{ topic, partitions }],
      });
      const messages = responses[0]?.partitions[0]?.messages ?? [];
      return messages.filter(({ offset }) => BigInt(offset) >= from);
    });
  }

  async #coordinator(group: string): Promise<Broker> {
    const known = this.#coordinators.get(group);
    if (known?.isConnected() === true) return known;
    const coordinator = await this.#cluster.findGroupCoordinator({ groupId: group });
    this.#coordinators.set(group, coordinator);
    return coordinator;
  }

  /** Repeats for some seconds: leaders and coordinators move. */
  async #repeat<T>(doing: string, work: () => Promise<T>, forget?: () => void): Promise<T> {
    const until = performance.now() + CALL_TIMEOUT_MS;
    for (;;) {
      try {
        return await within(CALL_TIMEOUT_MS, doing, work());
      } catch (error) {
        if (error instanceof AppError && error.code !== 'log_unavailable') throw error;
        if (isRefused(error) || performance.now() + REPEAT_MS > until) throw toAppError(error, doing);
        forget?.();
        await new Promise((resolve) => setTimeout(resolve, REPEAT_MS));
        await this.refresh().catch(() => undefined);
      }
    }
  }
}

function toOffsets(listed: readonly ListedOffsets[], count: number): bigint[] {
  const offsets = new Array<bigint>(count).fill(-1n);
  for (const { partition, offset } of listed) offsets[partition] = BigInt(offset);
  return offsets;
}

function fill(offsets: Offsets, ends: Offsets): Offsets {
  return offsets.map((offset, partition) => (offset === -1n ? ends[partition]! : offset));
}
