/**
 * What the embedded log costs against a plain loop of append and fdatasync: CPU and time per record at 1, 10 and 100 records
 * a sync, the ack of an idle log, recovery, and the rate of consuming from memory and from disk.
 *
 *     npx tsx bench/event-log.ts
 */
import * as fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openEmbeddedEventLog, type EmbeddedEventLog } from '@weft/event-log';
import type { TraceEvent } from '@weft/model';

const TOPIC = 'trace-events';
const GROUP = 'bench';
const RECORD_BYTES = 1700;
const ROUNDS = 200;
const payload = Buffer.from(`{"inputs":"${'x'.repeat(RECORD_BYTES - 14)}"}`);
const logger = { info: () => undefined, warn: console.warn, error: console.error };
const write = promisify(fs.writev);
const sync = promisify(fs.fdatasync);

let next = 0;
function event(): TraceEvent {
  const id = `019a${String(next++).padStart(28, '0')}`;
  return {
    kind: 'call.completed',
    projectId: 'team/project',
    id,
    userId: 'ada',
    receivedAtUs: Date.now() * 1000,
    note: '',
    payload,
  };
}

interface Figures {
  cpuUs: number;
  p50Ms: number;
  p99Ms: number;
}

/** Runs `round` ROUNDS times; CPU is that of the whole process, also its file threads. */
async function measure(recordsPerRound: number, round: () => Promise<void>): Promise<Figures> {
  for (let i = 0; i < 20; i++) await round();
  const times: number[] = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await round();
    times.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)]!;
  return { cpuUs: (user + system) / ROUNDS / recordsPerRound, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function show(name: string, { cpuUs, p50Ms, p99Ms }: Figures): void {
  console.log(
    `${name.padEnd(34)} ${cpuUs.toFixed(1).padStart(7)} µs CPU/record   p50 ${p50Ms.toFixed(2)} ms   p99 ${p99Ms.toFixed(2)} ms`,
  );
}

async function plainLoop(dir: string, records: number): Promise<Figures> {
  const fd = fs.openSync(join(dir, `plain-${records}`), 'w');
  let position = 0;
  const figures = await measure(records, async () => {
    const chunks = Array.from({ length: records }, () => Buffer.from(payload));
    await write(fd, chunks, position);
    await sync(fd);
    position += records * payload.length;
  });
  fs.closeSync(fd);
  return figures;
}

async function consumeAll(log: EmbeddedEventLog): Promise<{ perSecond: number; cpuUs: number }> {
  const { events } = await log.lag(TOPIC, GROUP);
  const controller = new AbortController();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const options = { group: GROUP, maxBatchEvents: 5000, maxBatchBytes: 8 << 20, signal: controller.signal };
  const done = log.consume(TOPIC, options, async () => []);
  await log.waitCommitted(TOPIC, GROUP, await log.endOffsets(TOPIC), 60_000);
  const seconds = (performance.now() - start) / 1000;
  controller.abort();
  await done;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: events / seconds, cpuUs: (user + system) / events };
}

async function main(): Promise<void> {
  const dir = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'bench-event-log-'));
  const config = { EVENT_LOG_MAX_HOLD_MS: 0 };
  const open = (name: string, more = {}) =>
    openEmbeddedEventLog({
      dir: join(dir, name),
      logger,
      groups: { [TOPIC]: [GROUP] },
      config: { ...config, ...more },
    });
  try {
    const log = await open('log');
    for (const records of [1, 10, 100]) {
      show(`plain write + fdatasync, ${records} a sync`, await plainLoop(dir, records));
      const appendEach = () =>
        Promise.all(Array.from({ length: records }, () => log.append(TOPIC, [event()])));
      show(
        `log, ${records} requests of 1 event`,
        await measure(records, async () => void (await appendEach())),
      );
    }
    const request = () => Array.from({ length: 100 }, event);
    show('log, 1 request of 100 events', await measure(100, () => log.append(TOPIC, request())));

    const memory = await consumeAll(log);
    console.log(
      `consume from memory: ${Math.round(memory.perSecond)} events/s, ${memory.cpuUs.toFixed(2)} µs CPU/event`,
    );
    await log.close();

    const large = await open('large');
    const group = () => Promise.all(Array.from({ length: 10 }, () => large.append(TOPIC, request())));
    for (let i = 0; i < 150; i++) await group();
    const bytes = large.stats().diskBytes;
    await large.close();
    const start = performance.now();
    const again = await open('large', { EVENT_LOG_TAIL_BYTES: 0 });
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `recovery: ${(bytes / 2 ** 20).toFixed(0)} MiB in ${seconds.toFixed(2)} s = ${((seconds * 2 ** 30) / bytes).toFixed(2)} s/GiB`,
    );
    const disk = await consumeAll(again);
    console.log(
      `consume from disk: ${Math.round(disk.perSecond)} events/s, ${disk.cpuUs.toFixed(2)} µs CPU/event`,
    );
    await again.close();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

await main();
