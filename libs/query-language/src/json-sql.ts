import type { PathPart } from './expr.ts';
import { MAX_NUMBER } from './numbers.ts';
import type { Params } from './params.ts';

/** A JSON text in SQL. */
export interface JsonSource {
  /** A String expression; '' = none. */
  readonly sql: string;
  /**
   * A condition that is true at least for texts that ClickHouse's JSON functions refuse though they are JSON
   * (`isValidJSON` says 0). Given, it saves a second look at texts in which a path was not found; false = none is.
   */
  readonly odd?: string | false;
}

const STRING_TOKENS = '"(?:[^"\\\\]|\\\\.)*"';
const TOKENS = `(?s)${STRING_TOKENS}|-?[0-9][0-9.eE+-]*|[^"0-9-]+|.`;
const SURROGATE = '\\\\u[dD][89a-fA-F]';
const ESCAPES =
  '(?s)\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\u[0-9a-fA-F]{4}|\\\\.|[^\\\\]+';
const LONE = '^\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}$';
const WIDE_INTEGER = '^-?[0-9]{19,}$';

/**
 * ClickHouse refuses a whole text for one lone surrogate, integer beyond 64 bits or number beyond doubles in it. This
 * reads U+FFFD, the nearest double and the largest double there; other texts stay as they are. Dear, and meant for the
 * few rows that need it: ClickHouse runs at once what two conditions have in common, so that every use gets a pattern of
 * its own.
 */
function repaired(json: string, params: Params): string {
  const escapes = `arrayStringConcat(arrayMap(e -> if(match(e, ${params.text(LONE)}), '\\\\ufffd', e), extractAll(t, ${params.text(ESCAPES)})))`;
  const isWide = `match(t, ${params.text(WIDE_INTEGER)}) AND (length(t) > 20 OR ifNull(toInt128OrNull(t), 0) NOT BETWEEN -9223372036854775808 AND 18446744073709551615)`;
  const largest = `if(startsWith(t, '-'), '-${MAX_NUMBER}', '${MAX_NUMBER}')`;
  return `arrayStringConcat(arrayMap(t -> multiIf(
startsWith(t, '"'), if(match(t, ${params.text(SURROGATE)}), ${escapes}, t),
NOT match(t, '^-?[0-9]'), t,
isInfinite(ifNull(toFloat64OrNull(t), 0)), ${largest},
${isWide}, concat(t, '.0'),
t), extractAll(${json}, ${params.text(`${TOKENS}|#${params.count}`)})))`;
}

/** The arguments of a JSON function that lead to the value, and the condition that parts of digits meet lists. */
function steps(
  path: readonly PathPart[],
  params: Params,
): { args: string; isList?: (json: string) => string } {
  let args = '';
  const lists: string[] = [];
  for (const { key, index } of path) {
    if (index !== undefined) lists.push(args);
    args += `, ${index === undefined ? params.text(key) : index + 1}`;
  }
  if (lists.length === 0) return { args };
  return { args, isList: (json) => lists.map((at) => `JSONType(${json}${at}) = 'Array'`).join(' AND ') };
}

/** `read` of the value in `source`: in the text as it is where ClickHouse can read it, else in the repaired one. */
function readSql(
  source: JsonSource,
  path: readonly PathPart[],
  params: Params,
  read: { of: (json: string, args: string) => string; isFound: (sql: string) => string; otherwise: string },
): string {
  const { args, isList } = steps(path, params);
  const value = (json: string) =>
    isList === undefined
      ? read.of(json, args)
      : `if(${isList(json)}, ${read.of(json, args)}, ${read.otherwise})`;
  const { sql, odd } = source;
  if (odd === false) return value(sql);
  if (odd !== undefined) return `if(${odd}, ${value(repaired(sql, params))}, ${value(sql)})`;
  const found = value(sql);
  return `if(${read.isFound(found)} OR isValidJSON(${sql}), ${found}, ${value(repaired(sql, params))})`;
}

/** Text of the value; '' where it is missing or null. */
export function textSql(source: JsonSource, path: readonly PathPart[], params: Params): string {
  return readSql(source, path, params, {
    of: (json, args) => `JSONExtractString(${json}${args})`,
    isFound: (sql) => `${sql} != ''`,
    otherwise: "''",
  });
}

/** Whether there is a value and it is not null. */
export function isPresentSql(source: JsonSource, path: readonly PathPart[], params: Params): string {
  return readSql(source, path, params, {
    of: (json, args) => `(JSONType(${json}${args}) != 'Null')`,
    isFound: (sql) => sql,
    otherwise: '0',
  });
}

/** Members of a list or object, characters of anything else's text. */
export function sizeSql(source: JsonSource, path: readonly PathPart[], params: Params): string {
  const count = readSql(source, path, params, {
    of: (json, args) =>
      `if(JSONType(${json}${args}) IN ('Array', 'Object'), toInt64(JSONLength(${json}${args})), -1)`,
    isFound: (sql) => `${sql} >= 0`,
    otherwise: '-1',
  });
  return `if(${count} >= 0, ${count}, toInt64(lengthUTF8(${textSql(source, path, params)})))`;
}
