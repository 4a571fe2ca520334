import type { PathPart } from './expr.ts';

export const MAX_PATH_PARTS = 64;
/** Longer runs of digits, and those that begin with a zero, are no list index. */
const INDEX = /^(0|[1-9]\d{0,8})$/;

/**
 * `a.b\.c.0` → `a`, `b.c`, `0`: dots part, `\.` is a dot of a name; a backslash before anything else is itself. A part of
 * digits is the element of a list (from 0), as in W&B's JSON paths, and never the member of an object.
 */
export function parseFieldPath(text: string): PathPart[] {
  return splitFieldPath(text).map(toPathPart);
}

export function splitFieldPath(text: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '.') parts.push('');
    else if (c === '\\' && text[i + 1] === '.') {
      parts[parts.length - 1] += '.';
      i++;
    } else parts[parts.length - 1] += c;
  }
  return parts;
}

export function toPathPart(key: string): PathPart {
  return INDEX.test(key) ? { key, index: Number(key) } : { key };
}
