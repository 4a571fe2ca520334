import {
  openKafkaEventLog,
  openKafkaTopics,
  type KafkaConfig,
  type KafkaEventLog,
  type KafkaTopics,
} from '@weft/event-log';
import { AppError } from '@weft/model';
import { createLogger } from '@weft/runtime';
import { failed, ok, reasonOf, warning, type Finding } from './finding.ts';

const WRITER_GROUP = 'writer';
const OLD_MS = 60_000;
/** How long dead letters are counted: a long list says enough. */
const MANY_LETTERS = 1_000;

const quiet = createLogger({ name: 'doctor', level: 'silent' });

/** Kafka, as the services see it. Brokers stamp the records by their own clocks, which a client cannot ask for. */
export async function* checkKafka(config: KafkaConfig, address: string): AsyncGenerator<Finding> {
  let topics: KafkaTopics;
  try {
    topics = await openKafkaTopics({ config, logger: quiet });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield failed(
      'Kafka',
      `${address}: ${reasonOf(error)}`,
      'start it, or set KAFKA_BROKERS (KAFKA_BROKER_HOST, KAFKA_BROKER_PORT) and how to log in: KAFKA_CLIENT_USER, KAFKA_TLS',
    );
    return;
  }
  try {
    yield ok('Kafka', `answers at ${address}`);
    let isMissing = false;
    for await (const finding of checkTopics(topics)) {
      isMissing ||= finding.level === 'FAILED';
      yield finding;
    }
    if (isMissing) return;
  } finally {
    await topics.close();
  }
  yield* checkGroup(config);
}

async function* checkTopics(topics: KafkaTopics): AsyncGenerator<Finding> {
  try {
    const [changes, problems] = [await topics.plan(), await topics.problems()];
    for (const problem of problems)
      yield problem.includes('is missing')
        ? failed('topics', problem, 'weft topics apply')
        : warning(
            'topics',
            problem,
            'set KAFKA_TOPIC_REPLICATION=3 and "weft topics apply"; replicas of topics that are there: kafka-reassign-partitions.sh',
          );
    const differ = changes.filter(({ change }) => change !== 'create');
    for (const { topic, change, from = '-', to } of differ)
      yield warning('topics', `${topic}: ${change} is ${from}, configured is ${to}`, 'weft topics apply');
    if (changes.length + problems.length === 0) yield ok('topics', 'as configured');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield failed('topics', reasonOf(error), 'the user may need DESCRIBE and DESCRIBE_CONFIGS on the topics');
  }
}

async function* checkGroup(config: KafkaConfig): AsyncGenerator<Finding> {
  let log: KafkaEventLog | undefined;
  try {
    log = await openKafkaEventLog({
      config: { ...config, KAFKA_TOPICS_AT_START: 'skip' },
      clientId: 'weft-doctor',
      logger: quiet,
    });
    const ends = await log.endOffsets('trace-events');
    yield ok('partitions', `the ends of all ${ends.length} of trace-events can be read`);
    const { events, oldestMs } = await log.lag('trace-events', WRITER_GROUP);
    const found = `${events} records not stored yet${events === 0 ? '' : `, the oldest up to ${Math.round(oldestMs / 1000)} s old`}`;
    const advice = 'start writers, or more of them; /readyz of a writer says whether it holds back';
    yield oldestMs > OLD_MS ? warning('writer lag', found, advice) : ok('writer lag', found);
    yield await checkDeadLetters(log);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    yield failed(
      'partitions',
      reasonOf(error),
      'a partition without a leader accepts nothing: bring the brokers back',
    );
  } finally {
    await log?.close();
  }
}

async function checkDeadLetters(log: KafkaEventLog): Promise<Finding> {
  let letters = 0;
  for await (const _ of log.deadLetters('trace-events')) if (++letters >= MANY_LETTERS) break;
  if (letters === 0) return ok('dead letters', 'none');
  const found = `${letters >= MANY_LETTERS ? 'at least ' : ''}${letters} open`;
  return warning('dead letters', found, 'weft dlq list, then replay or drop: docs/dead-letters.md');
}
