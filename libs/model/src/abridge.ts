import { JsonScanner, JsonSyntaxError } from './json-scan.ts';

/**
 * What stands in the log and in tables for a payload that is too large for them: valid JSON of the same kind of at most
 * about `maxBytes`. What is small survives whole, wherever it stands; what is large shares the rest fairly: texts are cut
 * and end in `…`, lists keep their first elements, objects their small members, numbers are never cut. Bytes that are kept
 * are kept as they are.
 *
 * Time is linear; memory is bounded by `maxBytes` and a few MB, however many values there are.
 * @param json one JSON value. @returns the argument itself if it fits. @throws JsonSyntaxError
 */
export function abridge(json: Uint8Array, maxBytes: number): Uint8Array {
  if (json.length <= maxBytes) return json;
  return new Abridgement(json).of(maxBytes);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;

/** A large list or object further down becomes an empty one. */
const MAX_LEVELS = 64;
/** Room that a large value is given at least, where there is that much; else it is left out. */
const LEAST_BYTES = 256;
/** `"…"` */
const SHORTEST_BYTES = 5;
/** Members of the whole payload that say what it was, of which columns are made: they go first. */
const FIRST_NAMES = ['usage', 'status_counts', 'weave', 'weft'];

/** A member or an element; a range of its name, of its value. Elements have empty names. */
interface Child {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly start: number;
  readonly end: number;
  /** Goes before smaller ones. */
  readonly isFirst: boolean;
  /** Given whole or not at all. */
  readonly isFixed: boolean;
}

class Abridgement {
  private readonly buf: Buffer;
  private readonly start: number;
  private readonly ends: LargeEnds;

  constructor(json: Uint8Array) {
    const scanner = new JsonScanner(json);
    this.buf = scanner.buf;
    this.start = scanner.ws(0);
    this.ends = new LargeEnds(scanner, this.start);
  }

  of(maxBytes: number): Buffer {
    return Buffer.from(this.value(this.start, this.ends.of(this.start), maxBytes, 0));
  }

  private value(start: number, end: number, maxBytes: number, level: number): Buffer {
    if (end - start <= maxBytes) return this.buf.subarray(start, end);
    const first = this.buf[start];
    if (first === QUOTE) return this.text(start, maxBytes);
    if (first === OPEN_BRACE) return this.container(start, maxBytes, level, 'object');
    if (first === OPEN_BRACKET) return this.container(start, maxBytes, level, 'list');
    return this.buf.subarray(start, end);
  }

  /** Cut between characters: escapes, pairs of surrogates and bytes of UTF-8 stay together. */
  private text(start: number, maxBytes: number): Buffer {
    const { buf } = this;
    const limit = start + maxBytes - 4;
    let at = start + 1;
    for (let next = this.afterCharacter(at); next <= limit; next = this.afterCharacter(at)) at = next;
    return Buffer.concat([buf.subarray(start, at), CUT]);
  }

  private afterCharacter(at: number): number {
    const { buf } = this;
    if (buf[at] === BACKSLASH) {
      if (buf[at + 1] !== 0x75) return at + 2;
      return isSurrogate(buf, at, 'high') && isSurrogate(buf, at + 6, 'low') ? at + 12 : at + 6;
    }
    if (buf[at++]! < 0xc0) return at;
    while ((buf[at]! & 0xc0) === 0x80) at++;
    return at;
  }

  private container(start: number, maxBytes: number, level: number, kind: 'object' | 'list'): Buffer {
    const isObject = kind === 'object';
    if (level === MAX_LEVELS) return Buffer.from(isObject ? '{}' : '[]');
    const room = new Room(maxBytes - 2);
    const children = isObject ? this.smallMembers(start, room, level) : this.firstElements(start, room);
    const shares = this.share(children, room.sizeBytes, level);
    const parts: Uint8Array[] = [];
    children.forEach((child, i) => {
      parts.push(parts.length === 0 ? (isObject ? OBJECT : LIST) : NEXT);
      if (isObject) parts.push(this.buf.subarray(child.nameStart, child.nameEnd), VALUE);
      parts.push(shares[i]!);
    });
    if (parts.length === 0) parts.push(isObject ? OBJECT : LIST);
    return Buffer.concat([...parts, isObject ? OBJECT_END : LIST_END]);
  }

  /** As many of the first ones as there is room for. */
  private firstElements(start: number, room: Room): Child[] {
    const children: Child[] = [];
    let used = 0;
    walk(this.buf, start, (nameStart, nameEnd, at) => {
      const child = this.child(nameStart, nameEnd, at);
      used += room.costOf(child);
      if (used > room.sizeBytes) return undefined;
      children.push(child);
      return child.end;
    });
    return children;
  }

  /** Those that there is room for, the smallest first; in the order they have. Of equal names the last counts. */
  private smallMembers(start: number, room: Room, level: number): Child[] {
    const found = new Map<string, Child>();
    let used = 0;
    walk(this.buf, start, (nameStart, nameEnd, at) => {
      if (nameEnd - nameStart > room.sizeBytes) return this.ends.of(at);
      const name = nameOf(this.buf, nameStart, nameEnd);
      const mayBeFirst = level === 0 && FIRST_NAMES.includes(name);
      const child = this.child(nameStart, nameEnd, at, mayBeFirst ? room : undefined);
      const earlier = found.get(name);
      if (earlier !== undefined) used -= room.costOf(earlier);
      found.set(name, child);
      used += room.costOf(child);
      if (used > 4 * room.sizeBytes) used = room.leaveSmallest(found);
      return child.end;
    });
    if (used > room.sizeBytes) room.leaveSmallest(found);
    return [...found.values()].sort((a, b) => a.start - b.start);
  }

  /** @param first the room where it goes before others, if it does not take too much of it. */
  private child(nameStart: number, nameEnd: number, start: number, first?: Room): Child {
    const end = this.ends.of(start);
    const isFirst = first !== undefined && end - start <= first.sizeBytes / 6;
    return { nameStart, nameEnd, start, end, isFirst, isFixed: isFirst || isAtom(this.buf[start]!) };
  }

  /** What small ones leave of their share goes to the larger ones. */
  private share(children: readonly Child[], roomBytes: number, level: number): Buffer[] {
    const shares: Buffer[] = new Array<Buffer>(children.length);
    let left = children.reduce((rest, child) => rest - overheadOf(child), roomBytes);
    let waiting = children.length;
    for (const i of children.map((_, at) => at).sort((a, b) => byNeed(children[a]!, children[b]!))) {
      const { start, end, isFixed } = children[i]!;
      const share = this.value(start, end, isFixed ? end - start : Math.floor(left / waiting), level + 1);
      shares[i] = share;
      left -= share.length;
      waiting--;
    }
    return shares;
  }
}

/** What the children of one container have for themselves. */
class Room {
  readonly sizeBytes: number;
  private readonly leastBytes: number;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.leastBytes = Math.min(LEAST_BYTES, Math.max(SHORTEST_BYTES, sizeBytes >> 3));
  }

  /** What a child takes at least. */
  costOf(child: Child): number {
    const size = child.end - child.start;
    return overheadOf(child) + (child.isFixed ? size : Math.min(size, this.leastBytes));
  }

  /** @returns what those that are left take at least, together. */
  leaveSmallest(found: Map<string, Child>): number {
    let used = 0;
    for (const [name, child] of [...found].sort(([, a], [, b]) => byRank(a, b))) {
      const cost = this.costOf(child);
      if (used + cost > this.sizeBytes) found.delete(name);
      else used += cost;
    }
    return used;
  }
}

