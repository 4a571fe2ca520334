import type { EndGroup, StartGroup } from '@weft/model';
import { compileWhere } from '../calls/compile.ts';
import { instantText } from '../calls/lookup.ts';
import { readState, STATE_SELECT } from '../calls/row.ts';
import { hydrate, type LoadClaimed, type OpenClaim, type WholePayloads } from '../claimed.ts';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { SpanRow, SpansQuery } from './types.ts';

/** See `SpanReads.streamSpans`. */
export function streamSpans(
  db: ClickHouse,
  query: SpansQuery,
  load: LoadClaimed | undefined,
  signal?: AbortSignal,
): AsyncGenerator<readonly SpanRow[]> {
  const how = { projectId: query.projectId, load, wholeUpTo: Infinity, claimsOf, complete };
  return hydrate((either) => streamHeads(db, query, either), how, signal);
}

function claimsOf({ state: { start, end } }: SpanRow): readonly OpenClaim[] {
  if (start?.claims === undefined && end?.claims === undefined) return NO_CLAIMS;
  return [...(start?.claims ?? []), ...(end?.claims ?? [])];
}

const NO_CLAIMS: readonly OpenClaim[] = [];

function complete(row: SpanRow, whole: WholePayloads, left: readonly OpenClaim[]): SpanRow {
  const { start, end } = row.state;
  const claims = (group: StartGroup | EndGroup) =>
    left.filter(({ column }) => group.claims?.some((claim) => claim.column === column));
  return {
    ...row,
    state: {
      ...row.state,
      ...(start && {
        start: {
          ...start,
          attributes: whole.get('attributes') ?? start.attributes,
          inputs: whole.get('inputs') ?? start.inputs,
          otelDump: whole.get('otel_dump') ?? start.otelDump,
          claims: claims(start),
        },
      }),
      ...(end && {
        end: {
          ...end,
          output: whole.get('output') ?? end.output,
          summary: whole.get('summary') ?? end.summary,
          claims: claims(end),
        },
      }),
    },
  };
}

function streamHeads(
  db: ClickHouse,
  { projectId, fromUs, toUs, after, limit }: SpansQuery,
  signal?: AbortSignal,
): AsyncGenerator<SpanRow[]> {
  const where = compileWhere(projectId, {});
  const params: Record<string, Param> = { ...where.params, limit };
  const conditions = [where.sql, "span_trace_id != ''"];
  const bound = (name: string, operator: string, us: number | undefined): void => {
    if (us === undefined) return;
    params[name] = instantText(us);
    conditions.push(`started_at ${operator} {${name}:DateTime64(6, 'UTC')}`);
  };
  // The instant alone is what the primary key is searched by.
  bound('from_time', '>=', after === undefined ? fromUs : Math.max(fromUs, after.startedAtUs));
  bound('to_time', '<', toUs);
  if (after !== undefined) {
    Object.assign(params, {
      after_time: instantText(after.startedAtUs),
      after_id: after.id,
      after_trace: after.spanTraceId,
    });
    conditions.push(
      "(started_at, id, span_trace_id) > ({after_time:DateTime64(6, 'UTC')}, {after_id:String}, {after_trace:String})",
    );
  }
  const selected = conditions.join('\n  AND ');
  // Copies of a row that are not merged yet lie side by side.
  const each = 'LIMIT 1 BY started_at, id, span_trace_id LIMIT {limit:UInt64}';
  // The page's end is found by the keys alone: content is read by whole blocks, far beyond a limit.
  const keys = `SELECT started_at FROM calls WHERE ${selected} ORDER BY started_at, id, span_trace_id ${each}`;
  return db.stream(
    {
      sql: `SELECT ${STATE_SELECT} FROM calls WHERE ${selected}
  AND started_at <= (SELECT max(started_at) FROM (${keys}))
ORDER BY started_at, id, span_trace_id, ver DESC ${each}`,
      params,
    },
    readState,
    { signal },
  );
}
