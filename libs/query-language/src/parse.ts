import { AppError, MAX_INSTANT_US, MIN_INSTANT_US, parseInstant } from '@weft/model';
import type { Comparison, ConvertTo, Expr, Field, FieldResolver, Literal, Operand } from './expr.ts';
import { isCondition, typeOf } from './expr.ts';
import { MAX_PATH_PARTS } from './field-path.ts';
import { MAX_NUMBER } from './numbers.ts';
import { tokensOf, wellFormed } from './text.ts';

export const MAX_QUERY_DEPTH = 64;
/** Operations and operands of one query, members of `$in` lists not counted. */
export const MAX_QUERY_NODES = 2_000;
/** Each becomes a good piece of SQL. */
export const MAX_JSON_FIELDS = 128;
export const MAX_IN_MEMBERS = 10_000;
/** UTF-8 bytes of one text: they ride in a field of the request to the store. */
export const MAX_TEXT_BYTES = 32 * 1024;
/** UTF-8 bytes of all texts together. */
export const MAX_TEXTS_BYTES = 1024 * 1024;

type Wire = Readonly<Record<string, unknown>>;

/** Both spellings of every operation, as pydantic accepts them: the alias and the Python name. */
const OPERATIONS = new Map<string, string>(
  [
    ['literal', 'literal_'],
    ['getField', 'getField_', 'get_field_'],
    ['convert', 'convert_'],
    ['size', 'size_'],
    ['and', 'and_'],
    ['or', 'or_'],
    ['not', 'not_'],
    ['eq', 'eq_'],
    ['gt', 'gt_'],
    ['gte', 'gte_'],
    ['lt', 'lt_'],
    ['lte', 'lte_'],
    ['in', 'in_'],
    ['contains', 'contains_'],
    ['containsToken', 'containsToken_', 'contains_token_'],
  ].flatMap(([name, ...others]) => [`$${name}`, ...others].map((spelling) => [spelling, name!] as const)),
);

const CONVERSIONS: readonly string[] = ['double', 'string', 'int', 'bool', 'exists'];

/**
 * The query of a request (`{"$expr": …}`) as a typed tree. Members may be bigint where a reader kept integers exact.
 * Bare literals are taken for `{"$literal": …}`.
 *
 * @throws AppError `invalid_request` (400) naming the place (`query.$expr.$and[2].$eq[0]: …`) for a shape, value or size
 * that is no query; `unsupported_member` (422) for a field that `fields` does not know and for what W&B refuses with 422
 * (unknown operations and members, an expression that is no condition).
 */
export function parseQuery(wire: unknown, fields: FieldResolver, path = 'query'): Expr {
  const query = members(wire, path);
  const names = Object.keys(query);
  const name = names.find((n) => n === '$expr' || n === 'expr_');
  if (name === undefined) throw malformed(path, 'has no "$expr"');
  refuseOthers(names, [name], path);
  const expr = new Parser(fields).operand(query[name], `${path}.$expr`, 1);
  if (!isCondition(expr))
    throw new AppError('unsupported_member', `${path}.$expr: is not a condition, such as $eq or $and`);
  return expr;
}

class Parser {
  private readonly fields: FieldResolver;
  private nodes = 0;
  private jsonFields = 0;
  private textBytes = 0;

  constructor(fields: FieldResolver) {
    this.fields = fields;
  }

  operand(wire: unknown, path: string, depth: number): Operand {
    if (++this.nodes > MAX_QUERY_NODES) throw invalid(path, `the query has over ${MAX_QUERY_NODES} parts`);
    if (depth > MAX_QUERY_DEPTH) throw invalid(path, `is nested deeper than ${MAX_QUERY_DEPTH}`);
    if (typeof wire !== 'object' || wire === null) return this.literal(wire, path);
    const operation = members(wire, path);
    const names = Object.keys(operation);
    if (names.length !== 1)
      throw malformed(path, `has ${names.length} members; an operation has exactly one`);
    const name = OPERATIONS.get(names[0]!);
    if (name === undefined)
      throw new AppError('unsupported_member', `${path}: unknown operation ${quoted(names[0]!)}`);
    return this.operation(name, operation[names[0]!], `${path}.$${name}`, depth);
  }

