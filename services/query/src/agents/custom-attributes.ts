import { KeyValues, type Value } from '@weft/otlp';
import { KNOWN_AGENT_KEYS } from '@weft/trace-store';
import { plain } from './agent-span.ts';

/** Attributes that no convention knows, by the type of their values. */
export interface CustomAttributes {
  readonly custom_attrs_string: Readonly<Record<string, string>>;
  readonly custom_attrs_int: Readonly<Record<string, number>>;
  readonly custom_attrs_float: Readonly<Record<string, number>>;
  readonly custom_attrs_bool: Readonly<Record<string, boolean>>;
}

/** What the values of each are called. */
export const VALUE_TYPES = {
  custom_attrs_string: 'string',
  custom_attrs_int: 'int',
  custom_attrs_float: 'float',
  custom_attrs_bool: 'bool',
} as const satisfies Record<keyof CustomAttributes, string>;

/** Of one span, as upstream. */
const MAX_ATTRIBUTES = 1024;
const MAX_CHARACTERS = 256 * 1024;

export function customAttributesOf(attributes: KeyValues): CustomAttributes {
  const [strings, ints, floats, bools] = [new Map<string, string>(), new Map<string, number>(), new Map<string, number>(), new Map<string, boolean>()];
  let left = MAX_ATTRIBUTES;
  for (const [key, value] of leavesOf(attributes, '')) {
    if (value === null || value === '') continue;
    if (left-- === 0) break;
    if (typeof value === 'boolean') bools.set(key, value);
    else if (typeof value === 'number') (Number.isInteger(value) ? ints : floats).set(key, value);
    else strings.set(key, cut(typeof value === 'string' ? value : JSON.stringify(value)));
  }
  return {
    custom_attrs_string: toRecord(strings),
    custom_attrs_int: toRecord(ints),
    custom_attrs_float: toRecord(floats),
    custom_attrs_bool: toRecord(bools),
  };
} // prettier-ignore

export const NO_CUSTOM_ATTRIBUTES: CustomAttributes = {
  custom_attrs_string: {},
  custom_attrs_int: {},
  custom_attrs_float: {},
  custom_attrs_bool: {},
};

/** Names of clients become members of an object without a prototype. */
function toRecord<T>(values: ReadonlyMap<string, T>): Record<string, T> {
  const record = Object.create(null) as Record<string, T>;
  for (const [key, value] of values) record[key] = value;
  return record;
}

/** Lists are leaves. Nothing below a known key is an attribute of its own. */
function* leavesOf({ keys, values }: KeyValues, prefix: string): Generator<[string, unknown]> {
  for (const [i, name] of keys.entries()) {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    if (isKnown(key)) continue;
    const value: Value = values[i]!;
    if (value instanceof KeyValues) yield* leavesOf(value, key);
    else yield [key, plain(value)];
  }
}

function isKnown(key: string): boolean {
  for (let end = key.length; end > 0; end = key.lastIndexOf('.', end - 1))
    if (KNOWN_AGENT_KEYS.has(key.slice(0, end))) return true;
  return false;
}

function cut(text: string): string {
  if (text.length <= MAX_CHARACTERS) return text;
  const marker = `...[truncated from ${text.length} chars]`;
  return text.slice(0, MAX_CHARACTERS - marker.length) + marker;
}
