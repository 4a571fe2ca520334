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
  chat: [],
  prices: ['model'],
  'weave-api': ['model'],
  sdk: ['model'],
  llm: ['model', 'runtime'],
  'event-log': ['model', 'runtime'],
  'blob-store': ['model', 'runtime'],
  'file-storage': ['model', 'runtime', 'blob-store'],
  'job-queue': ['model', 'runtime'],
  content: ['model', 'runtime'],
  http: ['model', 'runtime', 'weave-api'],
  'trace-store': ['model', 'runtime', 'query-language'],
  'embedded-clickhouse': ['runtime'],
  scoring: ['model', 'runtime', 'query-language', 'llm', 'prices', 'chat'],
  testkit: ['model', 'runtime', 'otlp', 'event-log', 'embedded-clickhouse'],
  // services
  gateway: ['model', 'runtime', 'http', 'event-log', 'otlp', 'weave-api', 'file-storage', 'content'],
  writer: ['model', 'runtime', 'http', 'event-log', 'trace-store', 'otlp', 'file-storage', 'content'],
  'scoring-worker': [
    'model',
    'runtime',
    'http',
    'event-log',
    'trace-store',
    'query-language',
    'scoring',
    'job-queue',
    'llm',
    'prices',
    'weave-api',
    'file-storage',
  ],
  query: [
    'model',
    'runtime',
    'http',
    'event-log',
    'trace-store',
    'query-language',
    'otlp',
    'chat',
    'prices',
    'llm',
    'weave-api',
    'file-storage',
    'content',
  ],
  cli: ['model', 'runtime', 'http', 'event-log', 'trace-store', 'scoring', 'job-queue', 'file-storage'],
  web: ['model', 'chat'],
};

/** The composition root: the one package that may import services, and every lib. */
export const COMPOSITION_ROOT = 'all-in-one';

/** Libs that any package's tests may use beside their own edges (as devDependencies). */
export const TEST_LIBS: readonly string[] = ['testkit', 'embedded-clickhouse'];

/** Runs in the browser too: no `node:` imports outside its tests. */
export const BROWSER_SAFE: readonly string[] = ['model', 'chat', 'web'];

export interface Home {
  /** Package name; a trailing `*` matches any rest. */
  readonly name: string;
  /** Workspace packages that may import it; `'*'` = everyone. */
  readonly homes: readonly string[] | '*';
  /** Everyone may `import type` from it. */
  readonly typesAnywhere?: true;
  /** Only tests may import it. */
  readonly testsOnly?: true;
  /** Accepted although we could not hand it on: it is no part of what we do. */
  readonly licence?: string;
  readonly why: string;
}

