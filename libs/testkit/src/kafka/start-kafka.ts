import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { eventually } from '../eventually.ts';
import { startGuard, type Guard } from '../guard.ts';
import { freePort } from '../ports.ts';
import type { Broker, BrokerOptions } from './broker.ts';
import { DockerBroker, whyNoDocker } from './docker-broker.ts';
import { kafkaClassPath } from './jars.ts';
import { findJava, type Java } from './java.ts';
import { JavaBroker } from './java-broker.ts';
import { liveBrokers } from './metadata.ts';
import { propertiesOf, type Ports } from './properties.ts';
import { makeCertificate, secureListener, type Certificate, type KafkaUsers } from './secure-listener.ts';

export interface KafkaOptions {
  /** 1, or 3 with replication factor 3 and two in-sync replicas. Default 1. */
  readonly brokers?: 1 | 3;
  /** Keeps data, logs and ports here, and leaves them at `stop()`. Default: a temporary directory that `stop()` removes. */
  readonly dir?: string;
  /** Of each broker. Default 384 for one, 256 for three; it bounds the largest record that a broker can take. */
  readonly heapMiB?: number;
  /**
   * Opens a second listener, with TLS and SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512), for these. Names and passwords of letters
   * and digits; with Java only.
   */
  readonly users?: KafkaUsers;
  /** More lines for `server.properties`, or others than ours. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** A running Apache Kafka. Brokers are numbered from 1, which is their node id too. */
export interface TestKafka {
  /** `host:port,…` of all brokers. */
  readonly brokers: string;
  /** The listener of `users`, and the PEM file of the authority that has signed its certificate. */
  readonly secure: { readonly brokers: string; readonly caFile: string } | undefined;
  /** The brokers' addresses; index = number − 1. */
  readonly ports: readonly number[];
  /** Processes of the brokers that run now. */
  pids(): number[];
  /** SIGKILL; resolves when the process is gone. */
  kill(broker?: number): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(broker?: number): Promise<void>;
  resume(broker?: number): Promise<void>;
  /** The same broker again, on its data and port; resolves when it serves. */
  start(broker?: number): Promise<void>;
  /** Stops all and removes what `startKafka` has made. */
  stop(): Promise<void>;
}

const START_MS = 120_000;

/**
 * Apache Kafka 4.3 in KRaft mode as processes of this machine: needs Java 17, and fetches the broker once (43 MiB). Where there
 * is no Java but a Docker, in containers. Resolves when every broker sees all of them; they end with this process, even if it
 * is killed. @throws Error with the end of a broker's log when it does not come up, or why nothing can be started.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<TestKafka> {
  const runtime = await javaRuntime();
  if (options.users && !runtime) throw new Error('Kafka with users needs a Java');
  const count = options.brokers ?? 1;
  const isOurs = options.dir === undefined;
  const directory = isOurs ? await mkdtemp(join(tmpdir(), 'weft-kafka-')) : resolve(options.dir!);
  await mkdir(directory, { recursive: true });
  const ports = await portsOf(directory, count);
  const guard = startGuard(isOurs ? directory : undefined);
  const certificate = options.users && runtime && (await makeCertificate(directory, runtime.java));
  const nodes = ports.map((_, i) => {
    const node = brokerOptions(i + 1, ports, directory, options, certificate);
    return runtime ? new JavaBroker({ ...node, ...runtime, users: options.users }) : new DockerBroker(node);
  });
  const cluster = createCluster(nodes, ports, guard, isOurs ? directory : undefined, certificate);
  try {
    await cluster.startAll();
  } catch (error) {
    await cluster.kafka.stop();
    throw error;
  }
  return cluster.kafka;
}

interface JavaRuntime {
  readonly java: Java;
  readonly classPath: string;
}

/** Undefined = Docker. @throws Error when there is neither, or the jars cannot be had. */
async function javaRuntime(): Promise<JavaRuntime | undefined> {
  const missing = whyNoKafka();
  if (missing !== undefined) throw new Error(`no Kafka broker can be started: ${missing}`);
  const java = findJava();
  return typeof java === 'string' ? undefined : { java, classPath: await kafkaClassPath() };
}

/** Why `startKafka` cannot start anything on this machine; undefined = it can. */
export function whyNoKafka(): string | undefined {
  const java = findJava();
  if (typeof java !== 'string') return undefined;
  const docker = whyNoDocker();
  return docker === undefined ? undefined : `${java}, and ${docker}`;
}

function brokerOptions(
  nodeId: number,
  ports: readonly Ports[],
  root: string,
  options: KafkaOptions,
  certificate: Certificate | undefined,
): BrokerOptions {
  const directory = join(root, `broker-${nodeId}`);
  const secure = certificate && secureListener(options.users ?? {}, certificate);
  const properties = propertiesOf(nodeId, ports, join(directory, 'data'), secure, options.properties);
  const heapMiB = options.heapMiB ?? (ports.length === 1 ? 384 : 256);
  return { nodeId, directory, properties, heapMiB };
}

function createCluster(
  nodes: readonly Broker[],
  ports: readonly Ports[],
  guard: Guard,
  removedAtStop: string | undefined,
  certificate: Certificate | undefined,
) {
  const nodeOf = (broker: number): Broker => {
    const node = nodes[broker - 1];
    if (node === undefined) throw new RangeError(`there is no broker ${broker}: 1 to ${nodes.length}`);
    return node;
  };
  const pids = () => nodes.flatMap(({ pid }) => pid ?? []);
  const start = async (node: Broker): Promise<void> => {
    await node.start();
    guard.watch(pids());
  };
  /** Until `node` serves and knows `others` too. */
  const ready = (node: Broker, others: readonly Broker[]) =>
    eventually(async () => {
      if (!node.isRunning)
        throw new Error(
          `Kafka broker ${node.options.nodeId} ended while starting:\n${await node.lastWords()}`,
        );
      const live = (await liveBrokers(ports[node.options.nodeId - 1]!.client)) ?? [];
      return [node, ...others].every(({ options }) => live.includes(options.nodeId));
    }, START_MS);

  const kafka: TestKafka = {
    brokers: ports.map(({ client }) => `127.0.0.1:${client}`).join(','),
    secure: certificate && {
      brokers: ports.map(({ secure }) => `127.0.0.1:${secure}`).join(','),
      caFile: certificate.caFile,
    },
    ports: ports.map(({ client }) => client),
    pids,
    async kill(broker = 1) {
      const node = nodeOf(broker);
      await node.signal('SIGKILL');
      await node.ended();
      guard.watch(pids());
    },
    pause: (broker = 1) => nodeOf(broker).signal('SIGSTOP'),
    resume: (broker = 1) => nodeOf(broker).signal('SIGCONT'),
    async start(broker = 1) {
      await start(nodeOf(broker));
      await ready(nodeOf(broker), []);
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      guard.dismiss();
      if (removedAtStop !== undefined) await rm(removedAtStop, { recursive: true, force: true });
    },
  };
  const startAll = async (): Promise<void> => {
    for (const node of nodes) await start(node);
    await Promise.all(nodes.map((node) => ready(node, nodes)));
  };
  return { kafka, startAll };
}

/** A directory that was used before keeps its ports: they are part of the nodes' identity. */
async function portsOf(directory: string, count: number): Promise<Ports[]> {
  const file = join(directory, 'ports.json');
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) {
    const ports = JSON.parse(kept) as Ports[];
    if (ports.length !== count) throw new Error(`${directory} holds a Kafka of ${ports.length} brokers`);
    return ports;
  }
  const taken = new Set<number>();
  while (taken.size < 3 * count) taken.add(await freePort());
  const free = [...taken];
  const ports = Array.from({ length: count }, (_, i) => ({
    client: free[3 * i]!,
    controller: free[3 * i + 1]!,
    secure: free[3 * i + 2]!,
  }));
  await writeFile(file, JSON.stringify(ports));
  return ports;
}
