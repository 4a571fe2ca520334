import { createHash } from 'node:crypto';
import { MAX_DISPLAY_NAME, MAX_OP_NAME } from '@weft/model';

const DELIMITERS = /([,;| /?.])/;

/**
 * A span name as the name of an op object: short enough, lower case, without characters that mean something in a ref
 * (`weave:///entity/project/op/<name>:<digest>`). Equal to W&B's for names of letters, digits, `_ . -`, spaces and `/`.
 */
export function opShortName(spanName: string): string {
  const short = spanName.length >= MAX_OP_NAME ? shorten(spanName) : spanName;
  const name = short
    .replace(/[<>]/g, '')
    .replace(/[^\p{L}\p{N}_.-]/gu, '_')
    .toLowerCase();
  return name === '' ? 'unknown' : name;
}

/** Cut where a word ends, closed with four digits of the whole name's hash so that long names stay distinct. */
function shorten(name: string): string {
  const mark = `:${createHash('sha256').update(name).digest('hex').slice(0, 4)}`;
  const room = MAX_OP_NAME - mark.length;
  const parts = name.slice(0, MAX_OP_NAME).split(DELIMITERS);
  let short = parts[0]!;
  if (short.length > room) return short.slice(0, room) + mark;
  for (let i = 2; i < parts.length; i += 2) {
    const next = parts[i - 1]! + parts[i]!;
    if (short.length + next.length >= room) break;
    short += next;
  }
  return short + mark;
}

/** As W&B shows it: 1024 characters or more are cut and closed with `...`. */
export function displayNameOf(text: string): string {
  return text.length >= MAX_DISPLAY_NAME ? `${text.slice(0, MAX_DISPLAY_NAME - 3)}...` : text;
}
