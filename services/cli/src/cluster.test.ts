import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { openKafkaEventLog } from '@weft/event-log';
import { createLogger } from '@weft/runtime';
import { requireBackend, sharedKafka, type SharedKafka } from '@weft/testkit';
import { runCli } from './cli.ts';

const logger = createLogger({ name: 'test', level: 'silent' });

async function weft(env: Record<string, string>, ...args: string[]) {
  let [out, notes] = ['', ''];
  const port = { out: (text: string) => void (out += text), note: (text: string) => void (notes += text) };
  const code = await runCli(args, { ...port, env });
  return { code, out, notes };
}

requireBackend('kafka', describe)('weft topics and weft doctor on Kafka', () => {
  let kafka: SharedKafka;
  let env: Record<string, string>;
  const prefix = `cli-${Date.now().toString(36)}${process.pid}.`;

  beforeAll(async () => {
    kafka = await sharedKafka();
    env = {
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC_PREFIX: prefix,
      KAFKA_TOPIC_PARTITIONS: '2',
      KAFKA_TOPIC_REPLICATION: '1',
    };
  }, 120_000);
  afterAll(() => kafka.stop());

  it('plans and does nothing, then applies, then has nothing to do', async () => {
    for (const args of [['plan'], ['apply', '--dry-run']]) {
      const { code, out, notes } = await weft(env, 'topics', ...args);
      expect(code).toBe(0);
      expect(out).toMatch(/^TOPIC +CHANGE +FROM +TO\n/);
      expect(out).toContain(`${prefix}trace-events `);
      expect(out).toMatch(/trace-events +create +- +2 partitions, 1 replicas?\n/);
      expect(notes).toContain(`warning: topic ${prefix}trace-events is missing`);
    }
    const missing = await weft(env, 'doctor');
    expect(missing.code).toBe(1);
    expect(missing.out).toMatch(/^FAILED {3}topics: .* is missing.*\n {9}→ weft topics apply$/m);
    const applied = await weft(env, 'topics', 'apply', '--json');
    expect(applied.code).toBe(0);
    expect((JSON.parse(applied.out) as { changes: object[] }).changes).toHaveLength(4);
    expect(await weft(env, 'topics', 'plan')).toMatchObject({
      out: '',
      notes: expect.stringContaining('nothing to change'),
    });
    const grown = { ...env, KAFKA_TOPIC_PARTITIONS: '3' };
    expect((await weft(grown, 'topics', 'plan')).out).toMatch(/trace-events +partitions +2 +3\n/);
  });

  it('looks at topics, partitions, lag and dead letters', async () => {
    await weft(env, 'topics', 'apply');
    const config = {
      KAFKA_BROKERS: kafka.brokers.split(','),
      KAFKA_TOPIC_PREFIX: prefix,
      KAFKA_TOPIC_REPLICATION: 1,
    };
    const log = await openKafkaEventLog({ config, clientId: 'test', logger });
    const event = {
      kind: 'call.started',
      projectId: 'a/b',
      id: 'x',
      userId: '',
      receivedAtUs: 1,
      note: '',
      payload: Buffer.from('{}'),
    } as const;
    await log.append('trace-events', [event]);
    await log.deadLetter('trace-events', 'writer', [{ event, reason: 'bad' }]);
    const { code, out, notes } = await weft(env, 'doctor');
    expect([code, notes]).toEqual([0, expect.stringContaining('0 failed')]);
    expect(out).toContain(`ok       Kafka: answers at ${kafka.brokers}`);
    expect(out).toMatch(/^warning {2}topics: topic .* has 1 replica/m);
    expect(out).toContain('ok       partitions: the ends of all 2 of trace-events can be read');
    expect(out).toMatch(/writer lag: 1 records not stored yet/);
    expect(out).toMatch(/^warning {2}dead letters: 1 open\n {9}→ weft dlq list/m);
    await log.close();
  });

  it('rewinds a group, and only when it is told twice', async () => {
    await weft(env, 'topics', 'apply');
    expect(await weft(env, 'topics', 'rewind', '--group', 'writer')).toMatchObject({
      code: 2,
      notes: expect.stringContaining('add --yes'),
    });
    expect(await weft(env, 'topics', 'rewind', '--group', 'writer', '--yes')).toMatchObject({
      code: 0,
      notes: expect.stringContaining('starts at the first event'),
    });
  });
});