  private operation(name: string, wire: unknown, path: string, depth: number): Operand {
    const sub = (value: unknown, place: string) => this.operand(value, `${path}${place}`, depth + 1);
    switch (name) {
      case 'literal':
        return this.literal(wire, path);
      case 'getField':
        return { op: 'field', field: this.field(wire, path) };
      case 'convert':
        return this.convert(wire, path, sub);
      case 'size':
        return { op: 'size', input: sub(wire, '') };
      case 'and':
      case 'or': {
        const list = listOf(wire, path);
        if (list.length === 0) throw invalid(path, 'is empty');
        const inputs = list.map((each, i) => asCondition(sub(each, `[${i}]`), `${path}[${i}]`));
        return inputs.length === 1 ? inputs[0]! : { op: name, inputs };
      }
      case 'not': {
        const [input] = listOf(wire, path, 1);
        return { op: 'not', input: asCondition(sub(input, '[0]'), `${path}[0]`) };
      }
      case 'in':
        return this.membership(wire, path, sub);
      case 'contains':
        return this.contains(wire, path, sub);
      case 'containsToken':
        return this.containsToken(wire, path, sub);
      default: {
        const [left, right] = listOf(wire, path, 2).map((each, i) => sub(each, `[${i}]`));
        return comparison(name as Comparison, left!, right!, path);
      }
    }
  }

  private convert(wire: unknown, path: string, sub: Sub): Operand {
    const spec = members(wire, path);
    refuseOthers(Object.keys(spec), ['input', 'to'], path);
    if (!('input' in spec)) throw malformed(path, 'has no "input"');
    if (typeof spec.to !== 'string' || !CONVERSIONS.includes(spec.to))
      throw malformed(`${path}.to`, `is none of ${CONVERSIONS.join(', ')}`);
    const input = sub(spec.input, '.input');
    refuseList(input, `${path}.input`);
    return { op: 'convert', input, to: spec.to as ConvertTo };
  }

  private membership(wire: unknown, path: string, sub: Sub): Expr {
    const [left, list] = listOf(wire, path, 2);
    const input = sub(left, '[0]');
    const members = listOf(list, `${path}[1]`);
    if (members.length > MAX_IN_MEMBERS) throw invalid(`${path}[1]`, `has over ${MAX_IN_MEMBERS} members`);
    return {
      op: 'in',
      input,
      members: members.map((each, i) => {
        this.nodes--; // counted by their own limit
        const member = comparison('eq', input, sub(each, `[1][${i}]`), `${path}[1][${i}]`);
        return member.right;
      }),
    };
  }

  private contains(wire: unknown, path: string, sub: Sub): Expr {
    const { input, substr, caseInsensitive } = containsSpec(wire, path, sub);
    if (typeOf(substr) === 'strings') throw invalid(`${path}.substr`, 'is a list');
    return { op: 'contains', input, substr, caseInsensitive };
  }

  private containsToken(wire: unknown, path: string, sub: Sub): Expr {
    const { input, substr, caseInsensitive } = containsSpec(wire, path, sub);
    refuseList(input, `${path}.input`);
    if (substr.op !== 'literal' || typeof substr.value !== 'string')
      throw invalid(`${path}.substr`, 'is not a text');
    return { op: 'containsToken', input, tokens: tokensOf(substr.value), caseInsensitive };
  }

  private literal(wire: unknown, path: string): Operand {
    const value = this.literalValue(wire, path);
    return { op: 'literal', value };
  }

  private literalValue(wire: unknown, path: string): Literal {
    switch (typeof wire) {
      case 'string':
        this.text(wire, path);
        // The store's texts have no lone surrogates: they are read as U+FFFD there too.
        return wellFormed(wire);
      case 'number':
        if (Number.isNaN(wire)) throw invalid(path, 'is not a number');
        return Math.min(Math.max(wire, -MAX_NUMBER), MAX_NUMBER);
      case 'bigint':
        return Number.isSafeInteger(Number(wire)) ? Number(wire) : this.bigint(wire, path);
      case 'boolean':
        return wire;
      default:
        if (wire === null) return null;
        throw invalid(path, 'is a list or an object, which cannot be compared');
    }
  }

  private bigint(value: bigint, path: string): Literal {
    if (value > -(10n ** 38n) && value < 10n ** 38n) return value;
    return this.literalValue(Number(value), path);
  }

  private field(wire: unknown, path: string): Field {
    if (typeof wire !== 'string') throw malformed(path, 'is not a text');
    this.text(wire, path);
    const field = this.fields(wellFormed(wire));
    if (field === undefined)
      throw new AppError('unsupported_member', `${path}: unknown field ${quoted(wire)}`);
    if (field.kind === 'json') {
      if (++this.jsonFields > MAX_JSON_FIELDS)
        throw invalid(path, `the query names over ${MAX_JSON_FIELDS} fields of JSON values`);
      if (field.path.length > MAX_PATH_PARTS) throw invalid(path, `has over ${MAX_PATH_PARTS} parts`);
    }
    return field;
  }

