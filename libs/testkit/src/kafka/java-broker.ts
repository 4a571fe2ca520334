import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CLUSTER_ID, type Broker, type BrokerOptions } from './broker.ts';
import { kafkaCache } from './jars.ts';
import type { Java } from './java.ts';
import { scramArguments, type KafkaUsers } from './secure-listener.ts';

interface JavaBrokerOptions extends BrokerOptions {
  readonly java: Java;
  readonly classPath: string;
  readonly users: KafkaUsers | undefined;
}

/** Quick to start, slow in the long run: the wish of a test. */
const QUICK = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-XX:+ExitOnOutOfMemoryError'];

/** The tool wants a whole node; the records do not depend on which. */
const FORMAT_PROPERTIES = `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:2
`;

/** One JVM that is broker and controller. Its data survives it. */
export class JavaBroker implements Broker {
  readonly options: JavaBrokerOptions;
  #child: ChildProcess | undefined;

  constructor(options: JavaBrokerOptions) {
    this.options = options;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async start(): Promise<void> {
    if (this.isRunning) return;
    const { directory, java, heapMiB } = this.options;
    await this.#format();
    const config = join(directory, 'server.properties');
    await writeFile(config, [...this.options.properties].map(([key, value]) => `${key}=${value}\n`).join(''));
    const log = openSync(join(directory, 'kafka.log'), 'a');
    const flags = [...QUICK, this.#classArchive(), '-Xms64m', `-Xmx${heapMiB}m`];
    // A process group of its own: Ctrl-C ends the tests first, and they (or the guard) end the broker.
    const child = spawn(java.command, [...this.#java(flags), 'kafka.Kafka', config], {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.unref();
    child.on('error', () => {}); // a java that cannot be started has no pid: isRunning tells
    this.#child = child;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
  }

  async ended(): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    child.ref();
    await once(child, 'exit');
  }

  /** The first clean stop leaves the class archive that makes later starts 2 to 3 times faster. */
  async stop(): Promise<void> {
    this.#child?.kill('SIGCONT');
    this.#child?.kill('SIGTERM');
    const tooLong = setTimeout(() => this.#child?.kill('SIGKILL'), 60_000);
    await this.ended();
    clearTimeout(tooLong);
    const archive = this.#newArchive();
    if (existsSync(archive)) await rename(archive, this.#archive()).catch(() => undefined);
  }

  async lastWords(): Promise<string> {
    try {
      return readFileSync(join(this.options.directory, 'kafka.log'), 'utf8')
        .split('\n')
        .slice(-25)
        .join('\n');
    } catch {
      return 'it has no log';
    }
  }

  #java(flags: readonly string[]): string[] {
    return [
      '-cp',
      this.options.classPath,
      ...flags,
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
    ];
  }

  #classArchive(): string {
    const archive = this.#archive();
    return existsSync(archive)
      ? `-XX:SharedArchiveFile=${archive}`
      : `-XX:ArchiveClassesAtExit=${this.#newArchive()}`;
  }

  #newArchive(): string {
    return join(this.options.directory, 'classes.jsa');
  }

  /** The JVM checks that an archive fits, but by ignoring it: one per Java and class path. */
  #archive(): string {
    const { java, classPath } = this.options;
    const key = createHash('sha256').update(java.description).update(classPath).digest('hex').slice(0, 12);
    return join(kafkaCache(), `classes-${key}.jsa`);
  }

  /**
   * What `kafka-storage format` leaves, without a JVM of its own: which node this is, and the first records of the metadata
   * log (feature levels; the same for every node, so made once and kept).
   */
  async #format(): Promise<void> {
    const data = join(this.options.directory, 'data');
    if (existsSync(join(data, 'meta.properties'))) return;
    await mkdir(data, { recursive: true });
    await copyFile(await this.#bootstrapRecords(), join(data, 'bootstrap.checkpoint'));
    const directoryId = Buffer.concat([Buffer.from('Weft'), randomBytes(12)]).toString('base64url');
    const meta = `version=1\ncluster.id=${CLUSTER_ID}\nnode.id=${this.options.nodeId}\ndirectory.id=${directoryId}\n`;
    await writeFile(join(data, 'meta.properties'), meta);
  }

  async #bootstrapRecords(): Promise<string> {
    if (this.options.users) return this.#formatted(scramArguments(this.options.users));
    const kept = join(kafkaCache(), 'bootstrap.checkpoint');
    if (existsSync(kept)) return kept;
    const temporary = join(kafkaCache(), `bootstrap-${randomUUID()}.tmp`);
    await copyFile(await this.#formatted([]), temporary);
    await rename(temporary, kept);
    return kept;
  }

  /** What the real tool writes. */
  async #formatted(more: readonly string[]): Promise<string> {
    const directory = join(this.options.directory, 'format');
    await mkdir(directory, { recursive: true });
    const config = join(directory, 'format.properties');
    await writeFile(config, FORMAT_PROPERTIES + `log.dirs=${directory}\n`);
    const tool = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config, ...more];
    const child = spawn(this.options.java.command, [...this.#java([...QUICK, '-Xmx128m']), ...tool], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`kafka-storage format failed:\n${output}`);
    return join(directory, 'bootstrap.checkpoint');
  }
}
