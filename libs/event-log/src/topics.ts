import type { Topic } from './event-log.ts';

/** Numbers are the wire form of a topic in the embedded log: append only, never renumber. */
const TOPIC_NUMBERS: Readonly<Record<Topic, number>> = { 'trace-events': 1, 'stored-calls': 2 };

export const TOPICS = Object.keys(TOPIC_NUMBERS) as Topic[];

export function topicNumber(topic: Topic): number {
  return TOPIC_NUMBERS[topic];
}

export function topicOfNumber(number: number): Topic | undefined {
  return TOPICS[number - 1];
}
