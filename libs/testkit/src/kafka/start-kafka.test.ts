import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from '@jest/globals';

import { requireBackend } from '../backends.ts';

import { eventually } from '../eventually.ts';
import { isAlive } from '../processes.ts';
import { liveBrokers } from './metadata.ts';
import { startKafka } from './start-kafka.ts';

const START = fileURLToPath(new URL('./start-kafka.ts', import.meta.url));

requireBackend('kafka', describe)('startKafka', () => {
  it('comes back after kill -9 on its data and port, and leaves nothing after stop()', async () => {
    const kafka = await startKafka();
    const [port] = kafka.ports as [number];
    expect(kafka.brokers).toBe(`127.0.0.1:${port}`);
    expect(await liveBrokers(port)).toEqual([1]);
    const [pid] = kafka.pids() as [number];

    await kafka.kill();
    expect(kafka.pids()).toEqual([]);
    expect(await liveBrokers(port)).toBeUndefined();
    await kafka.start();
    expect(await liveBrokers(port)).toEqual([1]);
    expect(kafka.pids()).not.toEqual([pid]);

    await kafka.stop();
    expect(kafka.pids()).toEqual([]);
    expect(await liveBrokers(port)).toBeUndefined();
  }, 120_000);

  it('runs three brokers that notice when one of them stands still, and when it moves again', async () => {
    const kafka = await startKafka({ brokers: 3 });
    const seenBy = (broker: number) => liveBrokers(kafka.ports[broker - 1]!);
    for (const broker of [1, 2, 3]) expect(await seenBy(broker)).toEqual([1, 2, 3]);
    const until = (broker: number, ids: number[]) =>
      eventually(async () => String(await seenBy(broker)) === String(ids));

    await kafka.pause(3);
    await until(1, [1, 2]);
    await kafka.resume(3);
    await until(1, [1, 2, 3]);
    await kafka.kill(2);
    await until(3, [1, 3]);
    await kafka.start(2);
    await until(2, [1, 2, 3]);
    await kafka.stop();
  }, 180_000);

  it('keeps a directory that it was given, with its ports', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weft-kept-kafka-'));
    try {
      const first = await startKafka({ dir });
      await first.stop();
      expect(existsSync(join(dir, 'broker-1/data/meta.properties'))).toBe(true);
      const second = await startKafka({ dir });
      expect(second.brokers).toBe(first.brokers);
      await second.stop();
      await expect(startKafka({ dir, brokers: 3 })).rejects.toThrow('holds a Kafka of 1 brokers');
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }, 120_000);

  it('says why a broker does not come up', async () => {
    const started = startKafka({ properties: { 'num.io.threads': 'many' } });
    await expect(started).rejects.toThrow(/broker 1 ended while starting:[^]*num\.io\.threads/);
  }, 60_000);

  it('ends its brokers and their data when its process is killed', async () => {
    const script = `import { startKafka } from ${JSON.stringify(START)};
const kafka = await startKafka();
console.log(JSON.stringify({ pids: kafka.pids(), port: kafka.ports[0] }));
setInterval(() => {}, 1000);`;
    const tsx = fileURLToPath(import.meta.resolve('tsx'));
    const temporary = await mkdtemp(join(tmpdir(), 'weft-guarded-'));
    const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: temporary },
    });
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const { pids, port } = JSON.parse(line) as { pids: number[]; port: number };
    expect(await liveBrokers(port)).toEqual([1]);

    child.kill('SIGKILL');
    await eventually(() => !isAlive(pids[0]!));
    await eventually(() => !readdirSync(temporary).some((name) => name.startsWith('weft-kafka'))); // prettier-ignore
    await rm(temporary, { recursive: true, force: true });
  }, 120_000);
});
