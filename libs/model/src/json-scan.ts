/**
 * A scanner over JSON bytes that finds and checks values without making objects of them. Payloads (inputs, output,
 * attributes, summary) are sliced, never re-serialised: JSON.parse and stringify change 9007199254740993, 1e400, -0 and
 * 1.0, and cost ten times as much. Strings are crossed with `indexOf`, so that LLM text is skipped at memory speed.
 */

/** Half-open byte range of one JSON value. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export class JsonSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = 'JsonSyntaxError';
    this.offset = offset;
  }
}

/** Deeper values are refused: readers (ClickHouse, browsers, SDKs) recurse. */
export const MAX_JSON_DEPTH = 512;
/** What is skipped over at most to reach the neighbours of a value that is too deep. No client's mistake goes this far. */
const MAX_SKIPPED_DEPTH = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Bytes of a string that are looked at one by one before searching natively. */
const NEAR_BYTES = 48;
/** Longer strings are not remembered: they are values. */
const NAME_BYTES = 34;

export class JsonScanner {
  readonly buf: Buffer;
  private readonly onName: ((start: number, end: number) => void) | undefined;
  private readonly onTooDeep: (() => void) | undefined;
  /**
   * First byte below 0x20 at or after the last place looked at, so that "is there a raw control character inside this
   * string" costs nothing for compact JSON.
   */
  private nextControl = -1;
  private nextControlFrom = 0;
  private nextBackslash = -1;
  private nextBackslashFrom = 0;

  /**
   * @param onName called with the range (quotes included) of every member name that `skip` crosses, before its value is looked at.
   * @param onTooDeep called instead of throwing where `skip` crosses MAX_JSON_DEPTH, for callers that go on behind the value.
   */
  constructor(bytes: Uint8Array, onName?: (start: number, end: number) => void, onTooDeep?: () => void) {
    this.onName = onName;
    this.onTooDeep = onTooDeep;
    this.buf = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Nothing but white space may follow `pos`. @throws JsonSyntaxError */
  finish(pos: number): void {
    const end = this.ws(pos);
    if (end < this.buf.length) throw new JsonSyntaxError('text after the value', end);
  }

  /** Skips white space. */
  ws(pos: number): number {
    const { buf } = this;
    for (;;) {
      const c = buf[pos];
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) pos++;
      else return pos;
    }
  }