/** Where values end that are so large that finding it again costs something. */
class LargeEnds {
  private readonly scanner: JsonScanner;
  private readonly buf: Buffer;
  private readonly ends = new Map<number, number>();
  /** Of the values in `ends`; so many that there are some 4096 of each level at most. */
  private readonly minBytes: number;

  /** @throws JsonSyntaxError */
  constructor(scanner: JsonScanner, start: number) {
    this.scanner = scanner;
    this.buf = scanner.buf;
    this.minBytes = Math.max(1024, scanner.buf.length >> 12);
    scanner.finish(this.measure(start, 0));
  }

  of(start: number): number {
    return this.ends.get(start) ?? endOf(this.buf, start);
  }

  private measure(start: number, level: number): number {
    const first = this.buf[start];
    const isContainer = (first === OPEN_BRACE || first === OPEN_BRACKET) && level < MAX_LEVELS;
    const end = isContainer
      ? walk(this.buf, start, (_from, _to, at) => this.measure(at, level + 1), this.scanner)
      : this.scanner.skip(start);
    if (end - start >= this.minBytes) this.ends.set(start, end);
    return end;
  }
}

/**
 * Members or elements of the container at `pos`. `visit` returns the position after the value, or undefined to stop.
 * @param scanner given where the text is not known to be valid.
 * @returns the position after the container, if it was not stopped. @throws JsonSyntaxError
 */
