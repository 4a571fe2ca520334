import { withCauses } from '../port.ts';
import { sizeText } from '../size.ts';

/** `-`: there is nothing to check. */
export type Level = 'ok' | 'warning' | 'FAILED' | '-';

/** One line of the doctor's. */
export interface Finding {
  readonly level: Level;
  /** What was looked at. */
  readonly what: string;
  readonly found: string;
  /** What to do about it; for warnings and failures. */
  readonly advice?: string;
}

export function ok(what: string, found: string): Finding {
  return { level: 'ok', what, found };
}

export function warning(what: string, found: string, advice: string): Finding {
  return { level: 'warning', what, found, advice };
}

export function failed(what: string, found: string, advice: string): Finding {
  return { level: 'FAILED', what, found, advice };
}

export function nothing(what: string, found: string): Finding {
  return { level: '-', what, found };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? withCauses(error) : String(error);
}

const MIN_FREE_BYTES = 1024 ** 3;
const LOW_FREE_SHARE = 0.1;

/** A disk that traces are kept on. */
export function diskFinding(what: string, freeBytes: number, totalBytes: number, advice: string): Finding {
  const found = `${sizeText(freeBytes)} of ${sizeText(totalBytes)} free`;
  if (freeBytes < MIN_FREE_BYTES) return failed(what, found, advice);
  return freeBytes < totalBytes * LOW_FREE_SHARE ? warning(what, found, advice) : ok(what, found);
}
