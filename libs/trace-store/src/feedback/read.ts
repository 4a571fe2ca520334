import { compileQuery, fieldsOf, type Expr, type Operand } from '@weft/query-language';
import type { ClickHouse, Param } from '../clickhouse.ts';
import type { RowReader } from '../row-binary.ts';
import { feedbackDialect } from './fields.ts';
import { compileFeedbackSort } from './sort.ts';
import type { FeedbackQuery, FeedbackWrite } from './types.ts';
import { FEEDBACK_BY_KEY } from './visible.ts';

/** `readFeedbackRow` reads these. */
function columns(payloads: boolean): string {
  return `id, weave_ref, feedback_type, user_id, creator, toUnixTimestamp64Micro(created_at), ${payloads ? 'payload' : "''"},
  annotation_ref, runnable_ref, call_ref, trigger_ref, queue_id, scorer_tags, scorer_tag_reasons, scorer_tag_confidences,
  scorer_ratings, scorer_rating_reasons, scorer_rating_confidences, scorer_trace_id, span_agent_name, span_agent_version,
  span_status_code, span_conversation_id, span_trace_id`;
}

function readFeedbackRow(row: RowReader, projectId: string): FeedbackWrite {
  return {
    projectId,
    id: row.text(),
    weaveRef: row.text(),
    feedbackType: row.text(),
    userId: row.text(),
    creator: row.textOrNull(),
    createdAtUs: row.int64(),
    payload: row.bytes(),
    annotationRef: row.textOrNull(),
    runnableRef: row.textOrNull(),
    callRef: row.textOrNull(),
    triggerRef: row.textOrNull(),
    queueId: row.textOrNull(),
    scorer: {
      tags: row.texts(),
      tagReasons: row.named(() => row.text()),
      tagConfidences: row.named(() => row.float64()),
      ratings: row.named(() => row.float64()),
      ratingReasons: row.named(() => row.text()),
      ratingConfidences: row.named(() => row.float64()),
      traceId: row.text(),
    },
    span: {
      agentName: row.text(),
      agentVersion: row.text(),
      statusCode: row.text(),
      conversationId: row.text(),
      traceId: row.text(),
    },
  };
}

export const feedbackOf = async (
  db: ClickHouse,
  projectId: string,
  weaveRefs: readonly string[],
): Promise<FeedbackWrite[]> => {
  if (weaveRefs.length === 0) return [];
  return db.all(
    {
      sql: `SELECT ${columns(true)} ${FEEDBACK_BY_KEY} AND weave_ref IN {refs:Array(String)} ORDER BY created_at, id`,
      params: { project: projectId, refs: weaveRefs },
    },
    (row) => readFeedbackRow(row, projectId),
  );
};

export function streamFeedback(
  db: ClickHouse,
  query: FeedbackQuery,
  signal?: AbortSignal,
): AsyncIterable<readonly FeedbackWrite[]> {
  const { projectId, sort = [], limit, offset = 0, payloads = true } = query;
  const where = compileWhere(query);
  const order = compileFeedbackSort(sort, where.params);
  // An offset without a limit is not allowed to stand alone.
  const page =
    limit === undefined && offset === 0 ? '' : `LIMIT ${limit ?? Number.MAX_SAFE_INTEGER} OFFSET ${offset}`;
  return db.stream(
    { sql: `SELECT ${columns(payloads)} ${where.sql}\nORDER BY ${order}\n${page}`, params: where.params },
    (row) => readFeedbackRow(row, projectId),
    { signal },
  );
}

export const countFeedback = async (
  db: ClickHouse,
  query: Pick<FeedbackQuery, 'projectId' | 'where'>,
): Promise<number> => {
  const { sql, params } = compileWhere(query);
  const [count = 0] = await db.all({ sql: `SELECT toInt64(count()) ${sql}`, params }, (row) => row.int64());
  return count;
};

function compileWhere({ projectId, where }: Pick<FeedbackQuery, 'projectId' | 'where'>): {
  sql: string;
  params: Record<string, Param>;
} {
  const params: Record<string, Param> = { project: projectId };
  const conditions = (parts: readonly Expr[], prefix: string): string[] =>
    parts.map((part, i) => {
      const compiled = compileQuery(part, feedbackDialect(params, `${prefix}_${letters(i)}`));
      Object.assign(params, compiled.params);
      return compiled.sql;
    });
  const parts = where === undefined ? [] : conjuncts(where);
  const ofKeys = conditions(parts.filter(isAboutKeys), 'key');
  const others = conditions(
    parts.filter((part) => !isAboutKeys(part)),
    'where',
  );
  const sql = [FEEDBACK_BY_KEY, ...ofKeys].join(' AND ');
  return { sql: others.length === 0 ? sql : `${sql}\nWHERE ${others.join(' AND ')}`, params };
}

/** What must hold all of it. */
function conjuncts(expr: Expr): Expr[] {
  if (expr.op !== 'and' || !expr.inputs.every(isExpr)) return [expr];
  return expr.inputs.flatMap(conjuncts);
}

function isExpr(operand: Operand): operand is Expr {
  return !['literal', 'instant', 'field', 'convert', 'size'].includes(operand.op);
}

const KEYS: readonly string[] = ['weave_ref', 'id', 'project_id'];

function isAboutKeys(expr: Expr): boolean {
  const fields = fieldsOf(expr);
  return fields.length > 0 && fields.every((field) => field.kind === 'column' && KEYS.includes(field.name));
}

/** Prefixes of parameters have no digits. */
function letters(index: number): string {
  return [...String(index)].map((digit) => String.fromCharCode(97 + Number(digit))).join('');
}
