import { AppError } from '@weft/model';
import kafkajs, { type Admin } from 'kafkajs';
import type { LogSink } from '../log-sink.ts';
import type { Topic } from '../event-log.ts';
import { createClient } from './client.ts';
import { ClusterView } from './cluster-view.ts';
import { settingsOf, type KafkaConfig } from './env.ts';
import { kafkaErrorType, toAppError } from './errors.ts';
import { kafkaGroup, kafkaTopic } from './names.ts';
import { problemsOf } from './topic-problems.ts';
import { wantedTopics, type FoundTopic, type WantedTopic } from './topic-settings.ts';

const VISIBLE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 100;
const REQUEST_TIMEOUT_MS = 10_000;

export interface TopicChange {
  readonly topic: string;
  /** `create`, `partitions`, or the name of a topic setting. */
  readonly change: string;
  /** What there is now; undefined where the topic is missing. */
  readonly from: string | undefined;
  readonly to: string;
}

export interface KafkaTopics {
  /** What is missing or differs from the configuration. Partitions beyond the configured number are left alone. */
  plan(): Promise<readonly TopicChange[]>;
  /** Does what `plan()` says, and returns it. Harmless when repeated, and by several processes at once. */
  apply(): Promise<readonly TopicChange[]>;
  /** What is wrong with the topics as sentences; empty = nothing. */
  problems(): Promise<readonly string[]>;
  /**
   * Sets a group to the first events there are: everything is handled again.
   * @throws AppError `invalid_request` while the group has members.
   */
  rewind(topic: Topic, group: string): Promise<void>;
  close(): Promise<void>;
}

export interface KafkaTopicsOptions {
  readonly config: Partial<KafkaConfig>;
  readonly logger: LogSink;
}

/** @throws AppError `log_unavailable` */
export async function openKafkaTopics(options: KafkaTopicsOptions): Promise<KafkaTopics> {
  const config = settingsOf(options.config);
  const client = { config, clientId: 'weft-topics', logger: options.logger };
  const admin = createClient(client, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: 3 }).admin();
  try {
    await admin.connect();
  } catch (error) {
    await admin.disconnect().catch(() => undefined);
    throw toAppError(error, 'connect');
  }
  const view = new ClusterView(admin);
  return { ...createTopics(view, config), close: () => view.close() };
}

/** The same, over connections that somebody else closes. */
export function createTopics(view: ClusterView, config: KafkaConfig): Omit<KafkaTopics, 'close'> {
  const wanted = wantedTopics(config);
  const find = async () => {
    const found = new Map<string, FoundTopic>();
    for (const topic of wanted) {
      const one = await translated('describe topics', findTopic(view.admin, topic.name));
      if (one !== undefined) found.set(topic.name, one);
    }
    return found;
  };
  const plan = async () => {
    const found = await find();
    return wanted.flatMap((topic) => changesOf(topic, found.get(topic.name)));
  };
  const apply = async () => {
    const changes = await plan();
    const found = await find();
    for (const topic of wanted) {
      const mine = changes.filter((change) => change.topic === topic.name);
      if (mine.length > 0)
        await translated('apply topics', applyTopic(view.admin, topic, found.get(topic.name)));
    }
    await visible(view, wanted);
    return changes;
  };
  const problems = async () => problemsOf(wanted, await find());
  const rewind = async (topic: Topic, group: string) => {
    const name = kafkaTopic(config.KAFKA_TOPIC_PREFIX, topic);
    const kafkaName = kafkaGroup(config.KAFKA_TOPIC_PREFIX, topic, group);
    await view.commit(name, kafkaName, await view.offsets(name, 'start'));
  };
  return { plan, apply, problems, rewind };
}

async function translated<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toAppError(error, doing);
  }
}

async function findTopic(admin: Admin, name: string): Promise<FoundTopic | undefined> {
  if (!(await admin.listTopics()).includes(name)) return undefined;
  const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
  const partitions = topics[0]?.partitions ?? [];
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name }];
  const described = await admin.describeConfigs({ resources, includeSynonyms: false });
  const settings = new Map<string, string>();
  const own = new Map<string, string>();
  for (const { configName, configValue, configSource } of described.resources[0]?.configEntries ?? []) {
    settings.set(configName, configValue);
    // 1: set for this topic and not for the brokers or by default.
    if (configSource === 1) own.set(configName, configValue);
  }
  const replicas = Math.min(...partitions.map((one) => one.replicas.length));
  return { partitions: partitions.length, replicas, settings, own };
}

function changesOf(topic: WantedTopic, found: FoundTopic | undefined): TopicChange[] {
  if (found === undefined) {
    const to = `${topic.partitions} partitions, ${topic.replicas} replicas`;
    return [{ topic: topic.name, change: 'create', from: undefined, to }];
  }
  const changes: TopicChange[] = [];
  if (found.partitions < topic.partitions) {
    const [from, to] = [String(found.partitions), String(topic.partitions)];
    changes.push({ topic: topic.name, change: 'partitions', from, to });
  }
  for (const [name, to] of topic.settings) {
    const from = found.settings.get(name);
    if (from !== to) changes.push({ topic: topic.name, change: name, from, to });
  }
  return changes;
}

async function applyTopic(admin: Admin, topic: WantedTopic, found: FoundTopic | undefined): Promise<void> {
  if (found === undefined) return create(admin, topic);
  const { name } = topic;
  if (found.partitions < topic.partitions)
    await admin.createPartitions({ topicPartitions: [{ topic: name, count: topic.partitions }] });
  if (![...topic.settings].some(([setting, value]) => found.settings.get(setting) !== value)) return;
  // The request replaces all settings of the topic: those that are not ours go along.
  const settings = new Map([...found.own, ...topic.settings]);
  const configEntries = Array.from(settings, ([setting, value]) => ({ name: setting, value }));
  const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }];
  await admin.alterConfigs({ validateOnly: false, resources });
}

async function create(admin: Admin, topic: WantedTopic): Promise<void> {
  const one = {
    topic: topic.name,
    numPartitions: topic.partitions,
    replicationFactor: topic.replicas,
    configEntries: Array.from(topic.settings, ([name, value]) => ({ name, value })),
  };
  try {
    // Waiting for leaders throws where the new topic is not known to every broker yet.
    await admin.createTopics({ waitForLeaders: false, topics: [one] });
  } catch (error) {
    if (kafkaErrorType(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
  }
}

/** Until every partition has a leader. */
async function visible(view: ClusterView, wanted: readonly WantedTopic[]): Promise<void> {
  const until = performance.now() + VISIBLE_WITHIN_MS;
  const names = wanted.map(({ name }) => name);
  for (;;) {
    await view.refresh(names).catch(() => undefined);
    const isThere = ({ name, partitions }: WantedTopic) => {
      const places = view.known(name);
      return places.length >= partitions && places.every(({ leader }) => leader >= 0);
    };
    if (wanted.every(isThere)) return;
    if (performance.now() > until)
      throw new AppError('log_unavailable', `topics are not ready: ${names.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
