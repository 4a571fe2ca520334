import { JsonScanner } from '@weft/model';

/** First and last words of a conversation, for lists. */

const MAX_CHARACTERS = 280;

export function previewText(text: string): string {
  const trimmed = text.trim();
  const characters = [...trimmed.slice(0, 2 * MAX_CHARACTERS + 2)];
  if (characters.length <= MAX_CHARACTERS) return trimmed;
  return `${characters.slice(0, MAX_CHARACTERS).join('').trimEnd()}…`;
}

/** Titles are prose: JSON at the beginning goes, further on it is told as `[JSON]`. */
export function withoutJson(text: string): string {
  const parts: string[] = [];
  let isLeading = true;
  for (let at = 0; at < text.length && at < MAX_LOOKED_AT;) {
    const end = /[[{]/.test(text[at]!) ? jsonEnd(text, at) : undefined;
    if (end === undefined) {
      if (isLeading && text[at]!.trim() !== '') isLeading = false;
      parts.push(text[at++]!);
    } else {
      if (!isLeading) parts.push('[JSON]');
      at = end;
    }
  }
  return parts.join('').trim();
}

/** What comes later is not shown. */
const MAX_LOOKED_AT = 4 * 1024;

function jsonEnd(text: string, from: number): number | undefined {
  const bytes = Buffer.from(text.slice(from, from + MAX_LOOKED_AT));
  try {
    const end = new JsonScanner(bytes).skip(0);
    return from + bytes.toString('utf8', 0, end).length;
  } catch {
    return undefined;
  }
}