function walk(
  buf: Buffer,
  pos: number,
  visit: (nameStart: number, nameEnd: number, valueStart: number) => number | undefined,
  scanner?: JsonScanner,
): number {
  const isObject = buf[pos] === OPEN_BRACE;
  const close = isObject ? CLOSE_BRACE : CLOSE_BRACKET;
  let at = white(buf, pos + 1);
  if (buf[at] === close) return at + 1;
  for (;;) {
    const nameStart = at;
    let nameEnd = at;
    if (isObject) {
      if (buf[at] !== QUOTE) throw new JsonSyntaxError('expected a member name', at);
      nameEnd = scanner === undefined ? endOf(buf, at) : scanner.string(at);
      at = white(buf, nameEnd);
      if (buf[at] !== COLON) throw new JsonSyntaxError('expected ":"', at);
      at = white(buf, at + 1);
    }
    const end = visit(nameStart, nameEnd, at);
    if (end === undefined) return at;
    at = white(buf, end);
    if (buf[at] === close) return at + 1;
    if (buf[at] !== COMMA) throw new JsonSyntaxError(`expected "," or "${String.fromCharCode(close)}"`, at);
    at = white(buf, at + 1);
  }
}

/** The position after the value at `pos`, in a text that is known to be valid. */
function endOf(buf: Buffer, pos: number): number {
  if (isAtom(buf[pos]!)) {
    while (pos < buf.length && !isBreak(buf[pos]!)) pos++;
    return pos;
  }
  for (let depth = 0; ; pos++) {
    const c = buf[pos];
    if (c === QUOTE) {
      for (pos++; buf[pos] !== QUOTE; pos++) if (buf[pos] === BACKSLASH) pos++;
      if (depth === 0) return pos + 1;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if ((c === CLOSE_BRACE || c === CLOSE_BRACKET) && --depth === 0) return pos + 1;
  }
}

function white(buf: Buffer, at: number): number {
  while (isWhite(buf[at])) at++;
  return at;
}

function isWhite(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

function isBreak(c: number): boolean {
  return c === COMMA || c === CLOSE_BRACE || c === CLOSE_BRACKET || isWhite(c);
}

/** Numbers, true, false and null. */
function isAtom(first: number): boolean {
  return first !== QUOTE && first !== OPEN_BRACE && first !== OPEN_BRACKET;
}

/** Whether the `\uXXXX` at `at` is one half of a pair. */
function isSurrogate(buf: Buffer, at: number, half: 'high' | 'low'): boolean {
  if (buf[at] !== BACKSLASH || buf[at + 1] !== 0x75) return false;
  const unit = parseInt(buf.toString('latin1', at + 2, at + 6), 16);
  return half === 'high' ? unit >= 0xd800 && unit < 0xdc00 : unit >= 0xdc00 && unit < 0xe000;
}

function nameOf(buf: Buffer, start: number, end: number): string {
  const text = buf.toString('utf8', start + 1, end - 1);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}

/** Name, colon and comma. */
function overheadOf({ nameStart, nameEnd }: Child): number {
  return nameEnd === nameStart ? 1 : nameEnd - nameStart + 2;
}

function byRank(a: Child, b: Child): number {
  return Number(b.isFirst) - Number(a.isFirst) || bySize(a, b);
}

/** Those that cannot be cut before those that can. */
function byNeed(a: Child, b: Child): number {
  return Number(b.isFixed) - Number(a.isFixed) || bySize(a, b);
}

function bySize(a: Child, b: Child): number {
  return a.end - a.start - (b.end - b.start) || a.start - b.start;
}

const CUT = Buffer.from('…"');
const OBJECT = Buffer.from('{');
const OBJECT_END = Buffer.from('}');
const LIST = Buffer.from('[');
const LIST_END = Buffer.from(']');
const NEXT = Buffer.from(',');
const VALUE = Buffer.from(':');
