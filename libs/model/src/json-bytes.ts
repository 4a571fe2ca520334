import { asBuffer, JsonMembers } from './json-members.ts';
import { JsonScanner } from './json-scan.ts';

/** JSON values of clients as bytes, taken apart without being parsed: a member that is not of the wanted type is not there. */

const NULL = Buffer.from('null');

/** Members of a value that is an object, else undefined. */
export function membersOf(json: Uint8Array | null): JsonMembers | undefined {
  if (json === null || json[0] !== 0x7b) return undefined;
  return JsonMembers.parse(json);
}

/** The value at a path of names; null where it is missing or null. */
export function valueAt(json: Uint8Array | null, ...path: readonly string[]): Uint8Array | null {
  let value: Uint8Array | null = json;
  for (const name of path) value = membersOf(value)?.optional(name) ?? null;
  return value;
}

/** The value at a path of a query (`scores.a.0`); null where it is missing or null. */
export function valueAtPath(
  json: Uint8Array | null,
  path: readonly { readonly key: string; readonly index?: number }[],
): Uint8Array | null {
  let value: Uint8Array | null = json;
  for (const { key, index } of path)
    value =
      value?.[0] === 0x5b
        ? index === undefined
          ? null
          : elementAt(value, index)
        : (membersOf(value)?.optional(key) ?? null);
  return value?.[0] === 0x6e ? null : value;
}

function elementAt(list: Uint8Array, index: number): Uint8Array | null {
  let found: Uint8Array | null = null;
  let at = 0;
  new JsonScanner(list).elements(0, (start, end) => {
    if (at++ === index) found = list.subarray(start, end);
  });
  return found;
}

/** The text at a path; undefined for anything else. */
export function textAt(json: Uint8Array | null, ...path: readonly string[]): string | undefined {
  const value = valueAt(json, ...path);
  return value?.[0] === 0x22 ? textOf(value) : undefined;
}

/** Of the bytes of a JSON string. */
export function textOf(json: Uint8Array): string {
  return new JsonScanner(json).stringValue(0, json.length);
}

/** The number at a path; undefined for anything else. */
export function numberAt(json: Uint8Array | null, ...path: readonly string[]): number | undefined {
  const value = valueAt(json, ...path);
  return value !== null && isNumber(value) ? Number(asBuffer(value).toString('latin1')) : undefined;
}

export function isNumber(json: Uint8Array): boolean {
  const first = json[0]!;
  return first === 0x2d || (first >= 0x30 && first <= 0x39);
}

/** Names and values of an object in order; of equal names the last value. Nothing for anything else. */
export function entriesOf(json: Uint8Array | null): Map<string, Uint8Array> {
  const entries = new Map<string, Uint8Array>();
  if (json?.[0] !== 0x7b) return entries;
  new JsonScanner(json).members(0, (name, start, end) => entries.set(name, json.subarray(start, end)));
  return entries;
}

/** A JSON object out of values that are JSON already (bytes) or become it (anything else); undefined is left out. */
export function jsonObject(members: Readonly<Record<string, unknown>>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined) continue;
    parts.push(Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(name)}:`), toJson(value));
  }
  if (parts.length === 0) return Buffer.from('{}');
  return Buffer.concat([...parts, Buffer.from('}')]);
}

function toJson(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value.length === 0 ? NULL : value;
  return Buffer.from(JSON.stringify(value));
}
