/**
 * The fences as data: who may import whom, and where each third-party client lives. CONTRIBUTING.md tells the story;
 * this file is what `check-fences.ts` compares with every package.json and every import.
 */

/** Workspace packages each package may import (`@weft/<name>`). A package without a line here is refused. */
export const EDGES: Readonly<Record<string, readonly string[]>> = {
  // libs
  model: [],
  runtime: [],
  'query-language': ['model'],
  otlp: ['model'],
  sdk: ['model'],
  'event-log': ['model', 'runtime'],
  'blob-store': ['model', 'runtime'],
  'job-queue': ['model', 'runtime'],
  http: ['model', 'runtime'],
  'trace-store': ['model', 'runtime', 'query-language'],
  'embedded-clickhouse': ['runtime'],
  scoring: ['model', 'runtime', 'query-language'],
  testkit: ['model', 'otlp'],
  // services
  gateway: ['model', 'runtime', 'http', 'event-log', 'otlp', 'blob-store'],
  writer: ['model', 'runtime', 'event-log', 'trace-store', 'otlp'],
  'scoring-worker': [
    'model',
    'runtime',
    'event-log',
    'trace-store',
    'query-language',
    'scoring',
    'job-queue',
  ],
  query: ['model', 'runtime', 'http', 'event-log', 'trace-store', 'query-language', 'otlp', 'blob-store'],
  cli: ['model', 'runtime', 'http', 'event-log', 'trace-store', 'scoring', 'job-queue', 'blob-store'],
  web: ['model'],
};

/** The composition root: the one package that may import services, and every lib. */
export const COMPOSITION_ROOT = 'all-in-one';

/** Libs that any package's tests may use beside their own edges (as devDependencies). */
export const TEST_LIBS: readonly string[] = ['testkit', 'embedded-clickhouse'];

/** Runs in the browser too: no `node:` imports outside its tests. */
export const BROWSER_SAFE: readonly string[] = ['model'];

export interface Home {
  /** Package name; a trailing `*` matches any rest. */
  readonly name: string;
  /** Workspace packages that may import it; `'*'` = everyone. */
  readonly homes: readonly string[] | '*';
  /** Everyone may `import type` from it. */
  readonly typesAnywhere?: true;
  /** Only tests may import it. */
  readonly testsOnly?: true;
  readonly why: string;
}

/** Every third-party package we import, and its only home. What is not listed is refused: choose a home, then say why. */
export const HOMES: readonly Home[] = [
  { name: 'zod', homes: '*', why: 'schemas are written where the shape lives' },
  { name: 'pino', homes: ['runtime'], why: 'one logger, one place that redacts' },
  { name: 'prom-client', homes: ['runtime'], why: 'one metrics registry per process' },
  {
    name: 'express',
    homes: ['http'],
    typesAnywhere: true,
    why: 'auth, body limits and the error body are decided once',
  },
  {
    name: '@fastify/busboy',
    homes: ['http'],
    why: 'multipart limits are body limits, and those live in http',
  },
  { name: 'protobufjs', homes: ['otlp'], why: 'the wire format of spans is known in one place' },
  {
    name: '@opentelemetry/*',
    homes: ['otlp', 'all-in-one'],
    why: 'it only encodes, for tests and our own exporters',
  },
  { name: 'kafkajs', homes: ['event-log'], why: 'services see the EventLog seam, not the broker' },
  { name: 'lmdb', homes: ['event-log'], why: 'the embedded log is one implementation behind the seam' },
  { name: '@clickhouse/client', homes: ['trace-store'], why: 'one SQL dialect, one client, one home' },
  { name: 'ffi-rs', homes: ['embedded-clickhouse'], why: 'native code runs in the engine process only' },
  { name: '@chdb/*', homes: ['embedded-clickhouse'], why: 'native code runs in the engine process only' },
  { name: '@aws-sdk/*', homes: ['blob-store'], why: 'services see the BlobStore seam, not the vendor' },
  {
    name: '@azure/storage-blob',
    homes: ['blob-store'],
    why: 'services see the BlobStore seam, not the vendor',
  },
  {
    name: '@google-cloud/storage',
    homes: ['blob-store'],
    why: 'services see the BlobStore seam, not the vendor',
  },
  { name: 'bullmq', homes: ['job-queue'], why: 'services see the JobQueue seam, not Redis' },
  { name: 'ioredis', homes: ['job-queue'], why: 'services see the JobQueue seam, not Redis' },
  { name: 'commander', homes: ['cli'], why: 'only the command line has a command line' },
  { name: 'testcontainers', homes: ['testkit'], why: 'how a backend is started for a test is known once' },
  {
    name: 'weave',
    homes: ['all-in-one'],
    testsOnly: true,
    why: 'the official SDKs are what the e2e suite sends with',
  },
  {
    name: 'weave-*',
    homes: ['all-in-one'],
    testsOnly: true,
    why: 'older official SDKs are what the e2e suite sends with',
  },
  { name: 'unicode-emoji-json', homes: ['gateway'], why: 'reactions are named where feedback is validated' },
  { name: 'openai', homes: ['all-in-one'], testsOnly: true, why: 'the e2e suite traces a wrapped client' },
];

/** Tooling that lives in the root package.json and that tests import from there. */
export const TEST_TOOLS: readonly string[] = ['@jest/globals'];

/** Packages whose source may read `process.env`; for the sdk, one file. */
export const ENV_READERS: readonly string[] = ['libs/runtime/', 'libs/sdk/src/env.ts'];

/** Where SQL may stand. The engine's own boot statement is the one exception to "trace-store only". */
export const SQL_HOMES: readonly string[] = ['libs/trace-store/', 'libs/embedded-clickhouse/'];

/** Licences of direct dependencies. */
export const LICENCES = /^(Apache-2\.0|MIT|BSD-[\w.-]+|ISC)$/;

/** What a newcomer reads to know the whole idea, in this order, and the most lines it may take together. */
export const READING_PATH = {
  files: [
    'README.md',
    'libs/model/src/call.ts',
    'libs/model/src/events.ts',
    'libs/event-log/src/event-log.ts',
    'services/writer/src/writer.ts',
    'services/all-in-one/src/main.ts',
  ],
  maxLines: 600,
} as const;

/** The table's line for a third-party package, or undefined. */
export function homeOf(packageName: string): Home | undefined {
  return HOMES.find(({ name }) =>
    name.endsWith('*') ? packageName.startsWith(name.slice(0, -1)) : packageName === name,
  );
}
