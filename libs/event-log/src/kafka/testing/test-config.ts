import { randomBytes } from 'node:crypto';
import kafkajs, { type Admin } from 'kafkajs';
import type { KafkaConfig } from '../env.ts';

/** Topics and groups of their own for a test. */
export function uniquePrefix(): string {
  return `t${randomBytes(5).toString('hex')}.`;
}

/** Topics are created at the start; sessions are short enough to see them end. */
export function testConfig(
  brokers: string,
  prefix: string,
  more: Partial<KafkaConfig> = {},
): Partial<KafkaConfig> {
  return {
    KAFKA_BROKERS: brokers.split(','),
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_TOPIC_PARTITIONS: 3,
    KAFKA_TOPIC_REPLICATION: 1,
    KAFKA_TOPICS_AT_START: 'create',
    KAFKA_SESSION_TIMEOUT_MS: 3000,
    ...more,
  };
}

/** Runs `work` with an administrator's connection. */
export async function asAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = new kafkajs.Kafka({
    brokers: brokers.split(','),
    clientId: 'test',
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const admin = client.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export async function deleteTopics(brokers: string, prefix: string): Promise<void> {
  await asAdmin(brokers, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
}
