import { z } from 'zod';
import { localKind } from './local-scorer.ts';

/**
 * W&B: `weave.scorers.ValidJSONScorer()`. Says `{"json_valid": true}` where the output is a text that is JSON as Python's
 * `json.loads` reads it (NaN and Infinity are numbers). Outputs that are no text but values are JSON.
 */
export const validJson = localKind({
  classNames: ['ValidJSONScorer'],
  config: z.looseObject({}),
  prepare: () => (subject) => ({ output: { json_valid: isPythonJson(subject.outputJson()) } }),
});

function isPythonJson(text: string): boolean {
  return isJson(text) || (/NaN|Infinity/.test(text) && isJson(withPlainNumbers(text)));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** `NaN`, `Infinity` and `-Infinity` outside strings become 0. */
function withPlainNumbers(text: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const found = text.indexOf('"', at);
    const quote = found < 0 ? text.length : found;
    const after = closing(text, quote);
    parts.push(text.slice(at, quote).replace(/-?Infinity|NaN/g, '0'), text.slice(quote, after));
    at = after;
  }
  return parts.join('');
}

/** Behind the string that begins at `quote`. */
function closing(text: string, quote: number): number {
  for (let i = quote + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}
