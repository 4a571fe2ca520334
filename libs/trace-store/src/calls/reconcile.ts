import type { CallPart } from '@weft/model';
import type { ClickHouse } from '../clickhouse.ts';
import { INSTANT_TYPE } from '../native.ts';
import { instantText } from './lookup.ts';
import { ORPHAN_US } from './row.ts';

/** Looks the calls of the parts up, folds, and writes what is missing: rows and marks. */
export type WriteAgain = (parts: readonly CallPart[]) => Promise<void>;

/** For so long sweeps look for spans of a rename at least; spans that began before look for their rename themselves. */
export const RENAMES_REACH_MS = 20 * 60_000;

/** Calls handled at once. */
const CALLS_PER_WRITE = 500;
/** Rows grouped by one query: some 200 bytes of memory each. */
const ROWS_PER_QUERY = 500_000;

/** Rows of the calls stored lately, whatever the clock of this process says. */
const LATELY = 'stored_at >= now() - {seconds:UInt32}';

/**
 * Calls of which two rows, both stored lately, are seen where only one should be: nobody marked the older (the writer that
 * stored it did not know of the newer), or none of them knows all. That a row runs while another at its key has ended is
 * nothing: readers see to that.
 */
const TORN = `SELECT project_id, id, span_trace_id FROM calls
WHERE ${LATELY} AND cityHash64(id) % {pieces:UInt32} = {piece:UInt32} AND ver NOT IN (SELECT ver FROM calls_superseded)
GROUP BY project_id, id, span_trace_id
HAVING max(start_ver) + max(end_ver) + max(rename_ver)
    + arraySum(hash -> toUInt128(hash), groupUniqArrayArray(log_hashes)) > max(ver)
  OR minIf(start_ver, start_ver > 0) < max(start_ver)
  OR minIf(ver, start_ver > 0 AND end_ver > 0) < maxIf(ver, start_ver > 0 AND end_ver > 0)
  OR (max(end_ver) = 0 AND max(start_ver) > 0 AND minIf(ver, start_ver > 0) < max(ver))`;

/**
 * What was stored lately without a start: a rename that spans may have missed, an end that missed its start. Not log
 * records: they and their span come to one writer, and nearly every span with such records has a row of that kind.
 */
const ORPHANS = `SELECT project_id, id, span_trace_id, rename_ver, rename FROM calls
WHERE started_at = {none:${INSTANT_TYPE}} AND ${LATELY} AND (empty(log_hashes) OR rename_ver > 0)`;

/**
 * Repairs what several writers can do to each other's calls (ADR 003). Reads what was stored in the last `withinMs` only;
 * harmless to repeat, and for several writers to run at once.
 */
export async function reconcile(db: ClickHouse, write: WriteAgain, withinMs: number): Promise<void> {
  const seconds = Math.ceil(withinMs / 1000);
  const [rows = 0] = await db.all(
    { sql: `SELECT toInt64(count()) FROM calls WHERE ${LATELY}`, params: { seconds } },
    (row) => row.int64(),
  );
  const pieces = Math.ceil(rows / ROWS_PER_QUERY);
  for (let piece = 0; piece < pieces; piece++) {
    const torn = await db.all({ sql: TORN, params: { seconds, pieces, piece } }, (row) => ({
      projectId: row.text(),
      id: row.text(),
      spanTraceId: row.text(),
    }));
    await inPieces(torn, write);
  }
  await reconcileOrphans(db, write, withinMs);
}

/** The part of `reconcile` that is due without a change of writers too: renames of spans cross them (ADR 003). */
export async function reconcileOrphans(db: ClickHouse, write: WriteAgain, withinMs: number): Promise<void> {
  const params = { seconds: Math.ceil(withinMs / 1000), none: instantText(ORPHAN_US) };
  const orphans = await db.all({ sql: ORPHANS, params }, (row): CallPart => {
    const identity = { projectId: row.text(), id: row.text(), spanTraceId: row.text() };
    const rename = { version: row.uint128(), displayName: row.text() };
    return rename.version === 0n ? identity : { ...identity, rename };
  });
  await inPieces(orphans, write);
}

async function inPieces(parts: readonly CallPart[], write: WriteAgain): Promise<void> {
  for (let at = 0; at < parts.length; at += CALLS_PER_WRITE)
    await write(parts.slice(at, at + CALLS_PER_WRITE));
}
