import { JsonScanner, JsonSyntaxError } from '@weft/model';
import { KeyValues, type Value } from './span.ts';

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const KEEP_BYTES = 1 << 20;

/** How a text was written: as the JSON it is, the same without its line breaks, or as a JSON string. */
export type Written = 'spliced' | 'reflowed' | 'string';

/** JSON written straight into bytes. One writer serves many documents: `mark`, write, `cut`. */
export class JsonWriter {
  private buf = Buffer.allocUnsafeSlow(1 << 14);
  private len = 0;

  reset(): void {
    this.len = 0;
    if (this.buf.length > KEEP_BYTES) this.buf = Buffer.allocUnsafeSlow(1 << 14);
  }

  mark(): number {
    return this.len;
  }

  /** A view of what was written since `mark`, good until the next write. */
  since(mark: number): Buffer {
    return this.buf.subarray(mark, this.len);
  }

  rewind(mark: number): void {
    this.len = mark;
  }

  /** A copy of everything, in memory of its own. */
  copy(): Buffer {
    const out = Buffer.allocUnsafeSlow(this.len);
    this.buf.copy(out, 0, 0, this.len);
    return out;
  }

  /** ASCII text as it is. */
  raw(text: string): void {
    this.reserve(text.length);
    const { buf } = this;
    let { len } = this;
    for (let i = 0; i < text.length; i++) buf[len++] = text.charCodeAt(i);
    this.len = len;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buf.set(bytes, this.len);
    this.len += bytes.length;
  }

  /** Bytes that are JSON already; line breaks become spaces. */
  json(bytes: Uint8Array): void {
    const mark = this.len;
    this.bytes(bytes);
    flatten(this.since(mark));
  }

  /** A comma, unless this is the first in its object or array. */
  next(): void {
    const last = this.buf[this.len - 1];
    if (last === OPEN_BRACE || last === OPEN_BRACKET) return;
    this.reserve(1);
    this.buf[this.len++] = COMMA;
  }

  /** `,"key":` with the comma only where one belongs. */
  member(key: string): void {
    this.next();
    this.string(key);
    this.raw(':');
  }

  string(text: string): void {
    if (text.length > 48 || !this.shortString(text)) {
      const json = JSON.stringify(text);
      this.text(json);
    }
  }

  /**
   * The text itself where it is a JSON object or array (with `scalars`: or a JSON string), so that its numbers survive;
   * else the text as a JSON string. Line breaks between tokens become spaces: payloads travel in JSON lines.
   */
  jsonOrString(text: string, scalars = false): Written {
    const first = text.charCodeAt(0);
    if (first === OPEN_BRACE || first === OPEN_BRACKET || (scalars && first === QUOTE)) {
      const mark = this.len;
      this.text(text);
      const written = this.since(mark);
      if (isJson(written)) return flatten(written) ? 'reflowed' : 'spliced';
      this.len = mark;
    }
    this.string(text);
    return 'string';
  }

  /** Text that is JSON already. */
  text(json: string): void {
    this.reserve(json.length * 3);
    this.len += this.buf.write(json, this.len);
  }

  number(value: number | bigint): void {
    if (typeof value === 'bigint' || Number.isFinite(value))
      this.raw(Object.is(value, -0) ? '-0' : String(value));
    else this.raw(Number.isNaN(value) ? '"nan"' : value > 0 ? '"inf"' : '"-inf"');
  }

  /** The shape W&B gives attribute values: bytes as base64, NaN and infinities as strings, lists of pairs as objects. */
  value(value: Value): void {
    if (typeof value === 'string') this.string(value);
    else if (typeof value === 'number' || typeof value === 'bigint') this.number(value);
    else if (value === null || typeof value === 'boolean') this.raw(String(value));
    else if (value instanceof Uint8Array) this.string(Buffer.from(value).toString('base64'));
    else if (value instanceof KeyValues) {
      this.raw('{');
      // Last wins; the order is that of the first.
      const last = new Map<string, Value>();
      value.keys.forEach((key, i) => last.set(key, value.values[i]!));
      for (const [key, item] of last) {
        this.member(key);
        this.value(item);
      }
      this.raw('}');
    } else {
      this.raw('[');
      for (const item of value) {
        this.next();
        this.value(item);
      }
      this.raw(']');
    }
  }

  /** Plain ASCII without escapes, which nearly all keys are; false if it is not. */
  private shortString(text: string): boolean {
    this.reserve(text.length + 2);
    const { buf } = this;
    let pos = this.len;
    buf[pos++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x20 || c > 0x7e || c === QUOTE || c === BACKSLASH) return false;
      buf[pos++] = c;
    }
    buf[pos++] = QUOTE;
    this.len = pos;
    return true;
  }

  private reserve(bytes: number): void {
    if (this.len + bytes <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, this.len + bytes));
    this.buf.copy(grown, 0, 0, this.len);
    this.buf = grown;
  }
}

/** True if the bytes are exactly one JSON value (white space after it allowed). */
export function isJson(bytes: Uint8Array): boolean {
  try {
    const scanner = new JsonScanner(bytes);
    return scanner.ws(scanner.skip(0)) === bytes.length;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

/** In valid JSON a raw line break can only stand between tokens. */
function flatten(json: Buffer): boolean {
  let found = false;
  for (const lineBreak of [0x0a, 0x0d]) {
    for (let at = json.indexOf(lineBreak); at >= 0; at = json.indexOf(lineBreak, at + 1)) {
      json[at] = 0x20;
      found = true;
    }
  }
  return found;
}
