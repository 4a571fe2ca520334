import { compileQuery, fieldsOf, supersetOf, type Expr, type Operand } from '@weft/query-language';
import type { Param } from '../clickhouse.ts';
import type { CallDialect } from './dialect.ts';
import { compileSearch } from './search.ts';

/** A condition of the query language as conditions of `calls`, for WHERE. */

/** Columns whose own values the indexes know; in conditions they stand as `nullIf(…, '')`. */
const PLAIN: ReadonlyMap<string, string> = new Map([
  ['parent_id', 'parent_id'],
  ['thread_id', 'thread_id'],
  ['turn_id', 'turn_id'],
  ['wb_user_id', 'user_id'],
  ['wb_run_id', 'run_id'],
]);

/**
 * The condition and, before it, what holds for every row that matches and costs less to look up.
 * @param oddBits `readOddBits`; not asked for where the condition says nothing of texts (`searchesTexts`).
 */
export function compileCondition(
  expr: Expr,
  dialect: CallDialect,
  params: Record<string, Param>,
  oddBits: number,
): string[] {
  const filter = supersetOf(expr);
  const search = filter === undefined ? undefined : compileSearch(filter, params, oddBits);
  const { sql, params: bound } = compileQuery(expr, dialect.dialect('q'));
  Object.assign(params, bound);
  return [
    ...conjuncts(expr).flatMap((each) => plainCondition(each, params) ?? []),
    ...(search === undefined ? [] : [search]),
    sql,
  ];
}

export function searchesTexts(expr: Expr): boolean {
  return supersetOf(expr) !== undefined;
}

/** True where a call's running row says what its ended row says: both match, or neither. */
export function isOfTheStart(expr: Expr): boolean {
  return fieldsOf(expr).every((field) =>
    field.kind === 'column'
      ? OF_THE_START.has(field.name)
      : /^(inputs|attributes|feedback\.|annotation_queue_items\.)/.test(field.column) && !('span' in field),
  );
}

/** Names are not: a rename that comes with the end is in the ended row only. */
const OF_THE_START: ReadonlySet<string> = new Set([
  'id', 'project_id', 'trace_id', 'parent_id', 'thread_id', 'turn_id', 'op_name', 'started_at', 'wb_user_id',
  'wb_username', 'wb_run_id', 'wb_run_step', 'input_refs', 'deleted_at', 'expire_at',
]); // prettier-ignore

function conjuncts(expr: Expr): readonly Expr[] {
  return expr.op === 'and' ? expr.inputs.flatMap(conjuncts) : [expr];
}

function plainCondition(expr: Expr, params: Record<string, Param>): string | undefined {
  const wanted = equalTexts(expr);
  if (wanted === undefined || wanted.texts.some((text) => text === '')) return undefined;
  const column = PLAIN.get(wanted.field);
  if (column === undefined) return undefined;
  const name = `p${Object.keys(params).length}`;
  params[name] = wanted.texts;
  return `${column} IN {${name}:Array(String)}`;
}

/** The column and the texts of which it has to be one. */
function equalTexts(expr: Expr): { field: string; texts: string[] } | undefined {
  if (expr.op === 'compare' && expr.by === 'eq')
    return membersOf(expr.left, [expr.right]) ?? membersOf(expr.right, [expr.left]);
  return expr.op === 'in' ? membersOf(expr.input, expr.members) : undefined;
}

function membersOf(
  input: Operand,
  members: readonly Operand[],
): { field: string; texts: string[] } | undefined {
  if (input.op !== 'field' || input.field.kind !== 'column' || input.field.type !== 'string')
    return undefined;
  const texts = members.map((member) => (member.op === 'literal' ? member.value : undefined));
  if (!texts.every((text) => typeof text === 'string')) return undefined;
  return { field: input.field.name, texts };
}