  private text(text: string, path: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_TEXT_BYTES) throw invalid(path, `is longer than ${MAX_TEXT_BYTES} bytes`);
    this.textBytes += bytes;
    if (this.textBytes > MAX_TEXTS_BYTES)
      throw invalid(path, `the query's texts are longer than ${MAX_TEXTS_BYTES} bytes`);
  }
}

type Sub = (value: unknown, place: string) => Operand;

function containsSpec(wire: unknown, path: string, sub: Sub) {
  const spec = members(wire, path);
  refuseOthers(Object.keys(spec), ['input', 'substr', 'case_insensitive'], path);
  for (const name of ['input', 'substr']) if (!(name in spec)) throw malformed(path, `has no "${name}"`);
  const flag = spec.case_insensitive ?? false;
  if (typeof flag !== 'boolean') throw malformed(`${path}.case_insensitive`, 'is neither true nor false');
  return { input: sub(spec.input, '.input'), substr: sub(spec.substr, '.substr'), caseInsensitive: flag };
}

type CompareExpr = Extract<Expr, { op: 'compare' }>;

/** Literals beside an instant become instants here, so that a bad date is the client's error and the store sees a constant. */
function comparison(by: Comparison, left: Operand, right: Operand, path: string): CompareExpr {
  for (const [i, [side, other]] of [
    [left, right],
    [right, left],
  ].entries())
    if (typeOf(other!) !== 'null') refuseList(side!, `${path}[${i}]`);
  return {
    op: 'compare',
    by,
    left: typeOf(right) === 'instant' ? instantLiteral(left, `${path}[0]`) : left,
    right: typeOf(left) === 'instant' ? instantLiteral(right, `${path}[1]`) : right,
  };
}

/** UNIX seconds or an ISO 8601 text beside an instant. */
function instantLiteral(operand: Operand, path: string): Operand {
  if (operand.op !== 'literal' || operand.value === null) return operand;
  const us = instantOf(operand.value);
  if (us === undefined) throw invalid(path, 'is neither UNIX seconds nor an ISO 8601 date and time');
  return { op: 'instant', us };
}

const DATE = /^\d{4}-\d\d-\d\d$/;

function instantOf(value: string | number | bigint | boolean): number | undefined {
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'string') {
    const text = value.trim().replace(/ UTC$/i, 'Z');
    const moment = DATE.test(text) ? `${text}T00:00:00` : text;
    return parseInstant(moment) ?? beyondTheCalendar(moment);
  }
  return secondsToUs(Number(value));
}

/** The time of another century, as `2999-01-01T00:00:00Z`, which clients send as "never". */
function beyondTheCalendar(moment: string): number | undefined {
  if (parseInstant(moment.replace(/^\d{4}/, '2000')) === undefined) return undefined;
  const us = secondsToUs(Date.UTC(Math.max(Number(moment.slice(0, 4)), 1000)) / 1000);
  return us === MIN_INSTANT_US || us === MAX_INSTANT_US ? us : undefined;
}

/** Out of our calendar is before or after everything. */
function secondsToUs(seconds: number): number {
  return Math.min(Math.max(Math.round(seconds * 1e6), MIN_INSTANT_US), MAX_INSTANT_US);
}

/** What is no condition holds where it is true. */
function asCondition(operand: Operand, path: string): Expr {
  if (isCondition(operand)) return operand;
  const type = typeOf(operand);
  if (type === 'instant' || type === 'strings') throw invalid(path, 'is no condition');
  return { op: 'compare', by: 'eq', left: operand, right: { op: 'literal', value: true } };
}

function refuseList(operand: Operand, path: string): void {
  if (typeOf(operand) === 'strings') throw invalid(path, 'is a list: use $contains or $size');
}

function members(wire: unknown, path: string): Wire {
  if (typeof wire !== 'object' || wire === null || Array.isArray(wire)) throw malformed(path, 'is no object');
  return wire as Wire;
}

function refuseOthers(names: readonly string[], known: readonly string[], path: string): void {
  const other = names.find((name) => !known.includes(name));
  if (other !== undefined) throw malformed(path, `unknown member ${quoted(other)}`);
}

function listOf(wire: unknown, path: string, length?: number): readonly unknown[] {
  if (!Array.isArray(wire)) throw malformed(path, 'is no list');
  if (length !== undefined && wire.length !== length)
    throw malformed(path, `has ${wire.length} members instead of ${length}`);
  return wire as readonly unknown[];
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/** What is not the shape of a query: W&B's servers answer 422. */
function malformed(path: string, problem: string): AppError {
  return new AppError('unsupported_member', `${path}: ${problem}`);
}

function invalid(path: string, problem: string): AppError {
  return new AppError('invalid_request', `${path}: ${problem}`);
}
