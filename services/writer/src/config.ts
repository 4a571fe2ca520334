import { contentEnv } from '@weft/content';
import { kafkaEnv } from '@weft/event-log';
import { fileStorageEnv } from '@weft/file-storage';
import { drainEnv, keyringEnv, probesEnv } from '@weft/http';
import { envBoolean, envInt, envString, loadConfig, onlineEvalEnv, startEnv } from '@weft/runtime';
import { traceStoreEnv } from '@weft/trace-store';
import { z } from 'zod';

export const writerEnv = {
  /** Most events folded and inserted at once. */
  WRITER_BATCH_MAX_EVENTS: envInt({ default: 20_000, min: 1, max: 50_000 }),
  /** Most payload bytes of one batch. */
  WRITER_BATCH_MAX_BYTES: envInt({ default: 4 * 1024 * 1024, min: 64 * 1024, max: 32 * 1024 * 1024 }),
  /** More rejected events than this share of 10 minutes hold the writer back (dead-letter-breaker.ts); 100 = never. */
  WRITER_REJECTED_MAX_PERCENT: envInt({ default: 1, max: 100 }),
  ...onlineEvalEnv,
  ...contentEnv,
};

export type WriterConfig = z.output<z.ZodObject<typeof writerEnv>>;

const schema = z.object({
  ...startEnv,
  ...drainEnv,
  ...probesEnv,
  ...keyringEnv,
  ...kafkaEnv,
  ...fileStorageEnv,
  ...traceStoreEnv,
  ...writerEnv,
  WRITER_HOST: envString({ default: '127.0.0.1' }),
  WRITER_PORT: envInt({ default: 6347, max: 65_535 }),
  /** False: somebody else brings the schema (`weft migrate`); the writer waits for it. */
  WRITER_MIGRATE: envBoolean(true),
});

/** Of the writer as a process of its own. @throws ConfigError naming the variables. */
export function loadWriterConfig(env?: NodeJS.ProcessEnv): z.output<typeof schema> {
  return loadConfig(schema, env);
}
