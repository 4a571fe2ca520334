import type { TraceEvent } from '@weft/model';
import { partitionKey } from '@weft/model';
import type { Topic } from '../event-log.ts';
import { murmur2, partitionOfKey } from '../partition.ts';
import { TOPICS } from '../topics.ts';

/** What a topic is called in Kafka. */
export function kafkaTopic(prefix: string, topic: Topic): string {
  return `${prefix}${topic}`;
}

/** Where the dead letters of a topic go. One partition: dead letters have an order. */
export function deadTopic(prefix: string, topic: Topic): string {
  return `${prefix}${topic}.dead`;
}

/**
 * What a group is called in Kafka. Each topic has groups of its own: members of one Kafka group with different topics would
 * be given partitions of each other's.
 */
export function kafkaGroup(prefix: string, topic: Topic, group: string): string {
  return `${prefix}${topic}.${group}`;
}

/** Every topic of an installation. */
export function kafkaTopics(prefix: string): string[] {
  return TOPICS.flatMap((topic) => [kafkaTopic(prefix, topic), deadTopic(prefix, topic)]);
}

/**
 * The partition of an event, for a topic and a number of partitions. `trace-events`: by what must stay in order.
 * `stored-calls`: by project, so that what is done once per project can be shared; a busy project is cut into buckets.
 */
export function partitioner(
  topic: Topic,
  buckets: number,
): (event: TraceEvent, partitions: number) => number {
  if (topic === 'trace-events') return (event, partitions) => partitionOfKey(partitionKey(event), partitions);
  return (event, partitions) => {
    const bucket = (murmur2(Buffer.from(event.id, 'utf8')) & 0x7fffffff) % buckets;
    return partitionOfKey(`${event.projectId}:${bucket}`, partitions);
  };
}
