import {
  isPromised,
  python,
  sharedKafkaAddress,
  sharedObjectStoreUrl,
  sharedRedisUrl,
  whyNoSharedKafka,
  whyNoSharedObjectStore,
  whyNoSharedRedis,
  type Backend,
} from './environment.ts';
import { whyNoBrowser } from './browser/start-browser.ts';
import { whyNoCollector } from './collector/start-collector.ts';
import { startKafka, whyNoKafka } from './kafka/start-kafka.ts';
import { azureAt, startAzure, type AzureAccess } from './object-stores/start-azure.ts';
import { gcsAt, startGcs, whyNoGcs, type GcsAccess } from './object-stores/start-gcs.ts';
import { s3At, startS3, whyNoS3, type S3Access } from './object-stores/start-s3.ts';
import { startRedis, whyNoRedis } from './redis/start-redis.ts';

interface Describe {
  (title: string, body: () => void): void;
  skip(title: string, body: () => void): void;
}

/**
 * `describe` for tests that need `backend`: where it is missing they are skipped, and their title says why.
 * @throws Error with that reason instead where the backend is promised (`CI=true`, or named in `REQUIRE_BACKENDS`): a suite
 * that silently does not run is a lie.
 */
export function requireBackend(
  backend: Backend,
  describe: Describe,
): (title: string, body: () => void) => void {
  const missing = MISSING[backend]();
  if (missing === undefined) return describe;
  if (isPromised(backend))
    throw new Error(`${backend} is promised (CI or REQUIRE_BACKENDS) and missing: ${missing}`);
  return (title, body) => describe.skip(`${title} (skipped: no ${backend}: ${missing})`, body);
}

/** Why a backend is missing; undefined = it is there. ClickHouse comes with the dependencies, so its tests always run. */
const MISSING: Record<Backend, () => string | undefined> = {
  kafka: () => (sharedKafkaAddress() ? undefined : (whyNoSharedKafka() ?? whyNoKafka())),
  redis: () => (sharedRedisUrl() ? undefined : (whyNoSharedRedis() ?? whyNoRedis())),
  s3: () => (sharedObjectStoreUrl('s3') ? undefined : (whyNoSharedObjectStore('s3') ?? whyNoS3())),
  gcs: () => (sharedObjectStoreUrl('gcs') ? undefined : (whyNoSharedObjectStore('gcs') ?? whyNoGcs())),
  azure: () => (sharedObjectStoreUrl('azure') ? undefined : whyNoSharedObjectStore('azure')),
  clickhouse: () => undefined,
  collector: whyNoCollector,
  browser: whyNoBrowser,
  python: () => (python() ? undefined : 'WEFT_PYTHON is not set; scripts/test sets it'),
};

/** One broker that tests share: they keep to topics and groups of their own. */
export interface SharedKafka {
  readonly brokers: string;
  /** For `afterAll`. Does nothing to a broker that `scripts/test` has started for all. */
  stop(): Promise<void>;
}

/** The broker that `scripts/test` has started, or where a test is run by itself, one for this test file. */
export async function sharedKafka(): Promise<SharedKafka> {
  const brokers = sharedKafkaAddress();
  return brokers === undefined ? startKafka() : { brokers, stop: async () => {} };
}

/** One Redis that tests share: they keep to a prefix of their own. */
export interface SharedRedis {
  readonly url: string;
  /** For `afterAll`. Does nothing to a Redis that `scripts/test` has started for all. */
  stop(): Promise<void>;
}

/** The Redis that `scripts/test` has started, or where a test is run by itself, one for this test file. */
export async function sharedRedis(): Promise<SharedRedis> {
  const url = sharedRedisUrl();
  return url === undefined ? startRedis() : { url, stop: async () => {} };
}

/** One object store that tests share: they keep to buckets of their own. */
export interface SharedObjectStore {
  /** For `afterAll`. Does nothing to a server that `scripts/test` has started for all. */
  stop(): Promise<void>;
}

/** The S3 that `scripts/test` has started, or where a test is run by itself, one for this test file. */
export async function sharedS3(): Promise<S3Access & SharedObjectStore> {
  const url = sharedObjectStoreUrl('s3');
  return url === undefined ? startS3() : { ...s3At(url), stop: async () => {} };
}

/** The GCS that `scripts/test` has started, or where a test is run by itself, one for this test file. */
export async function sharedGcs(): Promise<GcsAccess & SharedObjectStore> {
  const url = sharedObjectStoreUrl('gcs');
  return url === undefined ? startGcs() : { ...gcsAt(url), stop: async () => {} };
}

/** The Azure Blob Storage that `scripts/test` has started, or where a test is run by itself, one for this test file. */
export async function sharedAzure(): Promise<AzureAccess & SharedObjectStore> {
  const url = sharedObjectStoreUrl('azure');
  return url === undefined ? startAzure() : { ...azureAt(url), stop: async () => {} };
}