  /**
   * Checks the value that starts at `pos` (no leading white space) against RFC 8259 and returns the position after it.
   * Not recursive. @throws JsonSyntaxError
   */
  skip(pos: number): number {
    const { buf, onName } = this;
    const first = buf[pos];
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return this.scalar(pos);
    // One bit per level: 1 = object, 0 = array.
    const stack: number[] = [first];
    pos = this.ws(pos + 1);
    let fresh = true; // just opened: the close may follow at once
    while (stack.length > 0) {
      const inObject = stack[stack.length - 1] === OPEN_BRACE;
      const close = inObject ? CLOSE_BRACE : CLOSE_BRACKET;
      let c = buf[pos];
      if (c === close) {
        stack.pop();
        pos++;
        if (stack.length === 0) return pos;
        fresh = false;
        pos = this.ws(pos);
        continue;
      }
      if (!fresh) {
        if (c !== COMMA) throw new JsonSyntaxError(`expected "," or "${String.fromCharCode(close)}"`, pos);
        pos = this.ws(pos + 1);
        c = buf[pos];
      }
      if (inObject) {
        if (c !== QUOTE) throw new JsonSyntaxError('expected a member name', pos);
        const end = this.string(pos);
        if (onName !== undefined) onName(pos, end);
        pos = this.ws(end);
        if (buf[pos] !== COLON) throw new JsonSyntaxError('expected ":"', pos);
        pos = this.ws(pos + 1);
        c = buf[pos];
      }
      if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        if (stack.length >= MAX_JSON_DEPTH) this.tooDeep(pos, stack.length);
        stack.push(c);
        pos = this.ws(pos + 1);
        fresh = true;
        continue;
      }
      pos = this.ws(this.scalar(pos));
      fresh = false;
    }
    return pos;
  }

  /** The position after the string that starts at `pos`; escapes and control characters are checked. @throws JsonSyntaxError */
  string(pos: number): number {
    const { buf } = this;
    let at = pos + 1;
    let end = -1; // a quote that was found ahead: not looked for again at every escape before it
    for (;;) {
      // Most strings are short, and where an escape is there are more: only beyond that is a native search worth its call.
      for (const near = at + NEAR_BYTES; at < near;) {
        const c = buf[at];
        if (c === QUOTE) return at + 1;
        if (c === BACKSLASH) at = this.escape(at);
        else if (c === undefined) throw new JsonSyntaxError('unterminated string', pos);
        else if (c < 0x20) throw new JsonSyntaxError('control character in a string', pos);
        else at++;
      }
      if (end < at) {
        end = buf.indexOf(QUOTE, at);
        if (end < 0) throw new JsonSyntaxError('unterminated string', pos);
      }
      const backslash = this.backslashBefore(at, end);
      const clear = backslash < 0 ? end : backslash;
      if (this.controlBefore(at, clear)) throw new JsonSyntaxError('control character in a string', pos);
      if (backslash < 0) return end + 1;
      at = backslash;
    }
  }

  /** Members of the object at `pos`: `visit(key, valueStart, valueEnd)` for each, duplicates included. Returns the position after it. @throws JsonSyntaxError */
  members(pos: number, visit: (key: string, start: number, end: number) => void): number {
    return this.object(pos, (key, start) => {
      const end = this.skip(start);
      visit(key, start, end);
      return end;
    });
  }

  /** Elements of the array at `pos`. Returns the position after it. @throws JsonSyntaxError */
  elements(pos: number, visit: (start: number, end: number) => void): number {
    return this.array(pos, (start) => {
      const end = this.skip(start);
      visit(start, end);
      return end;
    });
  }

  /** As `members`, but `read` goes over the value itself (once, however deep it looks) and returns the position after it. */
  object(pos: number, read: (key: string, start: number) => number): number {
    const { buf } = this;
    if (buf[pos] !== OPEN_BRACE) throw new JsonSyntaxError('expected an object', pos);
    pos = this.ws(pos + 1);
    if (buf[pos] === CLOSE_BRACE) return pos + 1;
    for (;;) {
      if (buf[pos] !== QUOTE) throw new JsonSyntaxError('expected a member name', pos);
      const keyEnd = this.string(pos);
      const key = this.stringValue(pos, keyEnd);
      pos = this.ws(keyEnd);
      if (buf[pos] !== COLON) throw new JsonSyntaxError('expected ":"', pos);
      pos = this.ws(read(key, this.ws(pos + 1)));
      if (buf[pos] === COMMA) pos = this.ws(pos + 1);
      else if (buf[pos] === CLOSE_BRACE) return pos + 1;
      else throw new JsonSyntaxError('expected "," or "}"', pos);
    }
  }

  /** As `elements`, but `read` goes over the value itself and returns the position after it. */
  array(pos: number, read: (start: number) => number): number {
    const { buf } = this;
    if (buf[pos] !== OPEN_BRACKET) throw new JsonSyntaxError('expected an array', pos);
    pos = this.ws(pos + 1);
    if (buf[pos] === CLOSE_BRACKET) return pos + 1;
    for (;;) {
      pos = this.ws(read(pos));
      if (buf[pos] === COMMA) pos = this.ws(pos + 1);
      else if (buf[pos] === CLOSE_BRACKET) return pos + 1;
      else throw new JsonSyntaxError('expected "," or "]"', pos);
    }
  }

  /** The text of the checked string in [start, end). */
  stringValue(start: number, end: number): string {
    const { buf } = this;
    if (end - start <= NAME_BYTES) return shortText(buf, start, end);
    if (this.backslashBefore(start, end) < 0) return buf.toString('utf8', start + 1, end - 1);
    return JSON.parse(buf.toString('utf8', start, end)) as string;
  }

  private tooDeep(pos: number, depth: number): void {
    if (this.onTooDeep === undefined || depth >= MAX_SKIPPED_DEPTH)
      throw new JsonSyntaxError(`nested deeper than ${MAX_JSON_DEPTH}`, pos);
    this.onTooDeep();
  }

  private scalar(pos: number): number {
    const { buf } = this;
    const c = buf[pos];
    switch (c) {
      case QUOTE:
        return this.string(pos);
      case 0x74:
        return this.literal(pos, 'true');
      case 0x66:
        return this.literal(pos, 'false');
      case 0x6e:
        return this.literal(pos, 'null');
      default:
        return this.number(pos);
    }
  }

  private literal(pos: number, text: string): number {
    for (let i = 0; i < text.length; i++) {
      if (this.buf[pos + i] !== text.charCodeAt(i)) throw new JsonSyntaxError('unexpected token', pos);
    }
    return pos + text.length;
  }

  private number(start: number): number {
    const { buf } = this;
    let pos = start;
    if (buf[pos] === MINUS) pos++;
    if (buf[pos] === ZERO) pos++;
    else pos = this.digits(pos, start);
    if (buf[pos] === 0x2e) pos = this.digits(pos + 1, start);
    if (buf[pos] === 0x65 || buf[pos] === 0x45) {
      pos++;
      if (buf[pos] === MINUS || buf[pos] === 0x2b) pos++;
      pos = this.digits(pos, start);
    }
    return pos;
  }

  private digits(pos: number, start: number): number {
    const first = pos;
    for (;;) {
      const c = this.buf[pos];
      if (c === undefined || c < ZERO || c > 0x39) break;
      pos++;
    }
    if (pos === first)
      throw new JsonSyntaxError(start >= this.buf.length ? 'unexpected end' : 'unexpected token', start);
    return pos;
  }

  /** Checks the escape at `pos` (a backslash) and returns the position after it. */
  private escape(pos: number): number {
    const { buf } = this;
    const c = buf[pos + 1];
    if (c === 0x75) {
      for (let i = 2; i < 6; i++) {
        const h = buf[pos + i];
        const hex =
          h !== undefined &&
          ((h >= 0x30 && h <= 0x39) || (h >= 0x41 && h <= 0x46) || (h >= 0x61 && h <= 0x66));
        if (!hex) throw new JsonSyntaxError('bad \\u escape', pos);
      }
      return pos + 6;
    }
    // " \ / b f n r t
    if (
      c === 0x22 ||
      c === 0x5c ||
      c === 0x2f ||
      c === 0x62 ||
      c === 0x66 ||
      c === 0x6e ||
      c === 0x72 ||
      c === 0x74
    )
      return pos + 2;
    throw new JsonSyntaxError('bad escape', pos);
  }

  /** First backslash in [from, end), or -1. The next one is remembered, so that a body is searched once. */
  private backslashBefore(from: number, end: number): number {
    if (from < this.nextBackslashFrom || this.nextBackslash < from) {
      const found = this.buf.indexOf(BACKSLASH, from);
      this.nextBackslash = found < 0 ? this.buf.length : found;
      this.nextBackslashFrom = from;
    }
    return this.nextBackslash < end ? this.nextBackslash : -1;
  }

  private controlBefore(from: number, end: number): boolean {
    if (from < this.nextControlFrom || this.nextControl < from) {
      this.nextControlFrom = from;
      this.nextControl = this.findControl(from);
    }
    return this.nextControl < end;
  }

  /** First byte below 0x20 at or after `from`, or the length. Four bytes at a time where memory is aligned. */
  private findControl(from: number): number {
    const { buf } = this;
    const { length } = buf;
    let at = from;
    while (at < length && ((buf.byteOffset + at) & 3) !== 0) {
      if (buf[at]! < 0x20) return at;
      at++;
    }
    const words = (length - at) >> 2;
    if (words > 16) {
      const view = new Int32Array(buf.buffer, buf.byteOffset + at, words);
      let i = 0;
      // Not zero exactly when one of the four bytes is below 0x20 (Bit Twiddling Hacks, "hasless").
      while (i < words && (((view[i]! - 0x20202020) & ~view[i]! & 0x80808080) | 0) === 0) i++;
      at += i * 4;
    }
    while (at < length && buf[at]! >= 0x20) at++;
    return at;
  }
}

