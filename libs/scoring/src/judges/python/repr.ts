/** Values as Python writes them: what a template of the Weave SDK shows of a dict. */

/** `str(value)`. */
export function pyStr(value: unknown): string {
  return typeof value === 'string' ? value : pyRepr(value);
}

/** `repr(value)` of what a JSON text holds. JSON.parse does not tell 1.0 from 1: both are 1. */
export function pyRepr(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return pyNumber(value);
    case 'boolean':
      return value ? 'True' : 'False';
    default:
      break;
  }
  if (Array.isArray(value)) return `[${value.map(pyRepr).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return 'None';
  const members = Object.entries(value).map(([key, member]) => `${quoted(key)}: ${pyRepr(member)}`);
  return `{${members.join(', ')}}`;
}

/** Python turns to exponents below 1e-4 and from 1e16 on, and writes two digits of them. Integers stay what they are. */
export function pyNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return twoDigits(value.toExponential());
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** `1e-7` → `1e-07`. */
export function twoDigits(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  // eslint-disable-next-line no-control-regex
  const escaped = text.replace(/[\\\n\r\t\x00-\x1f\x7f-\xa0\xad]/g, (char) => ESCAPES.get(char) ?? hex(char));
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function hex(char: string): string {
  return `\\x${char.codePointAt(0)!.toString(16).padStart(2, '0')}`;
}

/** `ascii(value)`. */
export function pyAscii(value: unknown): string {
  return pyRepr(value).replace(/[\x80-\u{10ffff}]/gu, (char) => {
    const code = char.codePointAt(0)!;
    if (code < 0x100) return hex(char);
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  }); // prettier-ignore
}
