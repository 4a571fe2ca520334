import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
  type ClickHouseSettings,
} from '@clickhouse/client';
import { AppError } from '@weft/model';
import { CAME_TOO_LATE, insertBefore, ServerClock } from './deadline.ts';
import { clusterSettings, deleteRows, type ClusterOptions } from './cluster.ts';
import { toAppError } from './errors.ts';
import { cutException, EXCEPTION_TAG_HEADER } from './exception-tail.ts';
import { encodeBlock, type Column } from './native.ts';
import { readRows, type RowReader } from './row-binary.ts';
import type { WriteGuard } from './trace-store.ts';

export interface StoreOptions {
  /** `http://host:port` or `https://…`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** Per query. Undefined = the server's own. */
  readonly maxMemoryUsageBytes?: number;
  /** Per query, milliseconds. Undefined or 0 = the server's own. */
  readonly maxExecutionTimeMs?: number;
  /** Undefined = one server. */
  readonly cluster?: ClusterOptions;
}

/** A statement and its bound parameters; `{name:Type}` in the text. */
export interface Statement {
  readonly sql: string;
  readonly params?: Readonly<Record<string, Param>>;
}
export type Param = string | number | readonly string[] | RawParam;
/** An array whose members are already in ClickHouse's notation. */
export interface RawParam {
  readonly members: readonly string[];
}

export interface ReadOptions {
  readonly settings?: ClickHouseSettings;
  readonly signal?: AbortSignal;
}

export interface CommandOptions extends ReadOptions {
  readonly queryId?: string;
}

export interface ClickHouse {
  /** By table: inserts in a row that failed and nobody can say why. Kept by `insertRows`. */
  readonly unknownFailures: Map<string, number>;
  /** Rows as they arrive, with back-pressure; a reader that stops early cancels the query. `sql` has no FORMAT clause. */
  stream<R>(statement: Statement, read: (row: RowReader) => R, options?: ReadOptions): AsyncGenerator<R[]>;
  all<R>(statement: Statement, read: (row: RowReader) => R, options?: ReadOptions): Promise<R[]>;
  /**
   * The same connections; asks `guard` right before it sends what writes, and what it inserts is refused by the server if it
   * comes late. @throws AppError `store_unavailable`
   */
  guardedBy(guard: WriteGuard): ClickHouse;
  /** One block of rows, durable when it resolves. Errors are the vendor's, for the caller to classify. */
  insert<R>(
    table: string,
    columns: readonly Column<R>[],
    rows: readonly R[],
    sizeBytes: number,
  ): Promise<void>;
  /** A statement without an answer. Errors are the vendor's. */
  command(sql: string, params?: Readonly<Record<string, Param>>, options?: CommandOptions): Promise<void>;
  /** Deletes the rows that match, on every host that has any. Errors are the vendor's. */
  deleteRows(table: string, where: string, params: Readonly<Record<string, Param>>): Promise<void>;
  close(): Promise<void>;
}

const INSERT_SETTINGS: ClickHouseSettings = {
  // Rows are idempotent; ClickHouse's own deduplication drops acknowledged batches after a crash.
  insert_deduplicate: 0,
  async_insert: 0,
  max_partitions_per_insert_block: '0',
  // One block in, one part out.
  max_insert_block_size: '1048576',
  max_insert_threads: '1',
  // A batch holds one row of a call: there is nothing to merge yet.
  optimize_on_insert: 0,
  // The text indexes are two thirds of what storing a call costs: merges build them (ADR 009).
  exclude_materialize_skip_indexes_on_insert: 'inputs_words,output_words',
};

/** Of every statement. */
const SETTINGS: ClickHouseSettings = {
  // Aggregates that ran a few times are compiled, and compiled min() and max() take DateTime64 for unsigned: instants
  // before 1970, ours for "none", win over real ones.
  compile_aggregate_expressions: 0,
};

