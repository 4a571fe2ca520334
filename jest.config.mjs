/** Which tests run: `pnpm test` = everything; `pnpm test libs/model` = one folder. */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{libs,services,scripts}/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript' },
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testTimeout: 30_000,
  maxWorkers: 2,
  // Modules of suites that are over stay in memory (Node's vm modules): a worker that has had many of them ends at its heap's limit.
  workerIdleMemoryLimit: '1GB',
};
