import { createContext, Script } from 'node:vm';
import { format, Validator, type Schema } from '@cfworker/json-schema';
import { ScoreError } from '../scorer.ts';
import { compilePattern, isFound } from './regex.ts';

/** JSON schemas of strangers, held against values of strangers: bounded in size and time, patterns in RE2 (regex.ts). */

/** Formats are notes for people, also in annotations. */
for (const name of Object.keys(format)) delete format[name];

const MAX_SCHEMA_BYTES = 256 * 1024;
const MAX_DEPTH = 100;
const MAX_PATTERNS = 200;
/** For what neither sizes nor RE2 bound: `anyOf` within `anyOf`, `uniqueItems` of long lists. */
const MAX_CHECK_MS = 200;
const MAX_ERRORS = 5;

type Members = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => string[];

/**
 * @returns what is wrong with a value, `#/answer: String is too short.`; empty = it fits. Throws ScoreError `unscorable` where
 * that takes too long, or the schema turns out to mean nothing (references to nothing).
 * @throws ScoreError `unscorable` for a schema that cannot be used.
 */
export function compileSchema(schema: Members, what: string): Check {
  if (JSON.stringify(schema).length > MAX_SCHEMA_BYTES)
    throw new ScoreError('unscorable', `${what}: the schema is larger than ${MAX_SCHEMA_BYTES} bytes`);
  const patterns: ((text: string) => boolean)[] = [];
  const safe = rewrite(schema, patterns, what, 0) as Schema;
  return (value) => {
    try {
      return withPatterns(patterns, () => errorsOf(safe, value));
    } catch (cause) {
      if (cause instanceof ScoreError) throw cause;
      throw new ScoreError('unscorable', `${what}: ${reason(cause)}`, { cause });
    }
  };
}

function errorsOf(schema: Schema, value: unknown): string[] {
  const { valid, errors } = withinTime(() => new Validator(schema, '2020-12', false).validate(value));
  if (valid) return [];
  // Those of the leaves say most; a member that is not allowed is told twice.
  const told = errors.filter(({ keyword }) => !SUMMARIES.has(keyword));
  const lines = (told.length === 0 ? errors : told).map((each) => `${each.instanceLocation}: ${each.error}`);
  return [...new Set(lines)].slice(0, MAX_ERRORS).map((line) => line.slice(0, 300));
}

const SUMMARIES: ReadonlySet<string> = new Set(['properties', 'items', 'prefixItems', 'allOf', 'anyOf', 'oneOf', '$ref', 'then', 'else', 'additionalProperties']); // prettier-ignore

const ONE: ReadonlySet<string> = new Set(['additionalItems', 'unevaluatedItems', 'items', 'contains', 'additionalProperties', 'unevaluatedProperties', 'propertyNames', 'not', 'if', 'then', 'else']); // prettier-ignore
const SEVERAL: ReadonlySet<string> = new Set(['prefixItems', 'items', 'allOf', 'anyOf', 'oneOf']);
const NAMED: ReadonlySet<string> = new Set(['$defs', 'definitions', 'properties', 'dependentSchemas']);
const PLAIN: ReadonlySet<string> = new Set(['$id', '$ref', '$schema', '$anchor', '$dynamicRef', '$dynamicAnchor', 'enum', 'const', 'required', 'type', 'maximum', 'minimum', 'exclusiveMaximum', 'exclusiveMinimum', 'multipleOf', 'maxLength', 'minLength', 'maxItems', 'minItems', 'uniqueItems', 'maxProperties', 'minProperties', 'minContains', 'maxContains', 'dependentRequired']); // prettier-ignore

/** The keywords that are known, and in place of each `pattern` a format. */
function rewrite(
  schema: unknown,
  patterns: ((text: string) => boolean)[],
  what: string,
  depth: number,
): unknown {
  if (depth > MAX_DEPTH)
    throw new ScoreError('unscorable', `${what}: the schema is nested deeper than ${MAX_DEPTH}`);
  if (!isMembers(schema)) return schema;
  const again = (each: unknown) => rewrite(each, patterns, what, depth + 1);
  const safe: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'patternProperties')
      throw new ScoreError('unscorable', `${what}: schemas with patternProperties are not checked`);
    if (keyword === 'pattern' && typeof value === 'string') safe.format = formatOf(value, patterns, what);
    else if (PLAIN.has(keyword)) safe[keyword] = value;
    else if (SEVERAL.has(keyword) && Array.isArray(value)) safe[keyword] = value.map(again);
    else if (ONE.has(keyword)) safe[keyword] = again(value);
    else if (NAMED.has(keyword) && isMembers(value))
      safe[keyword] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, again(each)]));
  }
  return safe;
}

const formatName = (i: number) => `pattern ${i}`;

function formatOf(pattern: string, patterns: ((text: string) => boolean)[], what: string): string {
  if (patterns.length >= MAX_PATTERNS)
    throw new ScoreError('unscorable', `${what}: the schema has more than ${MAX_PATTERNS} patterns`);
  const compiled = compilePattern(pattern, true, what);
  patterns.push((text) => isFound(compiled, text));
  return formatName(patterns.length - 1);
}

/** Formats are known to all schemas: these for as long as `work` runs, which nothing interrupts. */
function withPatterns<T>(patterns: readonly ((text: string) => boolean)[], work: () => T): T {
  patterns.forEach((isMatch, i) => (format[formatName(i)] = isMatch));
  try {
    return work();
  } finally {
    patterns.forEach((_, i) => delete format[formatName(i)]);
  }
}

const sandbox = createContext({});
const CHECK = new Script('check()');

/** Only the engine itself can stop what takes too long. */
function withinTime<T>(work: () => T): T {
  let result: T | undefined;
  sandbox.check = () => {
    result = work();
  };
  CHECK.runInContext(sandbox, { timeout: MAX_CHECK_MS });
  return result as T;
}

function reason(cause: unknown): string {
  if ((cause as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
    return 'checking the output against the schema takes too long';
  return `the schema cannot be used: ${(cause as Error).message.slice(0, 200)}`;
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
