import { JsonScanner } from '@weft/model';
import type { PathPart } from './expr.ts';
import { numberTokenText, textToNumber, type Num } from './numbers.ts';
import { wellFormed } from './text.ts';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;

export type JsonKind = 'missing' | 'null' | 'bool' | 'number' | 'string' | 'object' | 'array';

/**
 * One value inside JSON bytes, found without parsing what lies around it. Of members with the same name the first is
 * taken, as ClickHouse does. Bytes that are no JSON up to the value hold no value.
 */
export class JsonValue {
  static readonly missing = new JsonValue(undefined, 0);

  readonly kind: JsonKind;
  private readonly scanner: JsonScanner | undefined;
  private readonly start: number;
  private cachedText: string | undefined;

  private constructor(scanner: JsonScanner | undefined, start: number) {
    this.scanner = scanner;
    this.start = start;
    this.kind = scanner === undefined ? 'missing' : kindOf(scanner.buf[start]);
  }

  static at(bytes: Uint8Array, path: readonly PathPart[]): JsonValue {
    const scanner = new JsonScanner(bytes);
    try {
      let pos = scanner.ws(0);
      for (const part of path) {
        pos = step(scanner, pos, part);
        if (pos < 0) return JsonValue.missing;
      }
      // Not looked into yet: a value that is cut off is no value.
      scanner.skip(pos);
      return new JsonValue(scanner, pos);
    } catch {
      return JsonValue.missing;
    }
  }

  /** Present and not null. */
  get isPresent(): boolean {
    return this.kind !== 'missing' && this.kind !== 'null';
  }

  /** Of a string its text, of a number or bool its JSON, of an object or list its compact JSON; missing and null are empty. */
  get text(): string {
    this.cachedText ??= this.readText();
    return this.cachedText;
  }

  /** Its JSON as it was sent; '' where it is missing. */
  get json(): string {
    const { scanner, start } = this;
    return scanner === undefined ? '' : scanner.buf.toString('utf8', start, scanner.skip(start));
  }

  /** The number that it is or that its text is. */
  get num(): Num | null {
    if (this.kind === 'number') return textToNumber(this.text);
    if (this.kind !== 'string') return null;
    // Most texts are no numbers, and long: their first byte says so.
    const first = this.scanner!.buf[this.start + 1]!;
    const mayBe = first === MINUS || first === BACKSLASH || (first >= 0x30 && first <= 0x39);
    return mayBe ? textToNumber(this.text) : null;
  }

  /** Members of an object or list; undefined for anything else. */
  get length(): number | undefined {
    if (this.kind !== 'object' && this.kind !== 'array') return undefined;
    let count = 0;
    if (this.kind === 'object') this.scanner!.members(this.start, () => count++);
    else this.scanner!.elements(this.start, () => count++);
    return count;
  }

  private readText(): string {
    if (!this.isPresent) return '';
    const scanner = this.scanner!;
    if (this.kind === 'string') return stringAt(scanner, this.start);
    const out: string[] = [];
    writeValue(scanner, this.start, out);
    return out.join('');
  }
}

function kindOf(first: number | undefined): JsonKind {
  switch (first) {
    case QUOTE:
      return 'string';
    case OPEN_BRACE:
      return 'object';
    case OPEN_BRACKET:
      return 'array';
    case 0x74:
    case 0x66:
      return 'bool';
    case 0x6e:
      return 'null';
    default:
      return 'number';
  }
}

/** Where the part's value begins, or -1. */
function step(scanner: JsonScanner, pos: number, part: PathPart): number {
  switch (scanner.buf[pos]) {
    case OPEN_BRACE:
      return part.index === undefined ? memberAt(scanner, pos, part.key) : -1;
    case OPEN_BRACKET:
      return part.index === undefined ? -1 : elementAt(scanner, pos, part.index);
    default:
      return -1;
  }
}

function memberAt(scanner: JsonScanner, pos: number, key: string): number {
  const { buf } = scanner;
  pos = scanner.ws(pos + 1);
  if (buf[pos] === CLOSE_BRACE) return -1;
  for (;;) {
    const end = scanner.string(pos);
    const isIt = sameName(scanner, pos, end, key);
    pos = scanner.ws(scanner.ws(end) + 1);
    if (isIt) return pos;
    pos = scanner.ws(scanner.skip(pos));
    if (buf[pos] !== COMMA) return -1;
    pos = scanner.ws(pos + 1);
  }
}

function elementAt(scanner: JsonScanner, pos: number, index: number): number {
  const { buf } = scanner;
  pos = scanner.ws(pos + 1);
  if (buf[pos] === CLOSE_BRACKET) return -1;
  for (let i = 0; i < index; i++) {
    pos = scanner.ws(scanner.skip(pos));
    if (buf[pos] !== COMMA) return -1;
    pos = scanner.ws(pos + 1);
  }
  return pos;
}

function sameName(scanner: JsonScanner, start: number, end: number, key: string): boolean {
  return wellFormed(scanner.stringValue(start, end)) === key;
}

function stringAt(scanner: JsonScanner, start: number): string {
  return wellFormed(scanner.stringValue(start, scanner.string(start)));
}

/** Compact JSON as ClickHouse's JSONExtractRaw writes it. Returns the position after the value. */
function writeValue(scanner: JsonScanner, pos: number, out: string[]): number {
  const { buf } = scanner;
  switch (kindOf(buf[pos])) {
    case 'object': {
      let separator = '{';
      const end = scanner.object(pos, (key, start) => {
        out.push(separator, quoted(wellFormed(key)), ':');
        separator = ',';
        return writeValue(scanner, start, out);
      });
      out.push(separator === '{' ? '{}' : '}');
      return end;
    }
    case 'array': {
      let separator = '[';
      const end = scanner.array(pos, (start) => {
        out.push(separator);
        separator = ',';
        return writeValue(scanner, start, out);
      });
      out.push(separator === '[' ? '[]' : ']');
      return end;
    }
    case 'string': {
      const end = scanner.string(pos);
      out.push(quoted(wellFormed(scanner.stringValue(pos, end))));
      return end;
    }
    case 'number': {
      const end = scanner.skip(pos);
      out.push(numberTokenText(buf.toString('latin1', pos, end)));
      return end;
    }
    default: {
      const end = scanner.skip(pos);
      out.push(buf.toString('latin1', pos, end));
      return end;
    }
  }
}

// eslint-disable-next-line no-control-regex
const ESCAPED = /["\\\u0000-\u001f\u2028\u2029]/g;
const SHORT = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function quoted(text: string): string {
  const body = text.replace(
    ESCAPED,
    (c) => SHORT.get(c) ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  return `"${body}"`;
}
