import base from './jest.config.mjs';

/** `pnpm test -c jest.distributed.config.mjs`: the suites of calls, objects, feedback, queues, costs, threads and agents over Distributed tables. */
export default {
  ...base,
  testMatch: [
    '<rootDir>/libs/trace-store/src/{agents,calls,objects,feedback,annotation-queues,costs,threads}/*.test.ts',
  ],
  moduleNameMapper: {
    '/open-store\\.ts$': '<rootDir>/libs/trace-store/src/testing/open-distributed-store.ts',
  },
};
