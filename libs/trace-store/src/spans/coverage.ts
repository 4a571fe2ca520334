import { compileWhere } from '../calls/compile.ts';
import { instantText } from '../calls/lookup.ts';
import { readExclusions } from '../calls/read.ts';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { SPAN_FACTS } from './facts.ts';
import type { CoverageRange, ScopeCoverage, SpanCounts } from './types.ts';

const has = (bit: number) => `bitAnd(otel_facts, ${bit}) != 0`;
const { isSpan, input, output, usage, model, llm } = SPAN_FACTS;
const FOUND = [0, input, output, usage, model];
const counts = (which: number) => FOUND.map((bit) => `toInt64(countIf(${both(which, bit)}))`).join(', ');
const both = (a: number, b: number) => `bitAnd(otel_facts, ${a | b}) = ${a | b}`;

/** See `SpanReads.spanCoverage`. */
export async function spanCoverage(
  db: ClickHouse,
  { projectId, fromUs, toUs }: CoverageRange,
  limit: number,
  signal?: AbortSignal,
): Promise<ScopeCoverage[]> {
  // All rows are looked at: what is known to leave out none is a column less of each.
  const where = compileWhere(projectId, {}, await readExclusions(db, projectId));
  const params: Record<string, Param> = { ...where.params, limit };
  const conditions = [where.sql, has(isSpan)];
  for (const [name, operator, us] of [
    ['from_time', '>=', fromUs],
    ['to_time', '<', toUs],
  ] as const) {
    if (us === undefined) continue;
    params[name] = instantText(us);
    conditions.push(`started_at ${operator} {${name}:DateTime64(6, 'UTC')}`);
  }
  return db.all(
    {
      sql: `SELECT toString(otel_scope) AS scope, toString(otel_scope_version) AS version, ${counts(isSpan)}, ${counts(isSpan | llm)},
  toUnixTimestamp64Micro(max(started_at))
FROM calls WHERE ${conditions.join('\n  AND ')}
GROUP BY scope, version ORDER BY count() DESC, scope, version LIMIT {limit:UInt64}`,
      params,
    },
    (row): ScopeCoverage => ({
      scope: row.text(),
      version: row.text(),
      all: readCounts(row),
      llm: readCounts(row),
      lastSeenUs: row.int64(),
    }),
    { signal },
  );
}

function readCounts(row: RowReader): SpanCounts {
  return {
    spans: row.int64(),
    withInput: row.int64(),
    withOutput: row.int64(),
    withUsage: row.int64(),
    withModel: row.int64(),
  };
}
