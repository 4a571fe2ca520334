import { envBoolean } from '@weft/runtime';

export const contentEnv = {
  /** Media in inputs and outputs become files, and refs stand where they were. False: they stay. */
  WEFT_EXTRACT_CONTENT: envBoolean(true),
};
