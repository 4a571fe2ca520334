import { Option, type Command } from 'commander';
import {
  kafkaEnv,
  openKafkaTopics,
  type KafkaConfig,
  type KafkaTopics,
  type TopicChange,
} from '@weft/event-log';
import { createLogger, loadConfig } from '@weft/runtime';
import { z } from 'zod';
import { CliError, UsageError, type CliPort, type CommandPort } from './port.ts';
import { toTable } from './table.ts';

interface PlanFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

interface RewindFlags {
  readonly topic: 'trace-events' | 'stored-calls';
  readonly group: string;
  readonly yes?: boolean;
}

const HELP = `
Kafka is found by KAFKA_BROKERS (or KAFKA_BROKER_HOST and KAFKA_BROKER_PORT); partitions, replicas and retention are
KAFKA_TOPIC_PARTITIONS, KAFKA_TOPIC_REPLICATION and KAFKA_TOPIC_RETENTION_MS, as for the services.`;

/** `weft topics …`: the topics in Kafka as the configuration wants them. */
export function addTopicsCommands(program: Command, port: CommandPort): void {
  const topics = program
    .command('topics')
    .description('topics in Kafka: what differs from the configuration, and making it so')
    .addHelpText('after', HELP);
  topics
    .command('plan')
    .description('what apply would change; changes nothing')
    .option('--json', 'answer in JSON')
    .action((flags: PlanFlags) => plan(flags, port));
  topics
    .command('apply')
    .description('create what is missing, add partitions, set what differs; harmless to repeat')
    .option('--dry-run', 'the same as plan')
    .option('--json', 'answer in JSON')
    .action((flags: PlanFlags) => (flags.dryRun === true ? plan(flags, port) : apply(flags, port)));
  topics
    .command('rewind')
    .description('let a group handle everything in the topic again')
    .addOption(
      new Option('--topic <topic>').choices(['trace-events', 'stored-calls']).default('trace-events'),
    )
    .requiredOption('--group <group>', 'the consumer group, such as writer; its members must be stopped')
    .option('--yes', 'do it')
    .action((flags: RewindFlags) => rewind(flags, port));
}

/** Kafka as the environment describes it. */
export function kafkaConfig(port: CliPort): KafkaConfig {
  return loadConfig(z.object(kafkaEnv), port.env);
}

/** Where Kafka is looked for. */
export function kafkaAddress(config: KafkaConfig): string {
  return config.KAFKA_BROKERS?.join(',') ?? `${config.KAFKA_BROKER_HOST}:${config.KAFKA_BROKER_PORT}`;
}

/** Errors are told by the command, not logged by the client. */
export const quiet = createLogger({ name: 'weft', level: 'silent' });

async function withTopics<T>(port: CliPort, work: (topics: KafkaTopics) => Promise<T>): Promise<T> {
  const config = kafkaConfig(port);
  let topics: KafkaTopics;
  try {
    topics = await openKafkaTopics({ config, logger: quiet });
  } catch (cause) {
    const where = `${kafkaAddress(config)} (KAFKA_BROKERS, or KAFKA_BROKER_HOST and KAFKA_BROKER_PORT)`;
    throw new CliError(`cannot reach Kafka at ${where}`, { cause });
  }
  try {
    return await work(topics);
  } finally {
    await topics.close();
  }
}

async function plan(flags: PlanFlags, port: CommandPort): Promise<void> {
  await withTopics(port, async (topics) => tell(await topics.plan(), await topics.problems(), flags, port));
}

async function apply(flags: PlanFlags, port: CommandPort): Promise<void> {
  await withTopics(port, async (topics) => tell(await topics.apply(), await topics.problems(), flags, port));
}

function tell(
  changes: readonly TopicChange[],
  problems: readonly string[],
  flags: PlanFlags,
  port: CommandPort,
): void {
  if (flags.json === true) return port.out(`${JSON.stringify({ changes, problems })}\n`);
  if (changes.length === 0) port.note('nothing to change\n');
  else port.out(toTable([['TOPIC', 'CHANGE', 'FROM', 'TO'], ...changes.map(toRow)]));
  for (const problem of problems) port.note(`warning: ${problem}\n`);
}

function toRow({ topic, change, from, to }: TopicChange): string[] {
  return [topic, change, from ?? '-', to];
}

async function rewind({ topic, group, yes }: RewindFlags, port: CommandPort): Promise<void> {
  if (yes !== true)
    throw new UsageError(
      `topics rewind: the group ${group} would handle everything in ${topic} again. Rows do not change by it, but it takes ` +
        'the time of all these events, and reads are behind until it is done. Stop the members of the group, then add --yes',
    );
  await withTopics(port, (topics) => topics.rewind(topic, group));
  port.note(`${group} starts at the first event of ${topic}\n`);
}
