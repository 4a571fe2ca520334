import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedClickHouse, type EmbeddedClickHouse } from '@weft/embedded-clickhouse';
import { createLogger } from '@weft/runtime';
import {
  cpuMs,
  eventually,
  freePort,
  requireBackend,
  sharedKafka,
  spawnBundle,
  tcpProxy,
  type BundleProcess,
  type SharedKafka,
  type TcpProxy,
} from '@weft/testkit';
import { batch, completed, newIds } from './calls.ts';

/** Gateway, writer and query as processes around a Kafka and a ClickHouse: what an operator of a cluster runs. */

type Service = 'gateway' | 'writer' | 'query';

interface Running extends BundleProcess {
  readonly url: string;
  /** Of the probe listener. */
  readonly probes: string;
}

const PROJECT = 'clus/ter';
const started: Running[] = [];

const status = async (url: string): Promise<number> => {
  try {
    return (await fetch(url)).status;
  } catch {
    return 0;
  }
};
const post = (url: string, path: string, body: object | string, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  });

requireBackend('kafka', describe)('services of a cluster', () => {
  let dir: string;
  let kafka: SharedKafka;
  let engine: EmbeddedClickHouse;
  let [kafkaLink, storeLink]: TcpProxy[] = [];
  let env: Record<string, string>;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weft-cluster-'));
    const logger = createLogger({ name: 'test', level: 'silent' });
    [kafka, engine] = await Promise.all([
      sharedKafka(),
      openEmbeddedClickHouse({ dataDir: join(dir, 'clickhouse'), logger }),
    ]);
    const [host, port] = kafka.brokers.split(',')[0]!.split(':');
    kafkaLink = await tcpProxy({ target: { host: host!, port: Number(port) } });
    storeLink = await tcpProxy({ target: { host: '127.0.0.1', port: Number(new URL(engine.url).port) } });
    env = {
      KAFKA_BROKERS: `127.0.0.1:${kafkaLink.port}`,
      KAFKA_TOPIC_PREFIX: `cluster-${process.pid}-${Date.now()}.`,
      KAFKA_TOPIC_REPLICATION: '1',
      KAFKA_TOPIC_PARTITIONS: '4',
      KAFKA_TOPICS_AT_START: 'create',
      WF_CLICKHOUSE_HOST: '127.0.0.1',
      WF_CLICKHOUSE_PORT: String(storeLink.port),
      WF_CLICKHOUSE_DATABASE: engine.database,
      // The embedded server allows its reader no more.
      WF_CLICKHOUSE_MAX_MEMORY_USAGE: String(1 << 30),
      QUERY_FRESHNESS_MAX_WAIT_MS: '30000',
    };
  }, 120_000);
  afterAll(async () => {
    for (const one of started) if (!one.hasEnded) one.kill('SIGKILL');
    await Promise.all(started.map((one) => one.ended));
    await kafkaLink?.stop();
    await storeLink?.stop();
    await engine?.stop();
    await kafka?.stop();
    await rm(dir, { recursive: true, force: true, maxRetries: 10 });
  }, 60_000);

  async function start(service: Service, more: Record<string, string> = {}): Promise<Running> {
    const [port, probes] = [await freePort(), await freePort()];
    const { username, password } = service === 'query' ? engine.reader : engine.writer;
    const child = spawnBundle(service, [], {
      ...env,
      ...(service === 'gateway'
        ? { GATEWAY_OTLP_GRPC_PORT: '0' }
        : { WF_CLICKHOUSE_USER: username, WF_CLICKHOUSE_PASS: password }),
      [`${service.toUpperCase()}_PORT`]: String(port),
      WEFT_METRICS_PORT: String(probes),
      ...more,
    });
    const one = Object.create(child, {
      url: { value: `http://127.0.0.1:${port}` },
      probes: { value: `http://127.0.0.1:${probes}` },
    }) as Running;
    started.push(one);
    return one;
  }

  async function ready(one: Running): Promise<Running> {
    const isReady = async () => one.hasEnded || (await status(`${one.url}/readyz`)) === 200;
    await eventually(isReady, 60_000).catch(() => undefined);
    if (one.hasEnded || !(await isReady())) throw new Error(`is not ready:\n${one.output()}`);
    return one;
  }

  let [gateway, writer, query]: Running[] = [];

  const complete = (url: string, ids: readonly string[]) =>
    post(url, `/v2/${PROJECT}/calls/complete`, batch(...ids.map((id) => completed(PROJECT, id))));
  const has = (one: Running, text: string) => eventually(() => one.output().includes(text) || one.hasEnded);

  it('waits for Kafka, ClickHouse and the schema, whichever comes later, and says what it waits for', async () => {
    await Promise.all([kafkaLink!.cut(), storeLink!.cut()]);
    [gateway, writer, query] = await Promise.all([
      start('gateway'),
      start('writer', { WRITER_MIGRATE: 'false' }),
      start('query'),
    ]);
    await has(gateway, 'waiting for Kafka (KAFKA_BROKERS)');
    await has(writer, 'waiting for ClickHouse (WF_CLICKHOUSE_HOST)');
    for (const one of [gateway, writer, query]) {
      await eventually(async () => (await status(`${one.probes}/livez`)) === 200);
      expect(await (await fetch(`${one.probes}/readyz`)).json()).toMatchObject({
        reasons: { server: 'starting' },
      });
      expect(await status(`${one.url}/readyz`)).toBe(0);
    }
    await storeLink!.mend();
    await has(writer, ' migrations are missing');
    expect(writer.output()).toMatch(/\b([1-9]\d*) of \1 migrations are missing/);
    await kafkaLink!.mend();
    await ready(gateway);
    const other = await start('writer');
    await Promise.all([writer, query, other].map(ready));
    expect(other.output()).toContain('migrations: migration 1 calls: statement 1 of ');
    other.kill('SIGTERM');
    expect(await other.ended).toEqual({ code: 0, signal: null });
  }, 120_000);

  it('shows a call in query as soon as the gateway has acknowledged it', async () => {
    const took: { ack: number; visible: number }[] = [];
    for (const id of newIds(20)) {
      const from = performance.now();
      expect((await complete(gateway!.url, [id])).status).toBe(200);
      const ack = performance.now() - from;
      const read = await post(query!.url, '/call/read', { project_id: PROJECT, id });
      expect([read.status, read.headers.get('x-weft-freshness')]).toEqual([200, null]);
      expect(await read.json()).toMatchObject({ call: { id } });
      took.push({ ack, visible: performance.now() - from - ack });
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!.toFixed(1);
    process.stderr.write(`on Kafka: ack ${median(took.map(({ ack }) => ack))} ms, then visible in ${median(took.map(({ visible }) => visible))} ms (medians of 20)\n`); // prettier-ignore
  }, 60_000);

  it('serves only what is its own: the gateway no reads, query no writes', async () => {
    const [id] = newIds(1);
    expect((await post(gateway!.url, '/call/read', { project_id: PROJECT, id })).status).toBe(404);
    expect((await complete(query!.url, [id!])).status).toBe(404);
  });

  it('accounts for every event over all processes', async () => {
    const ids = newIds(50);
    await Promise.all([complete(gateway!.url, ids), complete(gateway!.url, ids.slice(0, 10))]);
    expect(
      (await post(query!.url, '/calls/delete', { project_id: PROJECT, call_ids: [ids[0]] })).status,
    ).toBe(200);
    expect((await post(query!.url, '/calls/query_stats', { project_id: PROJECT })).status).toBe(200);
    const [accepted, deleted, done, lag] = [
      await sum(gateway!, 'gateway_events_total'),
      await sum(query!, 'query_events_total'),
      await sum(writer!, 'writer_events_total'),
      await sum(writer!, 'writer_lag_events'),
    ];
    expect(deleted).toBe(1);
    expect(lag).toBe(0);
    // What the other writer stored before it was stopped is not among them: there was nothing yet.
    expect(done).toBe(accepted + deleted);
  }, 60_000);

  it('measures itself where no key is needed', async () => {
    for (const [one, name] of [
      [gateway!, 'http_body_bytes_in_flight'],
      [writer!, 'writer_lag_records{partition="3"}'],
      [query!, 'query_freshness_wait_seconds_count'],
    ] as const)
      expect(await (await fetch(`${one.probes}/metrics`)).text()).toContain(`weft_${name}`);
  });

  it('costs little while nobody uses it', async () => {
    const all = [gateway!, writer!, query!];
    const before = all.map(({ pid }) => cpuMs(pid));
    const seconds = 3;
    await delay(seconds * 1000); // what is measured, not waited for
    all.forEach(({ pid }, i) => {
      const name = ['gateway', 'writer', 'query'][i];
      const cpu = ((cpuMs(pid) - before[i]!) / seconds / 10).toFixed(2);
      process.stderr.write(`idle: ${name} ${cpu} % of a core, ${Math.round(rssMib(pid))} MiB RSS\n`);
    });
  });

  it('keeps answering liveness, and turns readiness off, while a backend is away', async () => {
    await storeLink!.cut();
    await eventually(async () => (await status(`${query!.url}/readyz`)) === 503);
    const reasons = { clickhouse: 'ClickHouse does not answer' };
    expect(await (await fetch(`${query!.url}/readyz`)).json()).toMatchObject({ reasons });
    expect((await complete(gateway!.url, newIds(1))).status).toBe(200);
    for (const one of [gateway!, writer!, query!]) expect(await status(`${one.probes}/livez`)).toBe(200);
    expect(await status(`${gateway!.url}/readyz`)).toBe(200);
    expect(await status(`${writer!.url}/readyz`)).toBe(200);
    await storeLink!.mend();
    await eventually(async () => (await status(`${query!.url}/readyz`)) === 200);
    const seen = await post(query!.url, '/calls/query_stats', { project_id: PROJECT });
    expect([seen.status, seen.headers.get('x-weft-freshness')]).toEqual([200, null]);
  }, 90_000);

  it('loses no request in a rolling restart behind a proxy that looks at /readyz', async () => {
    let [pool, target] = [[gateway!], gateway!];
    let [isDone, answered] = [false, 0];
    const failures: string[] = [];
    const look = async () => {
      while (!isDone) {
        for (const one of pool)
          if (!one.hasEnded && (await status(`${one.url}/readyz`)) === 200) target = one;
        await delay(50);
      }
    };
    const load = async () => {
      while (!isDone) {
        try {
          const { status } = await complete(target.url, newIds(1));
          if (status === 200) answered++;
          else failures.push(String(status));
        } catch (error) {
          failures.push(String(error));
        }
      }
    };
    const running = [look(), load(), load(), load()];
    try {
      for (let round = 0; round < 2; round++) {
        const from = performance.now();
        const next = await ready(await start('gateway'));
        process.stderr.write(
          `a gateway is ready ${Math.round(performance.now() - from)} ms after its start\n`,
        );
        const old = pool[0]!;
        pool = [old, next];
        old.kill('SIGTERM');
        expect(await old.ended).toEqual({ code: 0, signal: null });
        pool = [next];
      }
    } finally {
      isDone = true;
      await Promise.all(running);
    }
    gateway = pool[0]!;
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(10);
  }, 90_000);

  it('leaves within 10 seconds when it is told to, with exit code 0', async () => {
    for (const one of [gateway!, writer!, query!]) {
      const from = performance.now();
      one.kill('SIGTERM');
      expect(await one.ended).toEqual({ code: 0, signal: null });
      process.stderr.write(`stopped in ${Math.round(performance.now() - from)} ms\n`);
      expect(performance.now() - from).toBeLessThan(10_000);
    }
  }, 60_000);

  it('lets the all-in-one stand on the same backends', async () => {
    const dataDir = join(dir, 'all-in-one');
    const { username, password } = engine.writer;
    const one = spawnBundle('all-in-one', ['--port', '0', '--data-dir', dataDir], {
      ...env,
      WF_CLICKHOUSE_USER: username,
      WF_CLICKHOUSE_PASS: password,
    });
    const url = await eventually(() => {
      if (one.hasEnded) throw new Error(one.output());
      return /Weft is ready at (\S+)/.exec(one.stdout())?.[1];
    }, 60_000);
    const [id] = newIds(1);
    expect((await complete(url, [id!])).status).toBe(200);
    expect((await post(url, '/call/read', { project_id: PROJECT, id })).status).toBe(200);
    one.kill('SIGTERM');
    expect(await one.ended).toEqual({ code: 0, signal: null });
    // Neither a log nor an engine of its own.
    expect(readdirSync(dataDir)).toEqual([]);
  }, 90_000);

  it('says what is wrong when a backend does not come, and ends with exit code 1', async () => {
    await kafkaLink!.cut();
    const one = await start('gateway', { WEFT_START_TIMEOUT_MS: '1000' });
    expect(await one.ended).toEqual({ code: 1, signal: null });
    expect(one.output()).toContain(
      'Kafka (KAFKA_BROKERS) could not be used within 1000 ms (WEFT_START_TIMEOUT_MS)',
    );
    const stopped = await start('gateway');
    await has(stopped, 'waiting for Kafka');
    stopped.kill('SIGTERM');
    expect(await stopped.ended).toEqual({ code: 0, signal: null });
    await kafkaLink!.mend();
  }, 60_000);

  it.each<[Service, Record<string, string>, RegExp]>([
    ['gateway', { GATEWAY_HOST: '0.0.0.0' }, /refusing to listen on 0\.0\.0\.0 without API keys/],
    ['query', { KAFKA_BROKERS: 'nowhere', WF_CLICKHOUSE_PORT: 'x' }, /KAFKA_BROKERS: .*\n.*WF_CLICKHOUSE_PORT/],
    ['writer', { KAFKA_TOPICS_AT_START: 'check', KAFKA_TOPIC_PREFIX: 'none.', WEFT_START_TIMEOUT_MS: '500' }, /topics are missing: none\..*weft topics apply/],
  ])('says what is wrong with its settings: %s', async (service, more, message) => {
    const one = await start(service, more);
    expect((await one.ended).code).toBe(1);
    expect(one.output()).toMatch(message);
  }, 60_000); // prettier-ignore
});

/** Of all series of a metric, as one process tells them. */
async function sum(one: Running, name: string): Promise<number> {
  const text = await (await fetch(`${one.probes}/metrics`)).text();
  const values = [...text.matchAll(new RegExp(`^weft_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return values.reduce((total, [, value]) => total + Number(value), 0);
}

function rssMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
