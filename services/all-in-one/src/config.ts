import { embeddedEventLogEnv } from '@weft/event-log';
import { gatewayEnv } from '@weft/gateway';
import { keyringEnv } from '@weft/http';
import { queryEnv } from '@weft/query';
import { envString, loadConfig } from '@weft/runtime';
import { traceStoreEnv } from '@weft/trace-store';
import { writerEnv } from '@weft/writer';
import { z } from 'zod';

const schema = z.object({
  ...traceStoreEnv,
  /** Set: that ClickHouse server is used. Unset: one is started in the data directory. */
  WF_CLICKHOUSE_HOST: envString().optional(),
  ...embeddedEventLogEnv,
  ...keyringEnv,
  ...gatewayEnv,
  ...writerEnv,
  ...queryEnv,
});

export type AllInOneConfig = z.output<typeof schema>;

export function loadAllInOneConfig(env?: NodeJS.ProcessEnv): AllInOneConfig {
  return loadConfig(schema, env);
}
