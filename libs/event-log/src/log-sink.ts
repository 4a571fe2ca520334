import type { Logger } from '@weft/runtime';

/** The part of the logger that the log needs. */
export type LogSink = Pick<Logger, 'info' | 'warn' | 'error'>;