const READ_SETTINGS: ClickHouseSettings = {
  // What ran before the client left is of no use to anybody.
  cancel_http_readonly_queries_on_client_close: 1,
  // A query expression of the largest kind that is taken (libs/query-language) is a statement of half a megabyte.
  max_query_size: '4194304',
};

export function openClickHouse(options: StoreOptions): ClickHouse {
  const client = createClient({
    url: options.url,
    username: options.username,
    password: options.password,
    database: options.database,
    // Longer than any query may run, so that the server's answer arrives first.
    request_timeout: Math.max(options.maxExecutionTimeMs ?? 0, 60_000) + 30_000,
    max_open_connections: 32,
    // Errors are answered, and logged, by who asked.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      ...SETTINGS,
      ...clusterSettings(options.cluster),
      ...(options.maxMemoryUsageBytes ? { max_memory_usage: String(options.maxMemoryUsageBytes) } : {}),
      ...(options.maxExecutionTimeMs ? { max_execution_time: options.maxExecutionTimeMs / 1000 } : {}),
    },
  });

  async function* stream<R>(
    statement: Statement,
    read: (row: RowReader) => R,
    how: ReadOptions = {},
  ): AsyncGenerator<R[]> {
    const abort = new AbortController();
    const signal = how.signal === undefined ? abort.signal : AbortSignal.any([abort.signal, how.signal]);
    let isRead = false;
    try {
      const ask = () =>
        client.exec({
          ...request(`${statement.sql}\nFORMAT RowBinary`, statement.params),
          clickhouse_settings: { ...READ_SETTINGS, ...how.settings },
          abort_signal: signal,
        });
      const result = await ask().catch((error: unknown) => {
        // The server may close an idle connection at the moment it is used again; a read can be asked twice.
        if (isConnectionLost(error)) return ask();
        throw error;
      });
      const tag = result.response_headers[EXCEPTION_TAG_HEADER];
      yield* readRows(cutException(result.stream as AsyncIterable<Buffer>, tag?.toString()), read);
      isRead = true;
    } catch (error) {
      throw toAppError(error, 'reading', 'reading traces');
    } finally {
      // A finished request must not be aborted: that would cost its connection.
      if (!isRead) abort.abort();
    }
  }

  const clock = new ServerClock(async () => {
    let serverMs = 0;
    const sql = 'SELECT toUnixTimestamp64Milli(now64(3))';
    for await (const [ms = 0] of stream({ sql }, (row) => row.int64())) serverMs = Math.max(serverMs, ms);
    return serverMs;
  });

  const unknownFailures = new Map<string, number>();
  const guardedBy = (guard?: WriteGuard): ClickHouse => ({
    unknownFailures,
    stream,
    guardedBy,
    async all(statement, read, how) {
      const pages = [];
      for await (const page of stream(statement, read, how)) pages.push(page);
      return pages.length === 1 ? pages[0]! : pages.flat();
    },
    async insert(table, columns, rows, sizeBytes) {
      const block = await encodeBlock(columns, rows, sizeBytes);
      if (guard !== undefined) await clock.measure();
      // Last of all: what comes before takes turns with other work.
      assertHeld(guard);
      try {
        const result = await client.exec({
          query:
            guard === undefined
              ? `INSERT INTO ${table} (${columns.map((c) => c.name).join(', ')}) FORMAT Native`
              : insertBefore(clock.deadline(), table, columns),
          values: Readable.from([block], { objectMode: false }),
          clickhouse_settings: INSERT_SETTINGS,
        });
        for await (const chunk of result.stream) void chunk;
      } catch (error) {
        if (error instanceof ClickHouseError && Number(error.code) === CAME_TOO_LATE) clock.cameTooLate();
        throw error;
      }
    },
    async command(sql, params, how = {}) {
      assertHeld(guard);
      const result = await client.exec({
        ...request(sql, params),
        query_id: how.queryId,
        clickhouse_settings: how.settings,
        abort_signal: how.signal,
      });
      for await (const chunk of result.stream) void chunk;
    },
    deleteRows(table, where, params) {
      return this.command(deleteRows(table, where, options.cluster), params);
    },
    close: () => client.close(),
  });
  return guardedBy();
}

