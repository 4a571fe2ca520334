import { envInt } from '@weft/runtime';

export const writerEnv = {
  /** Most events folded and inserted at once. */
  WRITER_BATCH_MAX_EVENTS: envInt({ default: 20_000, min: 1, max: 50_000 }),
  /** Most payload bytes of one batch. */
  WRITER_BATCH_MAX_BYTES: envInt({ default: 4 * 1024 * 1024, min: 64 * 1024, max: 32 * 1024 * 1024 }),
};
