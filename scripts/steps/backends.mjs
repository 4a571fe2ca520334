import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root, say } from './progress.mjs';

/** What the tests share: how a test asks for it, and what it is told. `start` is of libs/testkit. */
const SHARED = [
  {
    name: 'Kafka',
    variable: 'WEFT_TEST_KAFKA',
    asked: ['sharedKafka('],
    start: ({ startKafka }) => startKafka(),
    address: ({ brokers }) => brokers,
  },
  {
    name: 'Redis',
    variable: 'WEFT_TEST_REDIS',
    asked: ['sharedRedis('],
    start: ({ startRedis }) => startRedis(),
    address: ({ url }) => url,
  },
  // Also for tests that start one of their own: its program is built here, without a test that waits for it.
  {
    name: 'S3',
    variable: 'WEFT_TEST_S3',
    asked: ['sharedS3(', 'startS3('],
    start: ({ startS3 }) => startS3(),
    address: ({ url }) => url,
  },
  {
    name: 'GCS',
    variable: 'WEFT_TEST_GCS',
    asked: ['sharedGcs(', 'startGcs('],
    start: ({ startGcs }) => startGcs(),
    address: ({ url }) => url,
  },
  {
    name: 'Azure Blob Storage',
    variable: 'WEFT_TEST_AZURE',
    asked: ['sharedAzure('],
    start: ({ startAzure }) => startAzure(),
    address: ({ url }) => url,
  },
];

/**
 * Starts the backends that the tests share, each when one of those that jest would run asks for it. Resolves to the variables
 * that tell them, and to how they are stopped. One that cannot be started is not an error here: each test says what it means to it.
 */
export async function startSharedBackends(jestArgs) {
  const missing = SHARED.filter(({ variable }) => !process.env[variable]);
  const texts = missing.length === 0 ? [] : textsOf(jestArgs);
  const wanted = missing.filter(({ asked }) =>
    texts.some((text) => asked.some((call) => text.includes(call))),
  );
  if (wanted.length === 0) return { env: {}, stop: async () => {} };
  // It is TypeScript, and there is no tsx before the dependencies are in place.
  const { tsImport } = await import('tsx/esm/api');
  const testkit = await tsImport('../../libs/testkit/src/index.ts', import.meta.url);
  const started = await Promise.all(wanted.map((backend) => start(backend, testkit)));
  return {
    env: Object.assign({}, ...started.map(({ env }) => env)),
    stop: async () => void (await Promise.all(started.map(({ stop }) => stop()))),
  };
}

async function start({ name, variable, start, address }, testkit) {
  try {
    const startedAt = Date.now();
    const backend = await start(testkit);
    say(`${name} is up at ${address(backend)} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
    return { env: { [variable]: address(backend) }, stop: () => backend.stop() };
  } catch (error) {
    say(`no ${name}: ${error.message}`);
    return { env: { [`${variable}_MISSING`]: error.message.split('\n')[0] }, stop: async () => {} };
  }
}

/** Of the test files that jest would run. */
function textsOf(jestArgs) {
  const listed = spawnSync(
    process.execPath,
    ['--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), '--listTests', ...jestArgs],
    { cwd: root, encoding: 'utf8' },
  );
  // What jest cannot list it cannot run either: it will say so itself.
  return listed.stdout
    .split('\n')
    .filter((file) => file !== '')
    .map((file) => readFileSync(file, 'utf8'));
}
