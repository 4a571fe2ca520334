import { asBuffer } from './json-members.ts';
import { JsonScanner } from './json-scan.ts';

/**
 * The text CPython's `json.dumps(json.loads(text), sort_keys=True)` would make: what W&B's digests are taken over. Made
 * from the bytes, because a JavaScript value no longer knows `1.0` from `1`, nor big integers.
 *
 * @param json valid JSON, at most MAX_JSON_DEPTH deep. @throws JsonSyntaxError
 * @param mapString applied to string values (not to member names) that start with `weave`.
 */
export function canonicalJson(json: Uint8Array, mapString?: (text: string) => string): string {
  const scanner = new JsonScanner(json);
  const start = scanner.ws(0);
  scanner.finish(scanner.skip(start));
  return new CanonicalWriter(asBuffer(json), scanner, mapString).value(start);
}

const PREFIX = [0x77, 0x65, 0x61, 0x76, 0x65]; // weave

/** Walks text that was checked; `pos` is after the value just written. */
class CanonicalWriter {
  private readonly buf: Buffer;
  private readonly scanner: JsonScanner;
  private readonly mapString: ((text: string) => string) | undefined;
  private pos = 0;

  constructor(buf: Buffer, scanner: JsonScanner, mapString: ((text: string) => string) | undefined) {
    this.buf = buf;
    this.scanner = scanner;
    this.mapString = mapString;
  }

  value(start: number): string {
    this.pos = start;
    switch (this.buf[start]) {
      case 0x7b:
        return this.object();
      case 0x5b:
        return this.array();
      case 0x22:
        return this.string();
      case 0x74:
        this.pos += 4;
        return 'true';
      case 0x66:
        this.pos += 5;
        return 'false';
      case 0x6e:
        this.pos += 4;
        return 'null';
      default:
        return this.number();
    }
  }

  private object(): string {
    const { buf, scanner } = this;
    const members = new Map<string, string>();
    let at = scanner.ws(this.pos + 1);
    while (buf[at] !== 0x7d) {
      const end = scanner.string(at);
      const name = scanner.stringValue(at, end);
      const value = this.value(scanner.ws(scanner.ws(end) + 1));
      members.set(name, value);
      at = scanner.ws(this.pos);
      if (buf[at] === 0x2c) at = scanner.ws(at + 1);
    }
    this.pos = at + 1;
    return joinSorted(members);
  }

  private array(): string {
    const { buf, scanner } = this;
    const elements: string[] = [];
    let at = scanner.ws(this.pos + 1);
    while (buf[at] !== 0x5d) {
      elements.push(this.value(at));
      at = scanner.ws(this.pos);
      if (buf[at] === 0x2c) at = scanner.ws(at + 1);
    }
    this.pos = at + 1;
    return `[${elements.join(', ')}]`;
  }

  private string(): string {
    const { buf, scanner, pos: start } = this;
    const end = scanner.string(start);
    this.pos = end;
    let plain = true;
    for (let i = start + 1; i < end - 1 && plain; i++) {
      const c = buf[i]!;
      plain = c < 0x7f && c !== 0x5c;
    }
    if (!plain) return quote(this.mapped(scanner.stringValue(start, end)));
    if (this.mapString === undefined || !PREFIX.every((c, i) => buf[start + 1 + i] === c))
      return buf.toString('latin1', start, end);
    return quote(this.mapped(buf.toString('latin1', start + 1, end - 1)));
  }

  private mapped(text: string): string {
    return this.mapString !== undefined && text.startsWith('weave') ? this.mapString(text) : text;
  }

  private number(): string {
    const end = this.scanner.skip(this.pos);
    const text = this.buf.toString('latin1', this.pos, end);
    this.pos = end;
    if (/[.eE]/.test(text)) return floatRepr(Number(text));
    return text === '-0' ? '0' : text;
  }
}

function joinSorted(members: ReadonlyMap<string, string>): string {
  const names = [...members.keys()];
  names.sort(names.some((name) => SURROGATE.test(name)) ? byCodePoint : byUnit);
  return `{${names.map((name) => `${quote(name)}: ${members.get(name)!}`).join(', ')}}`;
}

const SURROGATE = /[\ud800-\udfff]/;

function byUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byCodePoint(a: string, b: string): number {
  const left = Array.from(a, (c) => c.codePointAt(0)!);
  const right = Array.from(b, (c) => c.codePointAt(0)!);
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\b', '\\b'],
  ['\f', '\\f'],
]);

/** `ensure_ascii`: everything outside 0x20–0x7e is escaped, per UTF-16 unit. */
function quote(text: string): string {
  return `"${text.replace(/[^ !#-[\]-~]/g, (c) => SHORT.get(c) ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

/** CPython's `repr(float)`: the shortest digits that round-trip, exponent form below 1e-4 and from 1e16. */
function floatRepr(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (value === 0) return `${sign}0.0`;
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const exp = Number(exponent);
  if (exp < -4 || exp >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]!}${fraction}e${exp < 0 ? '-' : '+'}${String(Math.abs(exp)).padStart(2, '0')}`;
  }
  if (exp < 0) return `${sign}0.${'0'.repeat(-exp - 1)}${digits}`;
  const whole = digits.slice(0, exp + 1).padEnd(exp + 1, '0');
  return `${sign}${whole}.${digits.slice(exp + 1) || '0'}`;
}
