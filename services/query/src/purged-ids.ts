import { AppError } from '@weft/model';
import { parseQuery, type FieldResolver, type Operand } from '@weft/query-language';

const MAX_IDS = 1000;

/**
 * The ids that a purge names: `$eq` of `id`, `$in` of them, or `$or` of such. Anything else could remove more than was
 * meant. @param what in the words of the refusal: `feedback`, `cost`. @throws AppError `invalid_request`
 */
export function purgedIds(query: unknown, fields: FieldResolver, what: string): string[] {
  const refuse = (): never => {
    throw new AppError(
      'invalid_request',
      `Can only purge ${what === 'cost' ? 'costs' : what} by specifying one or more ${what} ids`,
    );
  };
  const textOf = (operand: Operand): string =>
    operand.op === 'literal' && typeof operand.value === 'string' ? operand.value : refuse();
  const idsOf = (expr: Operand): string[] => {
    if (expr.op === 'compare' && expr.by === 'eq' && isId(expr.left)) return [textOf(expr.right)];
    if (expr.op === 'in' && isId(expr.input)) return expr.members.map(textOf);
    if (expr.op === 'or') return expr.inputs.flatMap(idsOf);
    return refuse();
  };
  const ids = [...new Set(idsOf(parseQuery(query, fields)))];
  if (ids.length > MAX_IDS) throw new AppError('invalid_request', `query: names more than ${MAX_IDS} ids`);
  return ids;
}

function isId(operand: Operand): boolean {
  return operand.op === 'field' && operand.field.kind === 'column' && operand.field.name === 'id';
}
