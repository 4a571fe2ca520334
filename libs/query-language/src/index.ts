/** Filter and sort expressions: parse, type, evaluate in memory, compile to ClickHouse SQL. No I/O. */
export { compileQuery, compileText, type CompiledQuery, type Dialect } from './compile.ts';
export { evaluate, type ColumnValue, type Row } from './evaluate.ts';
export {
  fieldsOf,
  type ColumnField,
  type ColumnType,
  type Comparison,
  type ConvertTo,
  type Expr,
  type Field,
  type FieldResolver,
  type JsonField,
  type Literal,
  type Operand,
  type PathPart,
} from './expr.ts';
export { parseFieldPath, splitFieldPath, toPathPart } from './field-path.ts';
export type { JsonSource } from './json-sql.ts';
export { JsonValue, type JsonKind } from './json-value.ts';
export type { BoundParam, BoundParams } from './params.ts';
export { parseQuery } from './parse.ts';
export { compareValues, compileSortKeys, sortValue, type SortDirection, type SortValue } from './sort.ts';
export {
  compileTextFilter,
  isWrittenOddly,
  mayMatch,
  supersetOf,
  WRITTEN_ODDLY,
  type TextFilter,
} from './superset.ts';
export { readQueryJson } from './wire.ts';
