import { ClickHouseError } from '@clickhouse/client';
import { AppError } from '@weft/model';

/**
 * What to do about an error of ClickHouse:
 * `transient` wait and repeat; `shape` the same rows in smaller pieces; `row` one of the rows can never be stored;
 * `setup` the server is not what we need (schema, rights): the data is good, somebody must act; `slow` a read ran out of
 * its time or memory.
 */
export type ErrorClass = 'transient' | 'shape' | 'row' | 'setup' | 'slow';

const ROW = new Set([6, 26, 27, 38, 41, 53, 69, 72, 117, 131, 691]);
const SETUP = new Set([16, 47, 60, 81, 164, 192, 193, 194, 497, 516]);
const TIMEOUT_EXCEEDED = 159;
const MEMORY_LIMIT_EXCEEDED = 241;
const TOO_MANY_PARTS = 252;

/** By code and text: one code may mean both "wait" and "never". What is not known is transient. */
export function classify(error: unknown, when: 'reading' | 'writing'): ErrorClass {
  if (!(error instanceof ClickHouseError)) return 'transient';
  const code = Number(error.code);
  if (SETUP.has(code)) return 'setup';
  if (when === 'reading') {
    if (code === TIMEOUT_EXCEEDED) return 'slow';
    return code === MEMORY_LIMIT_EXCEEDED && !ofWholeServer(error) ? 'slow' : 'transient';
  }
  if (ROW.has(code)) return 'row';
  if (code === MEMORY_LIMIT_EXCEEDED) return ofWholeServer(error) ? 'transient' : 'shape';
  if (code === TOO_MANY_PARTS) return /too many partitions/i.test(error.message) ? 'shape' : 'transient';
  return 'transient';
}

/** The server is short of memory, whatever this query took. */
function ofWholeServer(error: Error): boolean {
  return /\(total\)/i.test(error.message);
}

/** The row number that ClickHouse blames, from 0, if its message names one. */
export function blamedRow(error: unknown): number | undefined {
  const match = error instanceof Error ? /\(at row (\d+)\)/.exec(error.message) : null;
  return match === null ? undefined : Number(match[1]) - 1;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : String(error);
}

/** The public form of any failure of the store. */
export function toAppError(error: unknown, when: 'reading' | 'writing', what: string): AppError {
  if (error instanceof AppError) return error;
  const kind = classify(error, when);
  if (kind === 'slow')
    return new AppError('query_timeout', `${what}: the query took more time or memory than it may`, {
      cause: error,
    });
  const hint = kind === 'setup' ? 'the store refuses (schema or rights)' : 'the store is not available';
  return new AppError('store_unavailable', `${what}: ${hint}`, { cause: error });
}
