/** JSON values of strangers: looked at by fixed names only, never built by theirs. */

export type Fields = Readonly<Record<string, unknown>>;

/** Values nest at most this deep in a chat; what is below is named, not kept. */
export const MAX_DEPTH = 64;
const TOO_DEEP = `… (deeper than ${MAX_DEPTH} levels)`;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first of these members that is there and not null. */
export function member(of: Fields, ...names: readonly string[]): unknown {
  for (const name of names) {
    if (!Object.hasOwn(of, name)) continue;
    const value = of[name];
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

export function has(of: Fields, ...names: readonly string[]): boolean {
  return member(of, ...names) !== undefined;
}

/** The first of these members that is a text. */
export function text(of: Fields, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = member(of, name);
    if (typeof value === 'string') return value;
  }
  return undefined;
}

/** As `text`, without empty ones. */
export function filled(of: Fields, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = member(of, name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

export function list(of: Fields, ...names: readonly string[]): readonly unknown[] | undefined {
  for (const name of names) {
    const value = member(of, name);
    if (Array.isArray(value)) return value as readonly unknown[];
  }
  return undefined;
}

export function fields(of: Fields, ...names: readonly string[]): Fields | undefined {
  for (const name of names) {
    const value = member(of, name);
    if (isFields(value)) return value;
  }
  return undefined;
}

const decoder = new TextDecoder();

/** Bytes are JSON; of anything else it is the value. Undefined if there is nothing, or no JSON. */
export function valueOf(stored: unknown): unknown {
  if (!(stored instanceof Uint8Array)) return stored ?? undefined;
  if (stored.length === 0) return undefined;
  return parse(decoder.decode(stored)) ?? undefined;
}

/** Objects and lists out of text; undefined for anything else, so that "42" and "true" stay what somebody said. */
export function parsed(json: string): Fields | readonly unknown[] | undefined {
  if (!/^\s*[[{]/.test(json)) return undefined;
  const value = parse(json);
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

/** What stands in a text, if that is an object or a list; else the value itself. */
export function unquoted(value: unknown): unknown {
  return typeof value === 'string' ? (parsed(value) ?? value) : value;
}

const LONG_NUMBER = /\d{16}/;
/** Whole tokens, those that break off included: nothing is scanned twice. */
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|-?\d[\d.eE+-]*/gs;
const LONG_INTEGER = /^-?\d{16,}$/;

/** Integers that doubles cannot hold become texts of their digits. */
function parse(json: string): unknown {
  try {
    return JSON.parse(LONG_NUMBER.test(json) ? withTextDigits(json) : json);
  } catch {
    return undefined;
  }
}

function withTextDigits(json: string): string {
  return json.replace(STRING_OR_NUMBER, (token) =>
    LONG_INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
}

/** The value, cut where it nests too deep: readers of a chat recurse. */
export function bounded(value: unknown, depth = MAX_DEPTH): unknown {
  return isDeeper(value, depth) ? cut(value, depth) : value;
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  const items = Array.isArray(value) ? (value as unknown[]) : Object.values(value);
  return items.some((item) => isDeeper(item, depth - 1));
}

function cut(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item) => cut(item, depth - 1));
  // fromEntries defines members: `__proto__` becomes one like any other.
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cut(item, depth - 1)]));
}
