import { envInt, envSecret, envString, type Secret } from '@weft/runtime';
import type { StoreOptions } from './clickhouse.ts';

const GIB = 1024 ** 3;

/** Names, defaults and meanings are W&B's. */
export const traceStoreEnv = {
  WF_CLICKHOUSE_HOST: envString({ default: 'localhost' }),
  /** HTTP port; TLS is on exactly when it is 8443. */
  WF_CLICKHOUSE_PORT: envInt({ default: 8123, min: 1, max: 65535 }),
  WF_CLICKHOUSE_USER: envString({ default: 'default' }),
  WF_CLICKHOUSE_PASS: envSecret({ default: '' }),
  WF_CLICKHOUSE_DATABASE: envString({ default: 'default' }),
  /** Bytes per query. */
  WF_CLICKHOUSE_MAX_MEMORY_USAGE: envInt({ default: 16 * GIB }),
  /** Seconds per query; 0 = the server's own limit. */
  WF_CLICKHOUSE_MAX_EXECUTION_TIME: envInt({ default: 60 }),
};

export interface TraceStoreEnv {
  readonly WF_CLICKHOUSE_HOST: string;
  readonly WF_CLICKHOUSE_PORT: number;
  readonly WF_CLICKHOUSE_USER: string;
  readonly WF_CLICKHOUSE_PASS: Secret;
  readonly WF_CLICKHOUSE_DATABASE: string;
  readonly WF_CLICKHOUSE_MAX_MEMORY_USAGE: number;
  readonly WF_CLICKHOUSE_MAX_EXECUTION_TIME: number;
}

export function storeOptions(env: TraceStoreEnv): StoreOptions {
  const port = env.WF_CLICKHOUSE_PORT;
  return {
    url: `${port === 8443 ? 'https' : 'http'}://${env.WF_CLICKHOUSE_HOST}:${port}`,
    username: env.WF_CLICKHOUSE_USER,
    password: env.WF_CLICKHOUSE_PASS.reveal(),
    database: env.WF_CLICKHOUSE_DATABASE,
    maxMemoryUsageBytes: env.WF_CLICKHOUSE_MAX_MEMORY_USAGE,
    maxExecutionTimeMs: env.WF_CLICKHOUSE_MAX_EXECUTION_TIME * 1000,
  };
}
