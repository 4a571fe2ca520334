import { BigNumber } from '../../api/request.ts';

/** What a tree shows of JSON values, as `parseJson` gives them. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof BigNumber)
  );
}

/** A list or an object. */
export function isContainer(value: unknown): value is Fields | readonly unknown[] {
  return Array.isArray(value) || isFields(value);
}

export function sizeOf(value: Fields | readonly unknown[]): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** The member of an object or a list itself, never what they inherit. */
export function member(value: unknown, name: string): unknown {
  return isContainer(value) && Object.hasOwn(value, name) ? (value as Fields)[name] : undefined;
}

/** Strings as they are, anything else as indented JSON with every digit. Bounded by the memory of the value, not by its depth: 512 levels are stored at most. */
export function jsonText(value: unknown): string {
  if (typeof value === 'string') return value;
  const digits: string[] = [];
  // Nobody can have written it into the value.
  const nonce = crypto.randomUUID === undefined ? String(Math.random()).slice(2) : crypto.randomUUID();
  const text = JSON.stringify(
    value,
    (_key, each: unknown) => (each instanceof BigNumber ? `${nonce}/${digits.push(each.digits) - 1}` : each),
    2,
  ) as string | undefined;
  if (text === undefined || digits.length === 0) return text ?? '';
  return text.replace(new RegExp(`"${nonce}/(\\d+)"`, 'g'), (_mark, i) => digits[Number(i)]!);
}

/** A scalar as it is read: strings bare. */
export function scalarText(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f]/g; // eslint-disable-line no-control-regex

/** Control characters as the pictures of them: nothing that is there is invisible. */
export function visible(text: string): string {
  return text.replace(CONTROL, (each) => String.fromCharCode(0x2400 + each.charCodeAt(0)));
}

/** The types that have colours of their own. */
export function kindOf(value: unknown): 'string' | 'number' | 'literal' {
  if (typeof value === 'string') return 'string';
  return typeof value === 'number' || value instanceof BigNumber ? 'number' : 'literal';
}
