import { kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { drainEnv, keyringEnv, probesEnv } from '@weft/http';
import { llmEnv } from '@weft/llm';
import { envInt, envString, loadConfig, startEnv } from '@weft/runtime';
import { traceStoreEnv } from '@weft/trace-store';
import { z } from 'zod';
import type { GarbageOptions } from './storage/garbage.ts';

export const queryEnv = {
  /** Longest wait of a read for the writer to store what was acknowledged before it; then it answers with what there is. */
  QUERY_FRESHNESS_MAX_WAIT_MS: envInt({ default: 2000, min: 0, max: 60_000 }),
  /** How often blobs that nothing refers to are collected; 0 = never: something else does (`weft storage gc`). */
  QUERY_STORAGE_GC_INTERVAL_HOURS: envInt({ default: 0, max: 24 * 31 }),
  /** How long they have to be unreferenced before they go to the trash, and in the trash before they go for good. */
  QUERY_STORAGE_GC_GRACE_HOURS: envInt({ default: 24, min: 1, max: 24 * 366 }),
  ...llmEnv,
};

const schema = z.object({
  ...startEnv,
  ...drainEnv,
  ...probesEnv,
  ...keyringEnv,
  ...kafkaEnv,
  ...fileStorageEnv,
  ...traceStoreEnv,
  ...queryEnv,
  QUERY_HOST: envString({ default: '127.0.0.1' }),
  QUERY_PORT: envInt({ default: 6346, max: 65_535 }),
});

/** As `QueryDeps` wants it. */
export function garbageOptions(config: GarbageConfig): GarbageOptions {
  return {
    intervalHours: config.QUERY_STORAGE_GC_INTERVAL_HOURS,
    graceMs: config.QUERY_STORAGE_GC_GRACE_HOURS * 3_600_000,
    eventsRetentionMs: config.KAFKA_TOPIC_RETENTION_MS,
    timeoutMs: config.WEFT_FILE_STORAGE_TIMEOUT_MS,
  };
}

type GarbageConfig = Pick<
  z.output<typeof schema>,
  | 'QUERY_STORAGE_GC_INTERVAL_HOURS'
  | 'QUERY_STORAGE_GC_GRACE_HOURS'
  | 'KAFKA_TOPIC_RETENTION_MS'
  | 'WEFT_FILE_STORAGE_TIMEOUT_MS'
>;

/** Of query as a process of its own. @throws ConfigError naming the variables. */
export function loadQueryConfig(env?: NodeJS.ProcessEnv): z.output<typeof schema> {
  return loadConfig(schema, env);
}
