import { AppError } from './errors.ts';
import { JsonScanner, JsonSyntaxError } from './json-scan.ts';
import { parseInstant } from './time.ts';

const EMPTY_OBJECT = new Uint8Array([0x7b, 0x7d]);
const NULL_BYTE = 0x6e;

export interface JsonMembersOptions {
  /** Put before member names in errors, e.g. `obj.`. */
  readonly path?: string;
  /** Called after each member, duplicates included. */
  readonly onMember?: (name: string) => void;
}

/**
 * The members of one JSON object as byte ranges: the text is checked, nothing is parsed or copied. Of duplicate members
 * the last wins; explicit null means not given. Typed access throws AppError `invalid_request` naming the member.
 */
export class JsonMembers {
  private readonly scanner: JsonScanner;
  private readonly buf: Buffer;
  private readonly path: string;
  private readonly spans = new Map<string, readonly [number, number]>();
  /** Position after the object. */
  readonly end: number;

  private constructor(scanner: JsonScanner, pos: number, options: JsonMembersOptions) {
    this.scanner = scanner;
    this.buf = scanner.buf;
    this.path = options.path ?? '';
    const { onMember } = options;
    this.end = scanner.members(pos, (key, from, to) => {
      this.spans.set(key, [from, to]);
      onMember?.(key);
    });
  }

  /** Of a whole text. @throws AppError `invalid_request` if it is not exactly one JSON object. */
  static parse(bytes: Uint8Array, options: JsonMembersOptions = {}): JsonMembers {
    const scanner = new JsonScanner(bytes);
    try {
      const members = new JsonMembers(scanner, scanner.ws(0), options);
      scanner.finish(members.end);
      return members;
    } catch (error) {
      throw asInvalidRequest(error, options.path);
    }
  }

  /** Of the object at `pos`, in passing. @throws JsonSyntaxError */
  static at(scanner: JsonScanner, pos: number, options: JsonMembersOptions = {}): JsonMembers {
    return new JsonMembers(scanner, pos, options);
  }

  /** The raw bytes of the value, null included; null only when it is missing. */
  raw(name: string): Uint8Array | null {
    const span = this.spans.get(name);
    return span === undefined ? null : this.buf.subarray(span[0], span[1]);
  }

  /** The raw bytes of the value, or null for missing and null. */
  optional(name: string): Uint8Array | null {
    const span = this.spans.get(name);
    return span === undefined || this.buf[span[0]] === NULL_BYTE ? null : this.buf.subarray(span[0], span[1]);
  }

  /** As `optional`, but the value must be there. */
  required(name: string): Uint8Array {
    const bytes = this.optional(name);
    if (bytes === null) throw this.invalid(name, 'is required');
    return bytes;
  }

  /** The raw bytes of an object; `{}` for missing and null. */
  object(name: string): Uint8Array {
    const bytes = this.optional(name);
    if (bytes === null) return EMPTY_OBJECT;
    if (bytes[0] !== 0x7b) throw this.invalid(name, 'must be an object');
    return bytes;
  }

  /** The members of a required object. */
  members(name: string): JsonMembers {
    const bytes = this.required(name);
    if (bytes[0] !== 0x7b) throw this.invalid(name, 'must be an object');
    return JsonMembers.parse(bytes, { path: `${this.path}${name}.` });
  }

  /** The raw bytes of each element of a required array. */
  elements(name: string): Uint8Array[] {
    const bytes = this.required(name);
    if (bytes[0] !== 0x5b) throw this.invalid(name, 'must be a list');
    const found: Uint8Array[] = [];
    new JsonScanner(bytes).elements(0, (start, end) => found.push(bytes.subarray(start, end)));
    return found;
  }

  text(name: string): string | null {
    const span = this.spans.get(name);
    if (span === undefined || this.buf[span[0]] === NULL_BYTE) return null;
    if (this.buf[span[0]] !== 0x22) throw this.invalid(name, 'must be a string');
    return this.scanner.stringValue(span[0], span[1]);
  }

  requiredText(name: string): string {
    const text = this.text(name);
    if (text === null) throw this.invalid(name, 'is required');
    return text;
  }

  /** Strings of a list; null for missing and null. */
  texts(name: string): string[] | null {
    if (this.optional(name) === null) return null;
    return this.elements(name).map((bytes, i) => {
      if (bytes[0] !== 0x22) throw this.invalid(`${name}[${i}]`, 'must be a string');
      return new JsonScanner(bytes).stringValue(0, bytes.length);
    });
  }

  /** Microseconds. */
  instant(name: string): number {
    const text = this.requiredText(name);
    const us = parseInstant(text);
    if (us === undefined)
      throw this.invalid(
        name,
        `must be an ISO 8601 time between 1900 and 2255, got ${JSON.stringify(text.slice(0, 40))}`,
      );
    return us;
  }

  integer(name: string): number | null {
    const bytes = this.optional(name);
    if (bytes === null) return null;
    const value = Number(asBuffer(bytes).toString('latin1'));
    if (bytes[0] === 0x22 || !Number.isSafeInteger(value) || value < 0)
      throw this.invalid(name, 'must be a whole number');
    return value;
  }

  invalid(name: string, what: string): AppError {
    return new AppError('invalid_request', `${this.path}${name}: ${what}`);
  }
}

/** A JsonSyntaxError as the caller's fault; other errors as they are. */
export function asInvalidRequest(error: unknown, path = ''): unknown {
  if (!(error instanceof JsonSyntaxError)) return error;
  return new AppError(
    'invalid_request',
    `${path === '' ? '' : `${path.slice(0, -1)}: `}not valid JSON: ${error.message}`,
  );
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * `json` (an object) with members added at its end; as the last ones they win over members of the same name. The rest
 * of the bytes stays as it is.
 */
export function appendMembers(
  json: Uint8Array,
  members: Readonly<Record<string, Uint8Array | string>>,
): Uint8Array {
  const buf = asBuffer(json);
  const close = buf.lastIndexOf(0x7d);
  let before = close - 1;
  while (before >= 0 && buf[before]! <= 0x20) before--;
  let separator = buf[before] === 0x7b ? '' : ',';
  const parts: Uint8Array[] = [buf.subarray(0, close)];
  for (const [name, value] of Object.entries(members)) {
    parts.push(
      Buffer.from(`${separator}${JSON.stringify(name)}:`),
      typeof value === 'string' ? Buffer.from(value) : value,
    );
    separator = ',';
  }
  parts.push(buf.subarray(close));
  return Buffer.concat(parts);
}
