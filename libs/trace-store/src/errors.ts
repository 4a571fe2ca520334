import { ClickHouseError } from '@clickhouse/client';
import { AppError, type ErrorCode } from '@weft/model';
import { CAME_TOO_LATE } from './deadline.ts';

/**
 * What to do about an error of ClickHouse (names and numbers: its ErrorCodes.cpp):
 * `transient` wait and repeat; `shape` the same rows in smaller pieces; `row` one of the rows can never be stored;
 * `setup` the server is not what we need (schema, rights): the data is good, somebody must act; `slow` and `hungry` a read
 * ran out of its time or memory; `long` the statement of a read has too many parts; `unknown` none of ours: wait and
 * repeat, but not for ever.
 */
export type ErrorClass = 'transient' | 'shape' | 'row' | 'setup' | 'slow' | 'hungry' | 'long' | 'unknown';

const ROW = new Set([6, 26, 27, 38, 41, 53, 69, 72, 117, 131, 691]);
const SCHEMA = new Set([16, 47, 60, 81]);
const RIGHTS = new Set([164, 497]);
const LOGIN = new Set([192, 193, 194, 516]);
const TIMEOUT_EXCEEDED = 159;
const MEMORY_LIMIT_EXCEEDED = 241;
const TOO_MANY_PARTS = 252;
/** Depth and number of the parts of a statement. */
const TOO_LONG = new Set([167, 168, 306]);
/** Functions, settings, syntax that the server does not know: it is older than what we are written for, or set up otherwise. */
const SERVER = new Set([46, 48, 50, 62, 73, 115, 452, 701]);
/** Cut bodies, files and disks, load, network, Keeper and quorum, shutting down, unknown outcomes: none says anything of the rows. */
const TRANSIENT = new Set([
  3,
  24,
  32,
  33,
  71,
  74,
  75,
  76,
  88,
  95,
  96,
  101,
  159,
  173,
  198,
  201,
  202,
  203,
  204,
  209,
  210,
  225,
  231,
  234,
  236,
  242,
  243,
  244,
  252,
  254,
  255,
  265,
  275,
  279,
  285,
  286,
  289,
  294,
  297,
  319,
  341,
  364,
  369,
  373,
  394,
  410,
  411,
  415,
  416,
  425,
  439,
  473,
  499,
  571,
  574,
  625,
  677,
  692,
  696,
  700,
  733,
  734,
  735,
  745,
  749,
  762,
  763,
  776,
  777,
  778,
  904,
  999,
  1000,
  CAME_TOO_LATE,
]);

/** By code and text: one code may mean both "wait" and "never". */
export function classify(error: unknown, when: 'reading' | 'writing'): ErrorClass {
  if (!(error instanceof ClickHouseError)) return 'transient';
  const code = Number(error.code);
  if ([SCHEMA, RIGHTS, LOGIN, SERVER].some((codes) => codes.has(code))) return 'setup';
  if (when === 'reading') {
    if (code === TIMEOUT_EXCEEDED) return 'slow';
    if (TOO_LONG.has(code)) return 'long';
    return code === MEMORY_LIMIT_EXCEEDED && !ofOthers(error) ? 'hungry' : 'transient';
  }
  if (ROW.has(code)) return 'row';
  if (code === MEMORY_LIMIT_EXCEEDED) return ofOthers(error) ? 'transient' : 'shape';
  if (code === TOO_MANY_PARTS && /too many partitions/i.test(error.message)) return 'shape';
  return TRANSIENT.has(code) ? 'transient' : 'unknown';
}

/** The server, or all queries of the user, are short of memory, whatever this query took. */
function ofOthers(error: Error): boolean {
  return /\((total|for user)\)|user memory limit/i.test(error.message);
}

/** The row number that ClickHouse blames, from 0, if its message names one. */
export function blamedRow(error: unknown): number | undefined {
  const match = error instanceof Error ? /\(at row (\d+)\)/.exec(error.message) : null;
  return match === null ? undefined : Number(match[1]) - 1;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : String(error);
}

const CODES: ReadonlyMap<ErrorClass, ErrorCode> = new Map([
  ['slow', 'query_timeout'],
  ['hungry', 'query_too_expensive'],
  ['long', 'request_too_large'],
]);

const NARROW = 'narrow it by started_at, op_names, trace_ids or call_ids, or ask for fewer rows';

/** The public form of any failure of the store. */
export function toAppError(error: unknown, when: 'reading' | 'writing', what: string): AppError {
  if (error instanceof AppError) return error;
  const code = CODES.get(classify(error, when)) ?? 'store_unavailable';
  const details = code === 'query_too_expensive' ? { error_code: 'QUERY_TOO_EXPENSIVE' } : undefined;
  return new AppError(code, `${what}: ${hint(error)}`, { cause: error, details });
}

/** Says who has to do something, where it does not pass by itself, and names what an operator can raise. */
function hint(error: unknown): string {
  if (!(error instanceof ClickHouseError)) return 'the store is not available';
  const code = Number(error.code);
  if (SCHEMA.has(code)) return 'the store has not the schema of this version: run `weft migrate up`';
  if (RIGHTS.has(code)) return 'the store refuses: its user (WF_CLICKHOUSE_USER) lacks rights';
  if (LOGIN.has(code)) return 'the store refuses user or password (WF_CLICKHOUSE_USER, WF_CLICKHOUSE_PASS)';
  if (SERVER.has(code)) return `the server of the store is too old or set up otherwise (code ${code})`;
  if (code === TIMEOUT_EXCEEDED)
    return `it took longer than a query may: ${NARROW} (WF_CLICKHOUSE_MAX_EXECUTION_TIME, code ${code})`;
  if (code === MEMORY_LIMIT_EXCEEDED && !ofOthers(error))
    return `it needs more memory than a query may take: ${NARROW} (WF_CLICKHOUSE_MAX_MEMORY_USAGE, code ${code})`;
  if (TOO_LONG.has(code)) return `the query has too many parts (code ${code})`;
  return `the store is not available (code ${code})`;
}