/** The same few names come again and again: a hit costs a comparison instead of a new string. */
const CACHED_NAMES = 512;
const cachedBytes: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(CACHED_NAMES).fill(
  undefined,
);
const cachedText: string[] = new Array<string>(CACHED_NAMES).fill('');

function shortText(buf: Buffer, start: number, end: number): string {
  const length = end - start;
  let hash = length;
  for (let i = start + 1; i < end - 1; i++) hash = (Math.imul(hash, 31) + buf[i]!) | 0;
  const slot = hash & (CACHED_NAMES - 1);
  const known = cachedBytes[slot];
  if (known !== undefined && known.length === length && sameBytes(known, buf, start))
    return cachedText[slot]!;
  const text = hasBackslash(buf, start, end)
    ? (JSON.parse(buf.toString('utf8', start, end)) as string)
    : buf.toString('utf8', start + 1, end - 1);
  cachedBytes[slot] = Uint8Array.prototype.slice.call(buf, start, end);
  cachedText[slot] = text;
  return text;
}

function sameBytes(known: Uint8Array, buf: Buffer, start: number): boolean {
  for (let i = 1; i < known.length - 1; i++) if (known[i] !== buf[start + i]) return false;
  return true;
}

function hasBackslash(buf: Buffer, start: number, end: number): boolean {
  for (let i = start + 1; i < end - 1; i++) if (buf[i] === BACKSLASH) return true;
  return false;
}
