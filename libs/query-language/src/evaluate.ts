import { formatInstant } from '@weft/model';
import {
  comparedAs,
  isCondition,
  isNullTest,
  manyFieldsOf,
  typeOf,
  type ColumnField,
  type Comparison,
  type Expr,
  type JsonField,
  type Operand,
  type Predicate,
} from './expr.ts';
import { JsonValue } from './json-value.ts';
import { compareNumbers, numberText, textToNumber, toNum, type Num } from './numbers.ts';
import { compareTexts, countCharacters, foldCase, tokensOf } from './text.ts';

export type ColumnValue = string | number | bigint | boolean | null | readonly string[];

/** What a row holds for the fields of an expression. */
export interface Row {
  /** Instants are microseconds; a column of type `strings` is an array. */
  column(field: ColumnField): ColumnValue;
  /** The whole JSON text that `field.column` names, UTF-8; null = the row has none. For `field.many` a list of them. */
  json(field: JsonField): Uint8Array | null | readonly Uint8Array[];
}

/**
 * Whether the row matches, exactly as the compiled SQL decides. Looks at bytes only as far as the fields are; throws only
 * what `row` throws.
 */
export function evaluate(expr: Expr, row: Row): boolean {
  return holds(expr, newContext(row, undefined)) === true;
}

/** Within a comparison over a `many` field: the text that is looked at. */
interface Context {
  readonly row: Row;
  readonly chosen: ReadonlyMap<JsonField, Uint8Array> | undefined;
  /** What was found already. */
  readonly values: Map<JsonField, JsonValue>;
}

function newContext(row: Row, chosen: Context['chosen']): Context {
  return { row, chosen, values: new Map() };
}

type Tri = boolean | null;

function holds(expr: Expr, context: Context): Tri {
  switch (expr.op) {
    case 'and':
      return all(expr.inputs, context, false);
    case 'or':
      return all(expr.inputs, context, true);
    case 'not': {
      const value = holds(expr.input, context);
      return value === null ? null : !value;
    }
    default:
      return forAny(expr, context);
  }
}

/** Three-valued: `decisive` (false of and, true of or) wins over unknown. */
function all(inputs: readonly Expr[], context: Context, decisive: boolean): Tri {
  let result: Tri = !decisive;
  for (const input of inputs) {
    const value = holds(input, context);
    if (value === decisive) return decisive;
    if (value === null) result = null;
  }
  return result;
}

/** A predicate over `many` fields holds if it holds for one choice of their texts; it is never unknown. */
function forAny(predicate: Predicate, context: Context): Tri {
  if (isNullTest(predicate)) return predicateHolds(predicate, context);
  const open = manyFieldsOf(predicate).filter((field) => context.chosen?.has(field) !== true);
  const [field] = open;
  if (field === undefined) return predicateHolds(predicate, context);
  const texts = (context.row.json(field) ?? []) as readonly Uint8Array[];
  return texts.some((text) => {
    const chosen = new Map(context.chosen).set(field, text);
    return forAny(predicate, newContext(context.row, chosen)) === true;
  });
}

function predicateHolds(predicate: Predicate, context: Context): Tri {
  switch (predicate.op) {
    case 'compare':
      return compares(predicate.by, predicate.left, predicate.right, context);
    case 'in':
      return isMember(predicate.input, predicate.members, context);
    case 'contains':
      return containsText(predicate, context);
    case 'containsToken':
      return containsTokens(predicate, context);
  }
}

function compares(by: Comparison, left: Operand, right: Operand, context: Context): Tri {
  if (comparedAs(left, right) === 'null') {
    if (by !== 'eq') return null;
    return isNull(typeOf(right) === 'null' ? left : right, context);
  }
  const order = orderOf(left, right, context);
  return order === null ? null : fits(by, order);
}

function fits(by: Comparison, order: number): boolean {
  switch (by) {
    case 'eq':
      return order === 0;
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
  }
}

function orderOf(left: Operand, right: Operand, context: Context): number | null {
  const by = <T>(view: (operand: Operand, context: Context) => T | null, order: (a: T, b: T) => number) => {
    const a = view(left, context);
    const b = a === null ? null : view(right, context);
    return a === null || b === null ? null : order(a, b);
  };
  switch (comparedAs(left, right)) {
    case 'null':
      return null;
    case 'instants':
      return by(instant, (a, b) => a - b);
    case 'bools':
      return by(boolNum, compareNumbers);
    case 'numbers':
      return by(num, compareNumbers);
    case 'texts':
      return by(text, compareTexts);
    case 'values':
      return by(num, compareNumbers) ?? by(text, compareTexts);
  }
}

function isMember(input: Operand, members: readonly Operand[], context: Context): Tri {
  let result: Tri = false;
  for (const member of members) {
    const value = compares('eq', input, member, context);
    if (value === true) return true;
    if (value === null) result = null;
  }
  return result;
}

function containsText(expr: Extract<Expr, { op: 'contains' }>, context: Context): Tri {
  const substr = text(expr.substr, context);
  const fold = (value: string) => (expr.caseInsensitive ? foldCase(value) : value);
  if (typeOf(expr.input) === 'strings') {
    if (substr === null) return null;
    return strings(expr.input, context).some((each) => fold(each) === fold(substr));
  }
  const input = text(expr.input, context);
  return input === null || substr === null ? null : fold(input).includes(fold(substr));
}

function containsTokens(expr: Extract<Expr, { op: 'containsToken' }>, context: Context): Tri {
  const input = text(expr.input, context);
  if (input === null) return null;
  const fold = (value: string) => (expr.caseInsensitive ? foldCase(value) : value);
  const tokens = new Set(tokensOf(fold(input)));
  return expr.tokens.every((token) => tokens.has(fold(token)));
}

