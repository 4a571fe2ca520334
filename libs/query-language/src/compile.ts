import { formatInstant } from '@weft/model';
import { evaluate } from './evaluate.ts';
import {
  comparedAs,
  fieldsOf,
  isCondition,
  isNullTest,
  manyFieldsOf,
  typeOf,
  type ColumnField,
  type Comparison,
  type Expr,
  type Field,
  type JsonField,
  type Literal,
  type Operand,
  type Predicate,
} from './expr.ts';
import { isPresentSql, sizeSql, textSql, type JsonSource } from './json-sql.ts';
import { EXACT_LIMIT, INTEGER, MAX_NUMBER, NUMERIC, numberText, textToNumber } from './numbers.ts';
import { Params, sqlText, type BoundParams } from './params.ts';
import { FINAL_SIGMA, foldCase, isAscii, SIGMA, UNFOLDED, UNFOLDED_AS } from './text.ts';

/** How the fields of one table read as SQL. */
export interface Dialect {
  /**
   * SQL of the column's own type: String, any number, Bool or UInt8, DateTime64(6, 'UTC') or Array(String); Nullable
   * where the field is.
   */
  column(field: ColumnField): string;
  /** The JSON text that `field.column` names. For `field.many` its `sql` is an Array(String). */
  json(field: JsonField): JsonSource;
  /** Begins the names of parameters, for several compiled pieces in one statement. Default `q`. */
  readonly prefix?: string;
}

/** Texts that are the same up to here are the same in a sort by JSON: whole payloads are not carried through it. */
export const SORT_CHARACTERS = 256;

export interface CompiledQuery {
  /** A condition for WHERE, parenthesised: 1, 0 or NULL (unknown: no match). Params are `{q0:Type}`. */
  readonly sql: string;
  readonly params: BoundParams;
}

/** ClickHouse SQL (26.x) that is true for exactly the rows for which `evaluate` is. */
export function compileQuery(expr: Expr, dialect: Dialect): CompiledQuery {
  const compiler = new Compiler(dialect);
  return { sql: compiler.condition(expr), params: compiler.params.bound };
}

/** The text of a field, as `$eq` with a text sees it; NULL or '' where there is none. Not for `many` fields. */
export function compileText(field: Field, dialect: Dialect): CompiledQuery {
  const compiler = new Compiler(dialect);
  return { sql: compiler.text({ op: 'field', field }), params: compiler.params.bound };
}

const SQL_OPERATOR: Record<Comparison, string> = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' };

/** A number that is looked at several times: what it is read from is written once, as an argument of a lambda. */
interface NumSql {
  /** What `value` and `exact` are of. Undefined: they need nothing. */
  readonly source?: string;
  /** The double, NULL where it is none; `it` is the variable that holds `source`. */
  readonly value: (it: string) => string;
  /** Int128 SQL, never NULL, that tells apart integers which are one double; undefined where there are none. */
  readonly exact?: (it: string) => string;
  /** Below 2^53 in magnitude: doubles tell it from everything. */
  readonly small?: boolean;
}

const IS_INTEGER = new RegExp(INTEGER);
const LIMIT = String(EXACT_LIMIT);
const NULL_NUMBER = "CAST(NULL, 'Nullable(Float64)')";

/** `it` is a text. */
function valueOfText(it: string): string {
  return `if(match(${it}, ${sqlText(NUMERIC)}), greatest(least(toFloat64OrNull(${it}), ${MAX_NUMBER}), -${MAX_NUMBER}), NULL)`;
}

/** Of the double `value` with the text `text`. */
function exactSql(value: string, text: string): string {
  return `ifNull(if(abs(${value}) >= ${LIMIT} AND match(${text}, ${sqlText(INTEGER)}), toInt128OrNull(${text}), NULL), 0)`;
}

function small(sql: string): NumSql {
  return { value: () => sql, small: true };
}

/** The number a text is, else NULL. */
function textNum(text: string): NumSql {
  return { source: text, value: valueOfText, exact: (it) => exactSql(valueOfText(it), it) };
}

function columnNum(column: string): NumSql {
  return { value: () => column, exact: () => exactSql(column, `toString(${column})`) };
}

