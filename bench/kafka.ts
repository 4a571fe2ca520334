/**
 * What the log on Kafka costs this process, by compression: CPU per event appended by 64 clients at once and consumed, the
 * ack of an idle log, how long a reader waits for the commit, and CPU of an idle log with a consumer.
 *
 *     npx tsx bench/kafka.ts [host:port,…]
 */
import { randomBytes } from 'node:crypto';
import { openKafkaEventLog, type KafkaConfig, type KafkaEventLog } from '@weft/event-log';
import type { TraceEvent } from '@weft/model';
import { startKafka } from '@weft/testkit';

const TOPIC = 'trace-events';
const GROUP = 'bench';
const CLIENTS = 64;
const EVENTS = 20_000;
const IDLE_MS = 10_000;
const logger = { info: () => undefined, warn: () => undefined, error: console.error };

let next = 0;
/** 1 KB of JSON, a third of it random: about what a call's inputs compress to. */
function event(): TraceEvent {
  const text = 'the quick brown fox jumps over the lazy dog. '.repeat(13);
  return {
    kind: 'call.completed',
    projectId: 'team/project',
    id: `019a${String(next++).padStart(28, '0')}`,
    userId: 'ada',
    receivedAtUs: Date.now() * 1000,
    note: '',
    payload: Buffer.from(JSON.stringify({ inputs: text, key: randomBytes(300).toString('base64') })),
  };
}

function cpuUs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!.toFixed(2);

async function appendAll(log: KafkaEventLog, events: readonly TraceEvent[]): Promise<string> {
  const left = events.values();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const client = async () => {
    for (const one of left) await log.append(TOPIC, [one]);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (performance.now() - start) / 1000;
  return `append ${(cpuUs(cpu) / events.length).toFixed(1)} µs CPU/event, ${Math.round(events.length / seconds)}/s`;
}

async function idleAcks(log: KafkaEventLog): Promise<string> {
  const acks: number[] = [];
  const reads: number[] = [];
  for (let i = 0; i < 100; i++) {
    const start = performance.now();
    await log.append(TOPIC, [event()]);
    acks.push(performance.now() - start);
    const asked = performance.now();
    await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 10_000);
    reads.push(performance.now() - asked);
    await sleep(20);
  }
  return `ack p50 ${median(acks)} ms, endOffsets + waitCommitted p50 ${median(reads)} ms`;
}

async function measure(brokers: string, KAFKA_COMPRESSION: KafkaConfig['KAFKA_COMPRESSION']): Promise<void> {
  const config: Partial<KafkaConfig> = {
    KAFKA_BROKERS: brokers.split(','),
    KAFKA_TOPIC_PREFIX: `bench-${randomBytes(4).toString('hex')}.`,
    KAFKA_TOPIC_REPLICATION: 1,
    KAFKA_TOPICS_AT_START: 'create',
    KAFKA_COMPRESSION,
  };
  const log = await openKafkaEventLog({ config, clientId: 'bench', logger });
  await appendAll(log, Array.from({ length: 3000 }, event));
  const appended = await appendAll(log, Array.from({ length: EVENTS }, event));

  const controller = new AbortController();
  const { signal } = controller;
  const options = { group: GROUP, maxBatchEvents: 5000, maxBatchBytes: 8 << 20, signal };
  const cpu = process.cpuUsage();
  const done = log.consume(TOPIC, options, async () => []);
  await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 60_000);
  const consumed = `consume ${(cpuUs(cpu) / (EVENTS + 3000)).toFixed(1)} µs CPU/event`;

  const acks = await idleAcks(log);
  await sleep(1000);
  const idle = process.cpuUsage();
  await sleep(IDLE_MS);
  const idleShare = `idle ${(cpuUs(idle) / IDLE_MS / 10).toFixed(2)} % of a core`;
  console.log(`${KAFKA_COMPRESSION.padEnd(7)} ${[appended, consumed, acks, idleShare].join('; ')}`);
  controller.abort();
  await done;
  await log.close();
}

const given = process.argv[2];
const kafka = given === undefined ? await startKafka() : undefined;
for (const compression of ['none', 'gzip', 'snappy'] as const)
  await measure(given ?? kafka!.brokers, compression);
await kafka?.stop();
