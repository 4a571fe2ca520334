import { compileText, fieldsOf, type Field } from '@weft/query-language';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { CallsQuery } from '../trace-store.ts';
import { NOT_OUTRUN } from './compile.ts';
import { CallDialect } from './dialect.ts';
import { PAYLOAD_COLUMNS } from './fields.ts';
import { planCalls } from './plan.ts';
import { readExclusions } from './read.ts';

/** What is counted: `op` = op names without their version (refs end in `:*`), `model` = keys of `summary.usage`. */
export type FacetField = Field | 'op' | 'model';

export interface FacetQuery extends Pick<CallsQuery, 'projectId' | 'filter' | 'condition'> {
  readonly field: FacetField;
  /** Values that hold this, in either case. */
  readonly contains?: string | undefined;
  readonly limit: number;
}

export interface Facet {
  /** Most calls first. */
  readonly values: readonly { readonly value: string; readonly count: number }[];
  /** Not all matching calls were looked at: the newest of them were. */
  readonly isApproximate: boolean;
}

export interface FacetReads {
  /**
   * The values that a field has among calls. Bounded: the newest calls that match are looked at, and no longer than about a
   * second. Values of more than 256 characters are left out.
   */
  facet(query: FacetQuery, signal?: AbortSignal): Promise<Facet>;
}

/** Calls looked at: by their columns, and where a payload has to be read and parsed, also for the condition. */
const COLUMN_ROWS = 200_000;
const PAYLOAD_ROWS = 10_000;
const MAX_SECONDS = 0.8;
const MAX_VALUE_CHARACTERS = 256;

export async function readFacet(db: ClickHouse, query: FacetQuery, signal?: AbortSignal): Promise<Facet> {
  const { projectId, field, contains, limit } = query;
  const [plan, exclusions] = await Promise.all([
    planCalls(db, { ...query, sort: [{ field: 'started_at', direction: 'desc' }] }, signal),
    readExclusions(db, projectId),
  ]);
  const text = textOf(field, projectId);
  const { condition } = query;
  const looksInside = isPayload(field) || (condition !== undefined && fieldsOf(condition).some(isPayload));
  const rows = looksInside ? PAYLOAD_ROWS : COLUMN_ROWS;
  const params: Record<string, Param> = { ...plan.params, ...text.params, rows, limit };
  if (contains !== undefined) params.contains = contains;
  const matches =
    contains === undefined ? '' : 'AND positionCaseInsensitiveUTF8(value, {contains:String}) > 0';
  const isWanted = `value != '' AND lengthUTF8(value) <= ${MAX_VALUE_CHARACTERS} ${matches}`;
  const startedAt = performance.now();
  const [found] = await db.all(
    {
      sql: `SELECT toInt64(sum(n)), arraySlice(arraySort(v -> (-v.2, v.1), groupArrayIf((value, n), ${isWanted})), 1, {limit:UInt32})
FROM (SELECT ${text.sql('looked')} AS value, toInt64(count()) AS n
  FROM (SELECT ${text.columns} AS looked FROM ${plan.from}
    WHERE ${plan.where(exclusions)} ${exclusions.running ? `AND ${NOT_OUTRUN}` : ''}
    ORDER BY ${plan.order} LIMIT {rows:UInt32})
  GROUP BY value)`,
      params,
    },
    (row) => ({
      total: row.int64(),
      values: row.list(() => ({ value: row.text(), count: row.int64() })),
    }),
    { settings: { max_execution_time: MAX_SECONDS, timeout_overflow_mode: 'break' }, signal },
  );
  const isCut = performance.now() - startedAt >= MAX_SECONDS * 1000;
  if (found === undefined) return { values: [], isApproximate: true };
  return { values: found.values, isApproximate: isCut || found.total >= rows };
}

interface FacetText {
  /** What is read of a call. */
  readonly columns: string;
  /** The value or values of what was read. */
  readonly sql: (looked: string) => string;
  readonly params: Readonly<Record<string, Param>>;
}

function textOf(field: FacetField, projectId: string): FacetText {
  if (field === 'op')
    return {
      columns: 'op_name',
      // Cheaper on the few ops than on all calls.
      sql: (looked) =>
        `if(startsWith(${looked}, 'weave:///'), replaceRegexpOne(${looked}, ':[^:/]*$', ':*'), ${looked})`,
      params: {},
    };
  if (field === 'model')
    return {
      columns: 'if(empty(usage_models), [toString(model)], usage_models)',
      sql: (looked) => `arrayJoin(${looked})`,
      params: {},
    };
  const { sql, params } = compileText(field, new CallDialect(projectId).dialect('v'));
  return { columns: `ifNull(toString(${sql}), '')`, sql: (looked) => looked, params };
}

function isPayload(field: FacetField): boolean {
  return typeof field === 'object' && field.kind === 'json' && PAYLOAD_COLUMNS.some((name) => field.column.startsWith(name)); // prettier-ignore
}
