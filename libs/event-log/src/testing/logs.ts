import type { LogSink } from '../log-sink.ts';

export interface RecordedLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function recorder(): LogSink & { readonly lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const at = (level: RecordedLine['level']) => (fields: unknown, message?: string) =>
    void lines.push({ level, fields: fields as Record<string, unknown>, message: message ?? '' });
  return { lines, info: at('info'), warn: at('warn'), error: at('error') } as LogSink & {
    readonly lines: RecordedLine[];
  };
}

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined } as LogSink;
