import { spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

import type { StartedTestContainer } from 'testcontainers';

import { CLUSTER_ID, type Broker, type BrokerOptions } from './broker.ts';
import { KAFKA_VERSION } from './jars.ts';

/** Why brokers cannot run in containers here; undefined = they can. */
export function whyNoDocker(): string | undefined {
  const asked = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 });
  if (asked.error) return 'there is no Docker';
  return asked.status === 0 ? undefined : 'Docker does not run';
}

/**
 * The same node in a container of the official image, for machines with Docker and no Java. It shares the host's network, so
 * that addresses and settings are those of `JavaBroker`; its data lives and dies with the container, and testcontainers' reaper
 * removes it when this process is killed. Written after the image's documentation, never run by this project's own CI.
 */
export class DockerBroker implements Broker {
  readonly options: BrokerOptions;
  #container: StartedTestContainer | undefined;
  pid: number | undefined;

  constructor(options: BrokerOptions) {
    this.options = options;
  }

  get isRunning(): boolean {
    return this.pid !== undefined;
  }

  async start(): Promise<void> {
    if (this.isRunning) return;
    const { GenericContainer } = await import('testcontainers');
    if (this.#container) await this.#container.restart();
    else
      this.#container = await new GenericContainer(`apache/kafka:${KAFKA_VERSION}`)
        .withNetworkMode('host')
        .withEnvironment(environmentOf(this.options))
        .start();
    this.pid = (await (await this.#docker()).inspect()).State.Pid;
    void this.ended();
  }

  async signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await (await this.#docker()).kill({ signal });
  }

  async ended(): Promise<void> {
    if (!this.isRunning) return;
    await (await this.#docker()).wait();
    this.pid = undefined;
  }

  async stop(): Promise<void> {
    await this.#container?.stop({ timeout: 60_000 });
    this.#container = undefined;
    this.pid = undefined;
  }

  async lastWords(): Promise<string> {
    if (this.#container === undefined) return 'it has no container';
    const log = await (await this.#docker()).logs({ stdout: true, stderr: true, tail: 25 });
    return typeof log === 'string' ? log : Buffer.isBuffer(log) ? log.toString() : text(log);
  }

  async #docker() {
    const { getContainerRuntimeClient } = await import('testcontainers');
    return (await getContainerRuntimeClient()).container.getById(this.#container!.getId());
  }
}

/** The image's entry point makes server.properties of them: https://hub.docker.com/r/apache/kafka */
function environmentOf({ properties, heapMiB }: BrokerOptions): Record<string, string> {
  const settings = new Map(properties).set('log.dirs', '/tmp/kraft-combined-logs');
  return {
    CLUSTER_ID,
    KAFKA_HEAP_OPTS: `-Xms64m -Xmx${heapMiB}m`,
    ...Object.fromEntries(
      [...settings].map(([key, value]) => [`KAFKA_${key.toUpperCase().replaceAll('.', '_')}`, value]),
    ),
  };
}
