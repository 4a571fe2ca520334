import type { LocalJobQueueOptions } from '../local/local.ts';

export const quiet: LocalJobQueueOptions['logger'] = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