/** Every third-party package we import, and its only home. What is not listed is refused: choose a home, then say why. */
export const HOMES: readonly Home[] = [
  { name: 'zod', homes: '*', why: 'schemas are written where the shape lives' },
  { name: 'react', homes: ['web'], why: 'pages are made in the browser only' },
  { name: 'react-dom', homes: ['web'], why: 'pages are made in the browser only' },
  { name: '@tanstack/*', homes: ['web'], why: 'addresses, answers and long lists of pages' },
  { name: 'radix-ui', homes: ['web'], why: 'menus that keyboards and screen readers know' },
  { name: 'codemirror', homes: ['web'], why: 'shows and edits code and documents' },
  { name: '@codemirror/*', homes: ['web'], why: 'shows and edits code and documents' },
  { name: 'react-markdown', homes: ['web'], why: 'shows what models write as what they mean' },
  { name: 'remark-gfm', homes: ['web'], why: 'tables and tasks in it' },
  { name: 'uplot', homes: ['web'], why: 'draws values over time' },
  {
    name: 'axe-core',
    homes: ['testkit'],
    licence: 'MPL-2.0',
    why: 'looks for what shuts people out of pages, in tests',
  },
  { name: 'playwright-core', homes: ['testkit'], why: 'drives the browser that tests look at pages with' },
  { name: 'vite', homes: ['web'], why: 'bundles the pages' },
  { name: '@vitejs/plugin-react', homes: ['web'], why: 'bundles the pages' },
  { name: 'hyparquet-writer', homes: ['query'], why: 'calls leave as tables that analysts read' },
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
  { name: 'fzstd', homes: ['http'], why: 'bodies are decoded where their limits are' },
  {
    name: '@grpc/grpc-js',
    homes: ['gateway', 'all-in-one'],
    testsOnly: true,
    why: 'what stock gRPC clients are made of; our side speaks it over node:http2, with the limits of HTTP bodies',
  },
  { name: 'protobufjs', homes: ['otlp'], why: 'the wire format of spans is known in one place' },
  {
    name: '@opentelemetry/*',
    homes: ['otlp', 'all-in-one'],
    why: 'it only encodes, for tests and our own exporters',
  },
  {
    name: 'ipaddr.js',
    homes: ['scoring'],
    why: "which addresses are nobody else's is decided once, where requests go to addresses that users name",
  },
  { name: 'kafkajs', homes: ['event-log'], why: 'services see the EventLog seam, not the broker' },
  { name: 'lz4js', homes: ['event-log'], why: 'records may be compressed with it' },
  { name: 'snappyjs', homes: ['event-log'], why: 'records may be compressed with it' },
  {
    name: 'lmdb',
    homes: ['job-queue'],
    why: 'what one process keeps on disk is one implementation behind a seam',
  },
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
    name: '@azure/identity',
    homes: ['blob-store'],
    why: 'whose container it is may be told by the environment, and that is asked where the container is opened',
  },
  {
    name: 'google-auth-library',
    homes: ['blob-store'],
    why: 'services see the BlobStore seam, not the vendor',
  },
  { name: 'bullmq', homes: ['job-queue'], why: 'services see the JobQueue seam, not Redis' },
  { name: 'ioredis', homes: ['job-queue'], why: 'services see the JobQueue seam, not Redis' },
  {
    name: 're2js',
    homes: ['scoring'],
    why: 'patterns of users take linear time only in an engine of that kind',
  },
  { name: 'file-type', homes: ['content'], why: 'what bytes are is told in one place' },
  { name: 'saxes', homes: ['scoring'], why: 'one scorer tells whether an output is XML' },
  { name: 'eld', homes: ['scoring'], why: 'one scorer tells the language of an output' },
  { name: 'commander', homes: ['cli'], why: 'only the command line has a command line' },
  {
    name: 'azurite',
    homes: ['testkit'],
    testsOnly: true,
    why: 'how a backend is started for a test is known once',
  },
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
  { name: '@pydantic/genai-prices', homes: ['prices'], why: 'list prices are known in one place' },
  { name: 'unicode-emoji-json', homes: ['query'], why: 'reactions are named where feedback is validated' },
  {
    name: '@cfworker/json-schema',
    homes: ['query', 'scoring'],
    why: 'annotations and outputs are held against schemas of users, without compiling them to code',
  },
  {
    name: '@ai-sdk/*',
    // all-in-one: what docs/otel.md shows.
    homes: ['llm', 'all-in-one'],
    why: 'models are asked in one vocabulary, whoever makes them; keys and addresses are handled once',
  },
  ...['ai', '@arizeai/*', '@langfuse/*', '@traceloop/*', 'openlit'].map((name): Home => ({
    name,
    homes: ['all-in-one'],
    testsOnly: true,
    why: 'instrumentations are what the programs of docs/otel.md send with',
  })),
  { name: 'openai', homes: ['all-in-one'], testsOnly: true, why: 'the e2e suite traces a wrapped client' },
];

/** Tooling that lives in the root package.json and that tests import from there. */
export const TEST_TOOLS: readonly string[] = ['@jest/globals', 'tsx'];

/** Packages whose source may read `process.env`; for the sdk, one file. */
export const ENV_READERS: readonly string[] = ['libs/runtime/', 'libs/sdk/src/env.ts'];

/** Where SQL may stand. The engine's own boot statement is the one exception to "trace-store only". */
export const SQL_HOMES: readonly string[] = [
  'libs/trace-store/',
  'libs/query-language/',
  'libs/embedded-clickhouse/',
];

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
