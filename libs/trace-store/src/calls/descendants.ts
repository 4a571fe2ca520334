import type { ClickHouse } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { compileWhere } from './compile.ts';
import { Family, type Hash } from './family.ts';

/**
 * See `TraceReader.descendants`. The traces are read twice: who is below whom, then the ids of those that are, so that no
 * more than hashes are in memory.
 */
export async function* descendants(
  db: ClickHouse,
  projectId: string,
  ids: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<readonly string[]> {
  if (ids.length === 0) return;
  const roots = compileWhere(projectId, { callIds: ids });
  const live = compileWhere(projectId, {});
  const params = { ...live.params, ...roots.params };
  const from = `FROM calls WHERE ${live.sql} AND trace_id IN (SELECT trace_id FROM calls WHERE ${roots.sql})`;
  const family = new Family();
  const pairs = { sql: `SELECT ${hashOf('id')}, ${hashOf('parent_id')} ${from}`, params };
  for await (const page of db.stream(pairs, (row) => [readHash(row), readHash(row)] as const, { signal }))
    for (const [id, parent] of page) family.add(id, parent);
  const wanted = {
    sql: `SELECT ${hashOf('id')} FROM (SELECT arrayJoin({call_ids:Array(String)}) AS id)`,
    params: { call_ids: ids },
  };
  family.mark(await db.all(wanted, readHash, { signal }));
  // Rows of one call come side by side; spans that share an id do not.
  const found = { sql: `SELECT DISTINCT id, ${hashOf('id')} ${from}`, params };
  for await (const page of db.stream(found, (row) => ({ id: row.text(), hash: readHash(row) }), { signal })) {
    const below = page.filter(({ hash }) => family.isMarked(hash)).map(({ id }) => id);
    if (below.length > 0) yield below;
  }
}

/** In two halves. */
function hashOf(text: string): string {
  return `toUInt32(bitShiftRight(sipHash64(${text}), 32)), toUInt32(bitAnd(sipHash64(${text}), 4294967295))`;
}

function readHash(row: RowReader): Hash {
  return { high: row.uint32(), low: row.uint32() };
}
