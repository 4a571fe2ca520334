/** Longest value that is shown whole, in characters. */
export const SHOWN_CHARS = 200_000;

/**
 * JSON text with line breaks and two spaces per level. Only white space is put in: numbers and strings stay as they were
 * sent. What is longer than `SHOWN_CHARS` is cut, and says so.
 */
export function prettyJson(json: Uint8Array): string {
  const bytes = json.length > SHOWN_CHARS ? json.subarray(0, SHOWN_CHARS) : json;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const pretty = indent(text);
  if (bytes.length === json.length) return pretty;
  return `${pretty}\n… ${json.length - bytes.length} more bytes: read them with /call/read or /obj/read`;
}

const TOKEN = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/gs;
const MAX_INDENT = 40;

function indent(text: string): string {
  let out = '';
  let depth = 0;
  let previous = '';
  for (const [token] of text.matchAll(TOKEN)) {
    const closes = token === '}' || token === ']';
    if (closes) depth = Math.max(0, depth - 1);
    const opened = previous === '{' || previous === '[';
    if (closes ? !opened : opened || previous === ',') out += `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`;
    out += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth++;
    previous = token;
  }
  return out;
}