function isConnectionLost(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function assertHeld(guard: WriteGuard | undefined): void {
  if (guard?.isHeld() === false)
    throw new AppError('store_unavailable', 'another writer has taken over what this one was about to store');
}

/** The server refuses longer fields (`http_max_field_value_size` counts before any setting does). */
const MAX_FIELD_BYTES = 100_000;

/** Characters of a statement. */
const MAX_URL_TEXT = 2000;

interface Request {
  readonly query: string;
  readonly values?: Readable;
  readonly http_headers?: Record<string, string>;
}

/**
 * Parameters ride in a multipart body, as a thousand ids do not fit a URL, and so does a long statement: proxies take
 * shorter URLs than ClickHouse. What does not fit a field rides in several.
 */
function request(sql: string, params: Readonly<Record<string, Param>> = {}): Request {
  let query = sql;
  const fields: Field[] = [];
  for (const [name, value] of Object.entries(params)) {
    if (typeof value === 'string') fields.push([`param_${name}`, escapeText(value)]);
    else if (typeof value === 'number') fields.push([`param_${name}`, String(value)]);
    else {
      const pieces = cut('members' in value ? value.members : value.map(quote));
      if (pieces.length > 1) query = spread(query, name, pieces.length);
      pieces.forEach((piece, i) =>
        fields.push([pieces.length > 1 ? `param_${name}_part${i}` : `param_${name}`, `[${piece}]`]),
      );
    }
  }
  if (fields.length === 0) return { query };
  if (query.length <= MAX_URL_TEXT) return { query, ...multipart(fields) };
  return { query: ' ', ...multipart([...cutText(query), ...fields]) };
}

/** Members joined to pieces of bounded size; one empty piece for none. */
function cut(members: readonly string[]): string[] {
  const pieces = [''];
  let bytes = 0;
  for (const member of members) {
    const size = Buffer.byteLength(member) + 1;
    if (bytes > 0 && bytes + size > MAX_FIELD_BYTES) {
      pieces.push(member);
      bytes = size;
    } else {
      pieces[pieces.length - 1] += bytes === 0 ? member : `,${member}`;
      bytes += size;
    }
  }
  return pieces;
}

/** `{name:Type}` → `arrayConcat({name_part0:Type}, …)`. */
function spread(sql: string, name: string, pieces: number): string {
  const opening = `{${name}:`;
  return sql
    .split(opening)
    .map((text, i) => {
      if (i === 0) return text;
      const end = text.indexOf('}');
      const type = text.slice(0, end);
      const parts = Array.from({ length: pieces }, (_, n) => `{${name}_part${n}:${type}}`);
      return `arrayConcat(${parts.join(', ')})${text.slice(end + 1)}`;
    })
    .join('');
}

type Field = readonly [name: string, value: string];

/** The server puts the fields of the statement together, behind what the URL has of it. */
function cutText(sql: string): Field[] {
  const size = MAX_FIELD_BYTES / 4;
  return Array.from({ length: Math.ceil(sql.length / size) }, (_, i) => [
    'query',
    sql.slice(i * size, (i + 1) * size),
  ]);
}

function multipart(fields: readonly Field[]): Omit<Request, 'query'> {
  const boundary = `weft-${randomBytes(16).toString('hex')}`;
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const body = Buffer.from(`${parts.join('')}--${boundary}--\r\n`);
  return {
    values: Readable.from([body], { objectMode: false }),
    http_headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}

const SPECIAL = /[\\'\t\n\r\0\b\f]/g;
const ESCAPES = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\0', '\\0'],
  ['\b', '\\b'],
  ['\f', '\\f'],
]);

function escapeText(text: string): string {
  return text.replace(SPECIAL, (c) => ESCAPES.get(c)!);
}

/** A string inside an array or tuple parameter. */
export function quote(text: string): string {
  return `'${escapeText(text)}'`;
}
