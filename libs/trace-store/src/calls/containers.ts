import type { ClickHouse } from '../clickhouse.ts';
import { excludedRows, type Exclusions } from './compile.ts';

/**
 * Spans of agents and frameworks tell again what spans below them used. The usage of a span is left out of sums over many
 * where a span below it has usage of its kind: tokens made, or for those that made none any tokens.
 *
 * Only spans that the writer marked (`may_repeat_usage`) are looked at, and a project without such spans pays nothing. All
 * with a parent are taken to be below the root of their trace; below others is what leads to them by at most
 * `MAX_BETWEEN` spans that are not themselves asked about.
 */

/** Spans without usage between a span and the nearest below it that has some. */
const MAX_BETWEEN = 3;

const HOUR_US = 3_600_000_000;
/** Traces do not end with the range of time that is asked for. */
const BEFORE_US = HOUR_US;
const AFTER_US = 24 * HOUR_US;

/** Of the rows that are summed. Spans below count only if they are among them: else what a span tells is all there is. */
export interface Summed {
  /** Conditions on rows of the project `{project:String}`, without time; empty = all. */
  readonly where: readonly string[];
  /** Half-open; none = all time. */
  readonly fromUs?: number | undefined;
  readonly toUs?: number | undefined;
}

const USES = 'prompt_tokens + completion_tokens + total_tokens > 0';
/** 1 = made tokens. */
const MADE = 'toUInt64(completion_tokens > 0)';
/** Even numbers, to add the kind to. */
const keyOf = (id: string) => `bitShiftLeft(cityHash64(span_trace_id, ${id}), 1)`;
const TRACE = 'bitShiftLeft(cityHash64(span_trace_id), 1)';

/** True for rows that are left out. */
export function repeatsUsage(summed: Summed, exclusions: Exclusions): string {
  return `(may_repeat_usage = 1 AND if(parent_id = '', (${TRACE} + ${MADE}) IN (${ofTraces(summed, exclusions)}),
    (${keyOf('id')} + ${MADE}) IN (${above(summed, exclusions)})))`;
}

/** Whether the project has marked spans. */
export async function hasContainers(db: ClickHouse, projectId: string): Promise<boolean> {
  const [found] = await db.all(
    {
      sql: 'SELECT EXISTS (SELECT 1 FROM calls WHERE project_id = {project:String} AND may_repeat_usage = 1 LIMIT 1)',
      params: { project: projectId },
    },
    (row) => row.uint8() === 1,
  );
  return found!;
}

/** Traces with usage below their root. */
function ofTraces(summed: Summed, exclusions: Exclusions): string {
  return `SELECT ${TRACE} + kind FROM (SELECT span_trace_id, ${MADE} AS made FROM calls
    WHERE ${spansBelow(summed, exclusions).join(' AND ')} AND ${isAsked(summed)}) ARRAY JOIN range(made + 1) AS kind`;
}

/** Spans with usage below them, level by level. */
function above(summed: Summed, exclusions: Exclusions): string {
  // Of most projects agents are roots: then nothing is looked at.
  const inner = `cityHash64(span_trace_id) IN (SELECT cityHash64(span_trace_id) FROM calls
    WHERE ${spansBelow(summed, exclusions).join(' AND ')} AND may_repeat_usage = 1)`;
  const spans = [...spansBelow(summed, exclusions), inner].join(' AND ');
  const parent = keyOf('parent_id');
  let found = `SELECT ${parent} + kind FROM (SELECT span_trace_id, parent_id, ${MADE} AS made FROM calls
    WHERE ${spans} AND ${isAsked(summed)}) ARRAY JOIN range(made + 1) AS kind`;
  for (let i = 0; i < MAX_BETWEEN; i++)
    found = `SELECT ${parent} + kind FROM (SELECT span_trace_id, id, parent_id, ${MADE} AS made, ${isAsked(summed)} AS asked FROM calls
    WHERE ${spans}) ARRAY JOIN [0, 1] AS kind WHERE if(asked, kind <= made, (${keyOf('id')} + kind) IN (${found}))`;
  return found;
}

function isAsked({ where }: Summed): string {
  return `(${[USES, ...where].join(' AND ')})`;
}

/** Spans that have a parent, around the range of time. */
function spansBelow({ fromUs, toUs }: Summed, exclusions: Exclusions): string[] {
  const at = (us: number) => `fromUnixTimestamp64Micro(toInt64(${Math.max(us, 0)}), 'UTC')`;
  return [
    'project_id = {project:String}',
    "span_trace_id != ''",
    "parent_id != ''",
    ...(fromUs === undefined ? [] : [`started_at >= ${at(fromUs - BEFORE_US)}`]),
    ...(toUs === undefined ? [] : [`started_at < ${at(toUs + AFTER_US)}`]),
    ...excludedRows(exclusions).map((which) => `NOT (${which})`),
  ];
}