export class Compiler {
  readonly params: Params;
  private readonly dialect: Dialect;
  /** Within a predicate over a `many` field: the variable that holds the text looked at. */
  private readonly chosen = new Map<JsonField, string>();
  private variables = 0;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
    this.params = new Params(dialect.prefix ?? 'q');
  }

  condition(expr: Expr): string {
    if (fieldsOf(expr).length === 0) return constant(expr);
    switch (expr.op) {
      case 'and':
      case 'or':
        return `(${expr.inputs.map((input) => this.condition(input)).join(` ${expr.op.toUpperCase()} `)})`;
      case 'not':
        return `(NOT ${this.condition(expr.input)})`;
      default:
        return this.forAny(expr);
    }
  }

  private forAny(predicate: Predicate): string {
    if (isNullTest(predicate)) return this.predicate(predicate);
    const field = manyFieldsOf(predicate).find((each) => !this.chosen.has(each));
    if (field === undefined) return this.predicate(predicate);
    const variable = this.variable();
    this.chosen.set(field, variable);
    const inner = this.forAny(predicate);
    this.chosen.delete(field);
    return `arrayExists(${variable} -> ifNull(${inner}, 0), ${this.dialect.json(field).sql})`;
  }

  private predicate(predicate: Predicate): string {
    switch (predicate.op) {
      case 'compare':
        return this.compare(predicate.by, predicate.left, predicate.right);
      case 'in':
        return this.membership(predicate.input, predicate.members);
      case 'contains':
        return this.contains(predicate);
      case 'containsToken':
        return this.containsToken(predicate);
    }
  }

  private compare(by: Comparison, left: Operand, right: Operand): string {
    switch (comparedAs(left, right)) {
      case 'null':
        return by === 'eq' ? this.isNull(typeOf(right) === 'null' ? left : right) : '(NULL)';
      case 'instants':
        return `(${this.instant(left)} ${SQL_OPERATOR[by]} ${this.instant(right)})`;
      case 'bools':
        return this.compareNums(by, this.boolNum(left), this.boolNum(right));
      case 'numbers':
        return this.compareNums(by, this.num(left), this.num(right));
      case 'texts':
        return `(${this.text(left)} ${SQL_OPERATOR[by]} ${this.text(right)})`;
      case 'values':
        return this.read([textNum(this.text(left)), textNum(this.text(right))], (a, b) => {
          const areNumbers = `isNotNull(${valueOfText(a)}) AND isNotNull(${valueOfText(b)})`;
          const [left, right] = [textNum(a), textNum(b)];
          return `if(${areNumbers}, ${compareNums(by, left, right, a, b)}, ${a} ${SQL_OPERATOR[by]} ${b})`;
        });
    }
  }

  private compareNums(by: Comparison, left: NumSql, right: NumSql): string {
    return this.read([left, right], (a, b) => compareNums(by, left, right, a, b));
  }

  /** `make` of variables that hold the sources of the numbers. */
  private read(nums: readonly NumSql[], make: (...its: string[]) => string): string {
    const variables = nums.map(({ source }) => (source === undefined ? '' : this.variable()));
    const used = variables.filter((variable) => variable !== '');
    const body = make(...variables);
    if (used.length === 0) return body;
    const sources = nums.flatMap(({ source }) => (source === undefined ? [] : [`[${source}]`]));
    return `arrayMap((${used.join(', ')}) -> ${body}, ${sources.join(', ')})[1]`;
  }

  private value(num: NumSql): string {
    return this.read([num], (it) => num.value(it));
  }

  /** Literals of one kind are looked up together. */
  private membership(input: Operand, members: readonly Operand[]): string {
    const texts: string[] = [];
    const numbers: number[] = [];
    const arms: string[] = [];
    const inputType = typeOf(input);
    for (const member of members) {
      const value = member.op === 'literal' ? member.value : undefined;
      if (typeof value === 'string' && (inputType === 'string' || inputType === 'json')) texts.push(value);
      else if (typeof value === 'number' && Math.abs(value) < EXACT_LIMIT && inputType !== 'bool')
        numbers.push(value === 0 ? 0 : value);
      else arms.push(this.compare('eq', input, member));
    }
    if (texts.length > 0) arms.push(`(${this.text(input)} IN ${this.params.bind(texts, 'Array(String)')})`);
    if (numbers.length > 0) {
      const list = this.params.bind({ members: numbers.map(numberText) }, 'Array(Float64)');
      // Zero has two doubles and one place in a set.
      arms.push(`((${this.value(this.num(input))} + 0) IN ${list})`);
    }
    return arms.length === 0 ? '(0)' : `(${arms.join(' OR ')})`;
  }

  private contains({ input, substr, caseInsensitive }: Extract<Expr, { op: 'contains' }>): string {
    const literal = substr.op === 'literal' && typeof substr.value === 'string' ? substr.value : undefined;
    if (typeOf(input) === 'strings') {
      const wanted = this.text(substr);
      if (!caseInsensitive) return `has(${this.column(input)}, ${wanted})`;
      const each = this.variable();
      return `arrayExists(${each} -> ${foldSql(each)} = ${foldSql(wanted)}, ${this.column(input)})`;
    }
    if (!caseInsensitive) return `(position(${this.text(input)}, ${this.text(substr)}) > 0)`;
    if (literal !== undefined && isAscii(literal))
      return `(positionCaseInsensitive(${this.text(input)}, ${this.params.text(literal)}) > 0)`;
    const wanted = literal === undefined ? foldSql(this.text(substr)) : this.params.text(foldCase(literal));
    return `(position(${foldSql(this.text(input))}, ${wanted}) > 0)`;
  }

  private containsToken({ input, tokens, caseInsensitive }: Extract<Expr, { op: 'containsToken' }>): string {
    const text = this.text(input);
    if (tokens.length === 0) return `(${text} = ${text})`;
    const has = tokens.map((token) =>
      caseInsensitive
        ? `hasToken(${foldSql(text)}, ${this.params.text(foldCase(token))})`
        : `hasToken(${text}, ${this.params.text(token)})`,
    );
    return `(${has.join(' AND ')})`;
  }

  // One operand, seen as …

  private column(operand: Operand): string {
    return this.dialect.column((operand as { field: ColumnField }).field);
  }

  json(field: JsonField): JsonSource {
    const chosen = this.chosen.get(field);
    return chosen === undefined ? this.dialect.json(field) : { sql: chosen };
  }

  private isNull(operand: Operand): string {
    if (operand.op === 'field') {
      if (operand.field.kind === 'json') return `(NOT ${this.isPresent(operand.field)})`;
      const column = this.dialect.column(operand.field);
      return operand.field.type === 'strings' ? `empty(${column})` : `isNull(${column})`;
    }
    if (isCondition(operand)) return `isNull(${this.condition(operand)})`;
    if (operand.op === 'convert' && operand.to === 'exists') return '(0)';
    if (typeOf(operand) === 'number') return `isNull(${this.value(this.num(operand))})`;
    if (typeOf(operand) === 'bool') return `isNull(${this.value(this.boolNum(operand))})`;
    return `isNull(${this.text(operand)})`;
  }

  isPresent(field: JsonField): string {
    if (field.many !== true || this.chosen.has(field))
      return isPresentSql(this.json(field), field.path, this.params);
    const text = this.variable();
    return `arrayExists(${text} -> ${isPresentSql({ sql: text }, field.path, this.params)}, ${this.dialect.json(field).sql})`;
  }

  text(operand: Operand): string {
    switch (operand.op) {
      case 'literal':
        return this.literalText(operand.value);
      case 'instant':
        return this.params.text(formatInstant(operand.us));
      case 'field':
        if (operand.field.kind === 'json')
          return textSql(this.json(operand.field), operand.field.path, this.params);
        return columnText(operand.field, this.dialect.column(operand.field));
      case 'convert':
        if (operand.to === 'string') return this.text(operand.input);
        break;
      default:
    }
    const num = this.num(operand);
    return this.read([num], (it) => {
      const value = num.value(it);
      if (typeOf(operand) !== 'number')
        return `multiIf(isNull(${value}), NULL, ${value} != 0, 'true', 'false')`;
      if (num.exact === undefined) return `toString(${value})`;
      const exact = num.exact(it);
      return `if(${exact} != 0, toString(${exact}), toString(${value}))`;
    });
  }

  private literalText(value: Literal): string {
    if (value === null) return "CAST(NULL, 'Nullable(String)')";
    return this.params.text(
      typeof value === 'number' || typeof value === 'bigint' ? numberText(value) : String(value),
    );
  }

  private num(operand: Operand): NumSql {
    switch (operand.op) {
      case 'literal':
        return this.literalNum(operand.value);
      case 'instant':
        return this.literalNum(operand.us / 1e6);
      case 'size':
        return small(this.size(operand.input));
      case 'convert':
        return this.converted(operand);
      case 'field':
        return operand.field.kind === 'json'
          ? textNum(this.text(operand))
          : this.columnNum(operand.field, this.dialect.column(operand.field));
      default:
        return small(`toFloat64(${this.condition(operand)})`);
    }
  }

  private literalNum(value: Literal): NumSql {
    if (value === null) return small(NULL_NUMBER);
    if (typeof value === 'boolean') return small(value ? '1' : '0');
    if (typeof value === 'string') {
      const number = textToNumber(value);
      if (number === null) return this.literalNum(null);
      return this.literalNum(number.exact === 0n ? number.value : number.exact);
    }
    const double = Number(value);
    const bound = this.params.bind(double === 0 ? 0 : double, 'Float64');
    if (Math.abs(double) < EXACT_LIMIT) return small(bound);
    const text = numberText(value);
    const exact = IS_INTEGER.test(text) ? this.params.bind(text, 'Int128') : 'toInt128(0)';
    return { value: () => bound, exact: () => exact };
  }

  /** Numbers stand as they are: indexes see them. */
  private columnNum(field: ColumnField, column: string): NumSql {
    switch (field.type) {
      case 'string':
        return textNum(column);
      case 'instant':
        return small(`(toUnixTimestamp64Micro(${column}) / 1000000)`);
      case 'bool':
        return small(`toFloat64(${column})`);
      default:
        return columnNum(column);
    }
  }

  private converted(operand: Extract<Operand, { op: 'convert' }>): NumSql {
    switch (operand.to) {
      case 'exists':
        return small(`toFloat64(NOT ${this.isNull(operand.input)})`);
      case 'bool':
        return small(`toFloat64(${this.value(this.boolNum(operand.input))} != 0)`);
      case 'int': {
        const num = this.num(operand.input);
        const whole = (value: string) => `if(${value} = trunc(${value}), ${value}, NULL)`;
        return { ...num, value: (it) => whole(num.value(it)) };
      }
      case 'string':
        return textNum(this.text(operand));
      case 'double':
        return this.num(operand.input);
    }
  }

  /** 1 for true and 0 for false, of the texts `true` and `false` too; other numbers are themselves. */
  private boolNum(operand: Operand): NumSql {
    const type = typeOf(operand);
    if (type !== 'json' && type !== 'string') return this.num(operand);
    const { source, exact } = textNum(this.text(operand));
    return {
      source,
      exact,
      value: (it) => `multiIf(${it} = 'true', 1, ${it} = 'false', 0, ${valueOfText(it)})`,
    };
  }

  private instant(operand: Operand): string {
    if (operand.op === 'instant')
      return `fromUnixTimestamp64Micro(${this.params.bind(operand.us, 'Int64')}, 'UTC')`;
    return this.column(operand);
  }

  private size(operand: Operand): string {
    if (typeOf(operand) === 'strings') return `length(${this.column(operand)})`;
    if (operand.op === 'field' && operand.field.kind === 'json')
      return sizeSql(this.json(operand.field), operand.field.path, this.params);
    return `ifNull(lengthUTF8(${this.text(operand)}), 0)`;
  }

  /** Present, number, digits of the number, text. */
  sortTerms(field: JsonField): string[] {
    const sorted = field.many === true ? this.firstPresent(field) : field;
    const text = this.text({ op: 'field', field: sorted });
    const num = textNum(text);
    return [
      this.isPresent(sorted),
      `${this.value(num)} + 0`,
      this.read([num], (it) => num.exact!(it)),
      `substringUTF8(${text}, 1, ${SORT_CHARACTERS})`,
    ];
  }

  private firstPresent(field: JsonField): JsonField {
    const text = this.variable();
    const { path, column } = field;
    const sorted: JsonField = { kind: 'json', column, path };
    const isPresent = isPresentSql({ sql: text }, path, this.params);
    this.chosen.set(sorted, `arrayFirst(${text} -> ${isPresent}, ${this.dialect.json(field).sql})`);
    return sorted;
  }

  private variable(): string {
    return `v${this.variables++}`;
  }
}