// One operand, seen as …

function column(operand: Operand, context: Context): ColumnValue {
  return operand.op === 'field' && operand.field.kind === 'column' ? context.row.column(operand.field) : null;
}

function strings(operand: Operand, context: Context): readonly string[] {
  return (column(operand, context) ?? []) as readonly string[];
}

function json(field: JsonField, context: Context): JsonValue {
  let value = context.values.get(field);
  if (value === undefined) {
    const bytes = context.chosen?.get(field) ?? (context.row.json(field) as Uint8Array | null);
    value = bytes === null ? JsonValue.missing : JsonValue.at(bytes, field.path);
    context.values.set(field, value);
  }
  return value;
}

/** The value of a field in a row; of a `many` field the first that is there. */
export function jsonOf(field: JsonField, row: Row): JsonValue {
  if (field.many !== true) return json(field, newContext(row, undefined));
  const values = ((row.json(field) ?? []) as readonly Uint8Array[]).map((bytes) =>
    JsonValue.at(bytes, field.path),
  );
  return values.find((value) => value.isPresent) ?? JsonValue.missing;
}

function isNull(operand: Operand, context: Context): boolean {
  if (operand.op === 'field' && operand.field.kind === 'json') return !isPresent(operand.field, context);
  if (typeOf(operand) === 'strings') return strings(operand, context).length === 0;
  if (isCondition(operand)) return holds(operand, context) === null;
  if (operand.op === 'convert' && operand.to === 'exists') return false;
  if (typeOf(operand) === 'number') return num(operand, context) === null;
  if (typeOf(operand) === 'bool') return boolNum(operand, context) === null;
  return text(operand, context) === null;
}

function isPresent(field: JsonField, context: Context): boolean {
  if (field.many === true && context.chosen?.has(field) !== true) {
    const texts = (context.row.json(field) ?? []) as readonly Uint8Array[];
    return texts.some((bytes) => JsonValue.at(bytes, field.path).isPresent);
  }
  return json(field, context).isPresent;
}

function text(operand: Operand, context: Context): string | null {
  switch (operand.op) {
    case 'literal':
      return literalText(operand.value);
    case 'instant':
      return formatInstant(operand.us);
    case 'field': {
      if (operand.field.kind === 'json') return json(operand.field, context).text;
      const value = column(operand, context);
      if (value === null || typeof value === 'object') return null;
      return operand.field.type === 'instant' ? formatInstant(Number(value)) : literalText(value);
    }
    case 'convert':
      if (operand.to === 'string') return text(operand.input, context);
      break;
    default:
  }
  const value = num(operand, context);
  if (typeOf(operand) === 'number') return numText(value);
  return value === null ? null : String(value.value !== 0);
}

function literalText(value: string | number | bigint | boolean | null): string | null {
  if (typeof value === 'number' || typeof value === 'bigint') return numberText(value);
  return typeof value === 'boolean' ? String(value) : value;
}

function numText(value: Num | null): string | null {
  if (value === null) return null;
  return numberText(value.exact === 0n ? value.value : value.exact);
}

function num(operand: Operand, context: Context): Num | null {
  switch (operand.op) {
    case 'literal':
      return literalNum(operand.value);
    case 'instant':
      return toNum(operand.us / 1e6);
    case 'size':
      return toNum(sizeOf(operand.input, context));
    case 'convert':
      return convertedNum(operand, context);
    case 'field': {
      if (operand.field.kind === 'json') return json(operand.field, context).num;
      const value = column(operand, context);
      if (value === null || typeof value === 'object') return null;
      return operand.field.type === 'instant' ? toNum(Number(value) / 1e6) : literalNum(value);
    }
    default: {
      const value = holds(operand, context);
      return value === null ? null : toNum(Number(value));
    }
  }
}

function literalNum(value: string | number | bigint | boolean | null): Num | null {
  if (value === null) return null;
  if (typeof value === 'string') return textToNumber(value);
  return toNum(typeof value === 'boolean' ? Number(value) : value);
}

function convertedNum(operand: Extract<Operand, { op: 'convert' }>, context: Context): Num | null {
  switch (operand.to) {
    case 'exists':
      return toNum(Number(!isNull(operand.input, context)));
    case 'bool': {
      const value = boolNum(operand.input, context);
      return value === null ? null : toNum(Number(value.value !== 0));
    }
    case 'int': {
      const value = num(operand.input, context);
      return value !== null && Number.isInteger(value.value) ? value : null;
    }
    case 'string': {
      const value = text(operand, context);
      return value === null ? null : textToNumber(value);
    }
    case 'double':
      return num(operand.input, context);
  }
}

/** As a number that is 1 for true and 0 for false, of a text `true` and `false` too. */
function boolNum(operand: Operand, context: Context): Num | null {
  const type = typeOf(operand);
  if (type === 'json' || type === 'string') {
    const value = text(operand, context);
    if (value === 'true') return toNum(1);
    if (value === 'false') return toNum(0);
  }
  return num(operand, context);
}

function instant(operand: Operand, context: Context): number | null {
  if (operand.op === 'instant') return operand.us;
  const value = column(operand, context);
  return value === null ? null : Number(value);
}

function sizeOf(operand: Operand, context: Context): number {
  if (typeOf(operand) === 'strings') return strings(operand, context).length;
  if (operand.op === 'field' && operand.field.kind === 'json') {
    const value = json(operand.field, context);
    return value.length ?? countCharacters(value.text);
  }
  return countCharacters(text(operand, context) ?? '');
}