describe('weft migrate and weft doctor on ClickHouse', () => {
  let dir: string;
  let engine: EmbeddedClickHouse;
  const env = (who: 'reader' | 'writer') => ({
    WF_CLICKHOUSE_HOST: new URL(engine.url).hostname,
    WF_CLICKHOUSE_PORT: new URL(engine.url).port,
    WF_CLICKHOUSE_USER: engine[who].username,
    WF_CLICKHOUSE_PASS: engine[who].password,
    WF_CLICKHOUSE_DATABASE: engine.database,
  });

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'weft-cli-'));
    engine = await openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger });
  });
  afterAll(async () => {
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('prints the SQL, runs it, and has nothing to do', async () => {
    expect((await weft(env('writer'), 'migrate', 'status')).out).toMatch(
      /^NUMBER +NAME +APPLIED\n1 +calls +pending\n/,
    );
    const dry = await weft(env('writer'), 'migrate', 'up', '--dry-run');
    expect(dry.out).toContain('CREATE TABLE');
    const before = await weft(env('writer'), 'doctor', '--data-dir', dir);
    expect([before.code, before.out]).toEqual([
      0,
      expect.stringMatching(/warning {2}migrations: pending in \w+: 1 calls/),
    ]);
    expect(await weft(env('writer'), 'migrate', 'up')).toMatchObject({
      code: 0,
      notes: expect.stringContaining('migration 1 calls: done'),
    });
    expect(await weft(env('writer'), 'migrate', 'up', '--dry-run')).toEqual({
      code: 0,
      out: '',
      notes: 'nothing to do\n',
    });
    const status = JSON.parse((await weft(env('writer'), 'migrate', 'status', '--json')).out) as {
      appliedAt: string;
    }[];
    expect(status.every(({ appliedAt }) => appliedAt.startsWith('20'))).toBe(true);
  });

  it('looks at version, clock, rights, disks and parts', async () => {
    await weft(env('writer'), 'migrate', 'up');
    const { code, out } = await weft(env('writer'), 'doctor', '--data-dir', dir);
    expect(code).toBe(0);
    for (const line of [
      'ClickHouse version: 2',
      'ClickHouse clock: ',
      'ClickHouse rights: ',
      'migrations: ',
      'ClickHouse parts: ',
    ])
      expect(out).toContain(`ok       ${line}`);
    expect(out).toMatch(/^(ok|warning|FAILED) +ClickHouse disk default .* free$/m);
  });

  it('tells what a user may not do, and which setting ClickHouse refuses', async () => {
    const fits = { ...env('reader'), WF_CLICKHOUSE_MAX_MEMORY_USAGE: '1000000' };
    const reader = await weft(fits, 'doctor', '--data-dir', dir);
    expect(reader.out).toMatch(
      /^warning {2}ClickHouse rights: \w+ may not insert\n {9}→ writers and "weft migrate"/m,
    );
    expect(reader.out).toMatch(/^warning {2}ClickHouse disk: cannot see it: .*system.disks/m);
    const refused = await weft(env('reader'), 'doctor', '--data-dir', dir);
    expect([refused.code, refused.out]).toEqual([
      1,
      expect.stringMatching(/FAILED +ClickHouse: .*max_memory_usage/),
    ]);
  });

  it('never shows the password, and says what is wrong', async () => {
    const wrong = { ...env('writer'), WF_CLICKHOUSE_PASS: 'not-the-password' };
    for (const args of [
      ['doctor', '--data-dir', dir],
      ['migrate', 'status'],
      ['migrate', 'up'],
    ]) {
      const { code, out, notes } = await weft(wrong, ...args);
      expect([args[0], code]).toEqual([args[0], 1]);
      expect(out + notes).toContain('WF_CLICKHOUSE_USER');
      expect(out + notes).not.toContain('not-the-password');
    }
  });
});