function constant(expr: Expr): string {
  const nothing = { column: () => null, json: () => null };
  if (evaluate(expr, nothing)) return '(1)';
  return evaluate({ op: 'not', input: expr }, nothing) ? '(0)' : '(NULL)';
}

function compareNums(by: Comparison, a: NumSql, b: NumSql, ita: string, itb: string): string {
  const [left, right] = [a.value(ita), b.value(itb)];
  const byValue = `(${left} ${SQL_OPERATOR[by]} ${right})`;
  if (a.small === true || b.small === true) return byValue;
  const exact = `${a.exact?.(ita) ?? 'toInt128(0)'} ${SQL_OPERATOR[by]} ${b.exact?.(itb) ?? 'toInt128(0)'}`;
  // Not AND and OR: unknown must stay unknown.
  return `if(${left} = ${right}, ${exact}, ${byValue})`;
}

function columnText(field: ColumnField, column: string): string {
  switch (field.type) {
    case 'string':
      return column;
    case 'bool':
      return `multiIf(isNull(${column}), NULL, ${column} != 0, 'true', 'false')`;
    case 'instant':
      return `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S.%fZ')`;
    default:
      return `toString(${column})`;
  }
}

function foldSql(text: string): string {
  return `replaceAll(lowerUTF8(translateUTF8(${text}, '${UNFOLDED}', '${UNFOLDED_AS}')), '${FINAL_SIGMA}', '${SIGMA}')`;
}
