import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { cacheDirectory, mavenRepository } from '../environment.ts';

interface Jar {
  /** `group:artifact:version`. */
  readonly id: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a broker needs at run time, pinned: the closure of `kafka_2.13` and `slf4j-simple`. */
const { kafka: version, jars } = JSON.parse(
  readFileSync(new URL('./jars.json', import.meta.url), 'utf8'),
) as { kafka: string; jars: readonly Jar[] };

export const KAFKA_VERSION = version;

/** Downloads at once. */
const PARALLEL = 6;
const REQUEST_TIMEOUT_MS = 60_000;

/** Where everything that is kept of this Kafka version lies. */
export function kafkaCache(): string {
  return join(cacheDirectory(), `kafka-${KAFKA_VERSION}`);
}

/**
 * The class path of a broker, in a fixed order. What is missing in the cache is fetched from the Maven repository, by Maven
 * itself where the network asks for a proxy that only its settings know. Each file appears under its name complete and
 * checked, or not at all, so that two runs may fetch at the same time.
 * @throws Error when a jar cannot be had, or is not the one that was pinned.
 */
export async function kafkaClassPath(): Promise<string> {
  const directory = join(kafkaCache(), 'jars');
  const missing = jars.filter((jar) => !isThere(directory, jar));
  if (missing.length > 0) {
    await mkdir(directory, { recursive: true });
    await fetchAll(missing, directory);
  }
  return jars.map((jar) => join(directory, fileName(jar))).join(':');
}

async function fetchAll(missing: readonly Jar[], directory: string): Promise<void> {
  const startedAt = Date.now();
  const mebibytes = (missing.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20).toFixed(0);
  say(
    `fetching Apache Kafka ${KAFKA_VERSION} (${missing.length} jars, ${mebibytes} MiB) from ${mavenRepository()}`,
  );
  const waiting = [...missing];
  let failure: unknown;
  const worker = async () => {
    for (let jar = waiting.shift(); jar && failure === undefined; jar = waiting.shift()) {
      const bytes = await download(jar).catch((error: unknown) => void (failure ??= error));
      if (bytes) await keep(directory, jar, bytes);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  if (failure !== undefined) {
    say(`${reasonOf(failure)}; trying mvn, which may know a proxy`);
    const left = missing.filter((jar) => !isThere(directory, jar));
    await fetchWithMaven(left, directory, failure);
  }
  say(`Kafka is in ${directory} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

async function download(jar: Jar): Promise<Buffer> {
  const [group, artifact, jarVersion] = jar.id.split(':') as [string, string, string];
  const url = `${mavenRepository()}/${group.replaceAll('.', '/')}/${artifact}/${jarVersion}/${fileName(jar)}`;
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
      if (!response.ok) throw new Error(`${url} answers ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    } catch (error) {
      if (attempt === 3) throw new Error(`cannot fetch ${url}: ${reasonOf(error)}`, { cause: error });
    }
  }
}

/** A half-written or forged file never gets the name that brokers start with. */
async function keep(directory: string, jar: Jar, bytes: Buffer): Promise<void> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== jar.sha256)
    throw new Error(`${jar.id} has the SHA-256 ${sha256}, not the pinned ${jar.sha256}`);
  const temporary = join(directory, `.${randomUUID()}`);
  await writeFile(temporary, bytes);
  const target = join(directory, fileName(jar));
  if (!isThere(directory, jar)) await rm(target, { force: true });
  // Not a rename: the first of two runs wins, since a running broker may have its file open.
  await link(temporary, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(temporary);
}

async function fetchWithMaven(missing: readonly Jar[], directory: string, cause: unknown): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'weft-maven-'));
  try {
    const pom = join(work, 'pom.xml');
    await writeFile(pom, pomOf(missing));
    const out = join(work, 'jars');
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
    const done = spawnSync('mvn', ['-B', '-ntp', '-q', '-f', pom, goal, `-DoutputDirectory=${out}`], {
      stdio: ['ignore', 2, 2],
    });
    if (done.status !== 0)
      throw new Error(
        `Kafka cannot be fetched: ${reasonOf(cause)}${done.error ? '; there is no mvn either' : '; mvn failed too'}`,
        { cause },
      );
    const fetched = new Set(await readdir(out));
    for (const jar of missing)
      if (fetched.has(fileName(jar))) await keep(directory, jar, await readFile(join(out, fileName(jar))));
      else throw new Error(`mvn did not fetch ${jar.id}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function pomOf(wanted: readonly Jar[]): string {
  const dependencies = wanted.map(({ id }) => {
    const [group, artifact, jarVersion] = id.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${jarVersion}</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>weft</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>`;
}

function fileName({ id }: Jar): string {
  const [, artifact, jarVersion] = id.split(':');
  return `${artifact}-${jarVersion}.jar`;
}

function isThere(directory: string, jar: Jar): boolean {
  const path = join(directory, fileName(jar));
  return existsSync(path) && statSync(path).size === jar.bytes;
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && !message.includes(cause.message)
    ? `${message} (${cause.message})`
    : message;
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
