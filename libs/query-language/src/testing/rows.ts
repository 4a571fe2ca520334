import { formatInstant } from '@weft/model';
import type { Dialect } from '../compile.ts';
import type { ColumnValue, Row } from '../evaluate.ts';
import type { ColumnType, Field } from '../expr.ts';
import { parseFieldPath } from '../field-path.ts';
import type { Engine } from './engine.ts';

/** A row of the tests' table: raw JSON texts and typed columns. */
export interface TestRow {
  readonly doc: string;
  readonly other?: string;
  readonly notes?: readonly string[];
  readonly str?: string | null;
  readonly int?: number | null;
  readonly float?: number | null;
  readonly flag?: boolean | null;
  /** Microseconds. */
  readonly at?: number | null;
  readonly tags?: readonly string[];
}

const COLUMNS: Record<string, ColumnType> = {
  str: 'string',
  int: 'number',
  float: 'number',
  flag: 'bool',
  at: 'instant',
  tags: 'strings',
};
const JSON_COLUMNS = ['doc', 'other', 'notes', 'checked'];

export function resolve(path: string): Field | undefined {
  const type = Object.hasOwn(COLUMNS, path) ? COLUMNS[path] : undefined;
  if (type !== undefined) return { kind: 'column', name: path, type, nullable: type !== 'strings' };
  const column = JSON_COLUMNS.find((name) => path === name || path.startsWith(`${name}.`));
  if (column === undefined) return undefined;
  const steps = path === column ? [] : parseFieldPath(path.slice(column.length + 1));
  const field = { kind: 'json', column, path: steps } as const;
  return column === 'notes' ? { ...field, many: true } : field;
}

/** `checked` is `doc` beside a flag that says what ClickHouse cannot read. `tame`: it can read everything. */
export function dialect(tame = false): Dialect {
  return {
    column: (field) => field.name,
    json: (field) => {
      const sql = field.column === 'checked' ? 'doc' : field.column;
      if (tame) return { sql, odd: false };
      return field.column === 'checked' ? { sql, odd: 'NOT isValidJSON(doc)' } : { sql };
    },
  };
}

export function rowOf(row: TestRow): Row {
  const bytes = (text: string) => Buffer.from(text);
  return {
    column: (field) =>
      (row[field.name as keyof TestRow] ?? (field.type === 'strings' ? [] : null)) as ColumnValue,
    json: ({ column }) => {
      if (column === 'notes') return (row.notes ?? []).map(bytes);
      return bytes(column === 'other' ? (row.other ?? '') : row.doc);
    },
  };
}

export async function createTable(engine: Engine, table: string, rows: readonly TestRow[]): Promise<void> {
  await engine.query(
    `CREATE TABLE ${table} (n UInt32, doc String, other String, notes Array(String), str Nullable(String), int Nullable(Int64),
float Nullable(Float64), flag Nullable(Bool), at Nullable(DateTime64(6, 'UTC')), tags Array(String)) ENGINE = Memory`,
  );
  const lines = rows.map((row, n) => {
    const at = row.at == null ? null : formatInstant(row.at).replace('T', ' ').slice(0, -1);
    return JSON.stringify({ other: '', notes: [], tags: [], ...row, n, at });
  });
  await engine.query(`INSERT INTO ${table} FORMAT JSONEachRow\n${lines.join('\n')}`);
}
