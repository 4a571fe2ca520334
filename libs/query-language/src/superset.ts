import type { CompiledQuery } from './compile.ts';
import { comparedAs, type Expr, type JsonField, type Operand } from './expr.ts';
import { NUMERIC } from './numbers.ts';
import { Params } from './params.ts';

/**
 * What the raw text of a JSON column must hold for a row to match: every needle occurs in it as plain bytes, unless the
 * text is written oddly (`isWrittenOddly`): then it may match without. Checking it never loses a row; the condition
 * itself has to be checked as well.
 */
export type TextFilter =
  | {
      readonly kind: 'text';
      readonly field: JsonField;
      /** `field.column`. */
      readonly column: string;
      /** Printable ASCII without `" \ / < > & ' + = \``; at least one, longest first. All occur. */
      readonly needles: readonly string[];
      /** ASCII letters in either case. */
      readonly caseInsensitive: boolean;
    }
  | { readonly kind: 'all' | 'any'; readonly of: readonly TextFilter[] };

/**
 * Characters that JSON writers may escape: json.dumps and JSON.stringify escape `"` and `\`, some `/`; Go, .NET and
 * Gson also those that are special in HTML. Beyond ASCII everybody does as they like.
 */
const SPECIAL = /[^ -~]|["\\/<>&'`+=]/;
/** Shorter ones occur nearly everywhere. */
const MIN_NEEDLE = 2;
const MAX_NEEDLES = 8;

const IS_NUMERIC = new RegExp(NUMERIC);

/** Undefined = nothing is known: all rows have to be looked at. */
export function supersetOf(expr: Expr): TextFilter | undefined {
  switch (expr.op) {
    case 'and':
      return join(
        'all',
        expr.inputs.map(supersetOf).filter((each) => each !== undefined),
      );
    case 'or':
      return anyOf(expr.inputs.map(supersetOf));
    case 'compare':
      if (expr.by !== 'eq' || comparedAs(expr.left, expr.right) !== 'texts') return undefined;
      return equals(expr.left, expr.right) ?? equals(expr.right, expr.left);
    case 'in':
      return anyOf(expr.members.map((member) => equals(expr.input, member)));
    case 'contains':
      return contains(expr);
    case 'containsToken': {
      const runs = expr.tokens.flatMap((token) => runsWithin(token));
      return textFilter(expr.input, runs, expr.caseInsensitive);
    }
    case 'not':
      return undefined;
  }
}

function join(kind: 'all' | 'any', of: readonly TextFilter[]): TextFilter | undefined {
  return of.length > 1 ? { kind, of } : of[0];
}

/** Something has to be known of every branch. */
function anyOf(branches: readonly (TextFilter | undefined)[]): TextFilter | undefined {
  const known = branches.filter((each) => each !== undefined);
  return known.length === branches.length ? join('any', known) : undefined;
}

function equals(field: Operand, literal: Operand): TextFilter | undefined {
  if (literal.op !== 'literal' || typeof literal.value !== 'string') return undefined;
  const text = literal.value;
  // Only a string has such a text, and it is all of it.
  const isString = !IS_NUMERIC.test(text) && !/^[[{]/.test(text);
  return textFilter(field, isString ? plainRuns(text) : runsWithin(text), false);
}

function contains(expr: Extract<Expr, { op: 'contains' }>): TextFilter | undefined {
  const { input, substr, caseInsensitive } = expr;
  if (substr.op !== 'literal' || typeof substr.value !== 'string') return undefined;
  return textFilter(input, runsWithin(substr.value), caseInsensitive);
}

function textFilter(
  operand: Operand,
  runs: readonly string[],
  caseInsensitive: boolean,
): TextFilter | undefined {
  const field = textField(operand);
  const needles = [...new Set(runs)]
    .filter((run) => run.length >= MIN_NEEDLE)
    .sort((a, b) => b.length - a.length)
    .slice(0, MAX_NEEDLES);
  if (field === undefined || needles.length === 0) return undefined;
  return { kind: 'text', field, column: field.column, needles, caseInsensitive };
}

/** The field whose text the operand is. */
function textField(operand: Operand): JsonField | undefined {
  if (operand.op === 'convert' && operand.to === 'string') return textField(operand.input);
  if (operand.op !== 'field' || operand.field.kind !== 'json' || operand.field.many === true)
    return undefined;
  return operand.field;
}

function plainRuns(text: string): string[] {
  return text.split(SPECIAL);
}

/**
 * Runs of a part of some value's text, which may be the JSON of an object or a number, written differently in the raw
 * text (blanks between tokens, `1e2` for 100). Blanks and letters other than those of true, false, null and exponents
 * only stand in strings, and so does the whole run then; elsewhere what stands between punctuation is whole unless it
 * may be part of a number.
 */
function runsWithin(text: string): string[] {
  return plainRuns(text).flatMap((run) => {
    if (/[^0-9+\-.eE{}[\]:,truefalsn]/.test(run)) return [run];
    return run.split(/[{}[\]:,]/).filter((piece) => !/^[0-9+\-.eE]*$/.test(piece));
  });
}

const ODD = oddEscapes();
const IS_ODD = new RegExp(ODD);

/**
 * Escapes of characters that are in needles; those of control characters and raw U+2028, U+2029, which the compact JSON
 * of objects and lists may spell otherwise. RE2 and, over bytes as Latin-1, JavaScript.
 */
function oddEscapes(): string {
  const digits = new Map<string, string>();
  for (let code = 0x20; code < 0x7f; code++) {
    if (SPECIAL.test(String.fromCharCode(code))) continue;
    const [high, low] = code.toString(16) as unknown as [string, string];
    const both = low < 'a' ? low : low + low.toUpperCase();
    digits.set(high, (digits.get(high) ?? '') + both);
  }
  const printable = [...digits].map(([high, low]) => `${high}[${low}]`);
  return `\\\\u00(?:[01]|${printable.join('|')})`;
}

/** A regular expression (RE2) that matches raw JSON texts for which needles say nothing: one flag per row makes it cheap. */
export const WRITTEN_ODDLY = `${ODD}|\\x{2028}|\\x{2029}`;

function writtenOddlySql(text: string, params: Params): string {
  const hints = params.bind(['\\u00', '\u2028', '\u2029'], 'Array(String)');
  // The search for the hints is many times faster than the expression.
  return `(multiSearchAny(${text}, ${hints}) AND match(${text}, ${params.text(WRITTEN_ODDLY)}))`;
}

/** Whether letters, digits, … are escaped in it though nobody has to (`\u0041`), or control characters by their number. */
export function isWrittenOddly(json: Uint8Array): boolean {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  for (let at = bytes.indexOf('\\u00'); at >= 0; at = bytes.indexOf('\\u00', at + 4))
    if (IS_ODD.test(bytes.toString('latin1', at, at + 6))) return true;
  return bytes.includes('\u2028') || bytes.includes('\u2029');
}

/** Whether a row may match, from the raw texts of its columns. */
export function mayMatch(filter: TextFilter, textOf: (field: JsonField) => Uint8Array | null): boolean {
  if (filter.kind !== 'text') {
    const may = (each: TextFilter) => mayMatch(each, textOf);
    return filter.kind === 'all' ? filter.of.every(may) : filter.of.some(may);
  }
  const json = textOf(filter.field) ?? new Uint8Array();
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('latin1');
  const fold = (s: string) => (filter.caseInsensitive ? s.replace(/[A-Z]/g, (c) => c.toLowerCase()) : s);
  const folded = fold(text);
  return filter.needles.every((needle) => folded.includes(fold(needle))) || isWrittenOddly(json);
}

/**
 * The filter as a condition for WHERE, to stand before the compiled one.
 * @param text SQL of the raw text that a field's `column` names.
 * @param odd SQL that is true for a text that is written oddly; by default it is looked for in the text.
 */
export function compileTextFilter(
  filter: TextFilter,
  text: (field: JsonField) => string,
  options: { readonly prefix?: string; readonly odd?: (field: JsonField) => string } = {},
): CompiledQuery {
  const params = new Params(options.prefix ?? 'f');
  const odd = options.odd ?? ((field) => writtenOddlySql(text(field), params));
  const condition = (each: TextFilter): string => {
    if (each.kind !== 'text')
      return `(${each.of.map(condition).join(each.kind === 'all' ? ' AND ' : ' OR ')})`;
    const position = each.caseInsensitive ? 'positionCaseInsensitive' : 'position';
    const found = each.needles.map(
      (needle) => `${position}(${text(each.field)}, ${params.text(needle)}) > 0`,
    );
    return `((${found.join(' AND ')}) OR ${odd(each.field)})`;
  };
  return { sql: condition(filter), params: params.bound };
}
