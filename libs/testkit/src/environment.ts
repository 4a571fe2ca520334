import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where backends that were fetched once are kept: `WEFT_CACHE`, or `~/.cache/weft`. */
export function cacheDirectory(): string {
  return process.env.WEFT_CACHE || join(homedir(), '.cache/weft');
}

/** The Maven repository that jars come from: `WEFT_MAVEN_REPOSITORY` (a mirror), or Maven Central. Without a slash at the end. */
export function mavenRepository(): string {
  return (process.env.WEFT_MAVEN_REPOSITORY || 'https://repo1.maven.org/maven2').replace(/\/+$/, '');
}

/** The `java` to start: that of `JAVA_HOME`, or the one on the PATH. */
export function javaCommand(): string {
  return process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java';
}

/** Bootstrap address of the broker that `scripts/test` has started for all tests. */
export function sharedKafkaAddress(): string | undefined {
  return process.env.WEFT_TEST_KAFKA || undefined;
}

/** Why `scripts/test` could not start it. */
export function whyNoSharedKafka(): string | undefined {
  return process.env.WEFT_TEST_KAFKA_MISSING || undefined;
}

/** URL of the Redis that `scripts/test` has started for all tests. */
export function sharedRedisUrl(): string | undefined {
  return process.env.WEFT_TEST_REDIS || undefined;
}

/** Why `scripts/test` could not start it. */
export function whyNoSharedRedis(): string | undefined {
  return process.env.WEFT_TEST_REDIS_MISSING || undefined;
}

/** URL of the object store that `scripts/test` has started for all tests; Azure's with its account. */
export function sharedObjectStoreUrl(kind: ObjectStoreKind): string | undefined {
  return process.env[`WEFT_TEST_${kind.toUpperCase()}`] || undefined;
}

/** Why `scripts/test` could not start it. */
export function whyNoSharedObjectStore(kind: ObjectStoreKind): string | undefined {
  return process.env[`WEFT_TEST_${kind.toUpperCase()}_MISSING`] || undefined;
}

/** A Python that has the packages of scripts/python-requirements.txt. */
export function python(): string | undefined {
  return process.env.WEFT_PYTHON || undefined;
}

/** The Chromium to test with: `WEFT_CHROMIUM`. */
export function browserPath(): string | undefined {
  return process.env.WEFT_CHROMIUM || undefined;
}

/** Where programs are looked for. */
export function programPath(): string {
  return process.env.PATH ?? '';
}

/** What tests may need beside Node. */
export type Backend = (typeof BACKENDS)[number];
const BACKENDS = [
  'kafka',
  'clickhouse',
  'redis',
  's3',
  'gcs',
  'azure',
  'python',
  'collector',
  'browser',
] as const;
export type ObjectStoreKind = Extract<Backend, 's3' | 'gcs' | 'azure'>;

/**
 * Whether a missing backend is a failure: `CI=true` promises all, `REQUIRE_BACKENDS` those that it lists (`kafka,python`), or
 * all (`1`). @throws Error when it lists something else.
 */
export function isPromised(backend: Backend): boolean {
  const listed = (process.env.REQUIRE_BACKENDS ?? '').split(',').filter((name) => name !== '');
  const unknown = listed.find((name) => name !== '1' && !(BACKENDS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new Error(`REQUIRE_BACKENDS lists ${unknown}; there are ${BACKENDS.join(', ')} and 1 for all`);
  return process.env.CI === 'true' || listed.includes('1') || listed.includes(backend);
}
