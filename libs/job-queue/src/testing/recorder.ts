import type { LocalJobQueueOptions } from '../local/local.ts';

/** A logger that keeps its lines as text, with whatever hangs on what was logged. */
export function recorder(): LocalJobQueueOptions['logger'] & { readonly lines: readonly string[] } {
  const lines: string[] = [];
  const record = (fields: unknown, message?: string) => {
    const err = (fields as { err?: Error }).err;
    lines.push(
      `${message} ${JSON.stringify(fields)} ${err?.stack} ${JSON.stringify(err)} ${JSON.stringify(err?.cause)}`,
    );
  };
  return { lines, info: record, warn: record, error: record } as ReturnType<typeof recorder>;
}
