/**
 * The typed tree of a query expression. One tree serves calls, feedback, costs and table rows: what a field *is* it says
 * itself, how it reads as SQL the dialect of a table says (compile.ts), and what it holds the row says (evaluate.ts).
 */

/** One step into a JSON value: the element `index` of a list where that is set, else the member `key` of an object. */
export interface PathPart {
  readonly key: string;
  readonly index?: number;
}

/**
 * - `instant`: microseconds since the epoch in memory, DateTime64(6, 'UTC') in SQL;
 * - `strings`: a list of strings (refs, tags); never null.
 */
export type ColumnType = 'string' | 'number' | 'bool' | 'instant' | 'strings';

/** A typed value of the row: a column, or what is derived from columns. */
export interface ColumnField {
  readonly kind: 'column';
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/**
 * A value at `path` inside a JSON text; an empty path is the whole text.
 *
 * `column` says which text, in words that the resolver, the dialect and the row agree on: a column (`inputs`), a
 * feedback type's payload, the value of a ref's object. Resolvers may put more members on a field: dialects and rows get
 * the very object back.
 */
export interface JsonField {
  readonly kind: 'json';
  readonly column: string;
  readonly path: readonly PathPart[];
  /** There are any number of such texts (notes of a call): a comparison holds if it holds for one of them; null = none has a value. */
  readonly many?: true;
}

export type Field = ColumnField | JsonField;

/** What a path of `$getField` or `sort_by` means; undefined = there is no such field. */
export type FieldResolver = (path: string) => Field | undefined;

export type Literal = string | number | bigint | boolean | null;
export type ConvertTo = 'double' | 'string' | 'int' | 'bool' | 'exists';
export type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte';

export type Operand =
  | { readonly op: 'literal'; readonly value: Literal }
  /** A literal that stands beside an instant: microseconds. */
  | { readonly op: 'instant'; readonly us: number }
  | { readonly op: 'field'; readonly field: Field }
  | { readonly op: 'convert'; readonly input: Operand; readonly to: ConvertTo }
  | { readonly op: 'size'; readonly input: Operand }
  | Expr;

/** True, false or null (unknown); a row matches if true. */
export type Expr =
  | { readonly op: 'and' | 'or'; readonly inputs: readonly Expr[] }
  | { readonly op: 'not'; readonly input: Expr }
  | {
      readonly op: 'compare';
      readonly by: Comparison;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly op: 'in'; readonly input: Operand; readonly members: readonly Operand[] }
  | {
      readonly op: 'contains';
      readonly input: Operand;
      readonly substr: Operand;
      readonly caseInsensitive: boolean;
    }
  | {
      readonly op: 'containsToken';
      readonly input: Operand;
      readonly tokens: readonly string[];
      readonly caseInsensitive: boolean;
    };

/** The type an operand has whatever the row: decides how two operands compare. `json` is known only when it is read. */
export type OperandType = ColumnType | 'json' | 'null';

const CONVERTED: Record<ConvertTo, OperandType> = {
  double: 'number',
  int: 'number',
  string: 'string',
  bool: 'bool',
  exists: 'bool',
};

export function typeOf(operand: Operand): OperandType {
  switch (operand.op) {
    case 'literal':
      return literalType(operand.value);
    case 'instant':
      return 'instant';
    case 'field':
      return operand.field.kind === 'json' ? 'json' : operand.field.type;
    case 'convert':
      return CONVERTED[operand.to];
    case 'size':
      return 'number';
    default:
      return 'bool';
  }
}

function literalType(value: Literal): OperandType {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return 'number';
  return typeof value === 'boolean' ? 'bool' : (typeof value as 'string' | 'number');
}

/** How two operands are compared, decided by their types alone. */
export type ComparedAs = 'null' | 'instants' | 'bools' | 'numbers' | 'texts' | 'values';

export function comparedAs(left: Operand, right: Operand): ComparedAs {
  const types = [typeOf(left), typeOf(right)];
  const either = (type: OperandType) => types.includes(type);
  if (either('null')) return 'null';
  if (types[0] === 'instant' && types[1] === 'instant') return 'instants';
  if (either('bool')) return 'bools';
  if (either('number')) return 'numbers';
  return types[0] === 'json' && types[1] === 'json' ? 'values' : 'texts';
}

/** Direct inputs of an operand. */
export function inputsOf(operand: Operand): readonly Operand[] {
  switch (operand.op) {
    case 'literal':
    case 'instant':
    case 'field':
      return [];
    case 'and':
    case 'or':
      return operand.inputs;
    case 'compare':
      return [operand.left, operand.right];
    case 'in':
      return [operand.input, ...operand.members];
    case 'contains':
      return [operand.input, operand.substr];
    default:
      return [operand.input];
  }
}

/** Every field of an expression, in order, repetitions included. */
export function fieldsOf(operand: Operand): Field[] {
  return operand.op === 'field' ? [operand.field] : inputsOf(operand).flatMap(fieldsOf);
}

export function isCondition(operand: Operand): operand is Expr {
  return !['literal', 'instant', 'field', 'convert', 'size'].includes(operand.op);
}

/** A condition that is not made of conditions alone. */
export type Predicate = Exclude<Expr, { op: 'and' | 'or' | 'not' }>;

/** Whether a field is null: of a `many` field all texts are looked at at once. */
export function isNullTest(predicate: Predicate): boolean {
  if (predicate.op !== 'compare' || predicate.by !== 'eq') return false;
  const { left, right } = predicate;
  return comparedAs(left, right) === 'null' && (left.op === 'field' || right.op === 'field');
}

/** `many` fields that stand in the predicate itself, not in a condition within it. */
export function manyFieldsOf(predicate: Predicate): JsonField[] {
  const outside = (operand: Operand): Field[] => {
    if (operand.op === 'field') return [operand.field];
    return isCondition(operand) ? [] : inputsOf(operand).flatMap(outside);
  };
  return inputsOf(predicate)
    .flatMap(outside)
    .filter((field): field is JsonField => field.kind === 'json' && field.many === true);
}
