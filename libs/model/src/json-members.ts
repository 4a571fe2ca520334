import { AppError } from './errors.ts';
import { JsonScanner, JsonSyntaxError } from './json-scan.ts';
import { parseInstant } from './time.ts';

const EMPTY_OBJECT = new Uint8Array([0x7b, 0x7d]);
const NULL_BYTE = 0x6e;

export interface JsonMembersOptions {
  /** Put before member names in errors, e.g. `obj.`. */
  readonly path?: string;
  /** Called after each member, duplicates included, with the scanner that read it. */
  readonly onMember?: (name: string) => void;
  /** See JsonScanner. */
  readonly onName?: (start: number, end: number) => void;
}

/**
 * The members of one JSON object as byte ranges: the whole text is checked, nothing is parsed or copied. Of duplicate
 * members the last wins; explicit null means not given. Typed access throws AppError `invalid_request` naming the member.
 */
export class JsonMembers {
  private readonly buf: Buffer;
  private readonly scanner: JsonScanner;
  private readonly path: string;
  private readonly spans = new Map<string, readonly [number, number]>();

  /** @throws AppError `invalid_request` if `bytes` is not exactly one JSON object. */
  constructor(bytes: Uint8Array, options: JsonMembersOptions = {}) {
    this.buf = asBuffer(bytes);
    this.scanner = new JsonScanner(this.buf, options.onName);
    this.path = options.path ?? '';
    const { onMember } = options;
    try {
      const end = this.scanner.members(this.scanner.ws(0), (key, from, to) => {
        this.spans.set(key, [from, to]);
        onMember?.(key);
      });
      this.scanner.finish(end);
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw new AppError(
        'invalid_request',
        `${this.path === '' ? '' : `${this.path.slice(0, -1)}: `}not valid JSON: ${error.message}`,
      );
    }
  }

  /** Byte range of the value, null included. */
  span(name: string): readonly [start: number, end: number] | undefined {
    return this.spans.get(name);
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
    return new JsonMembers(bytes, { path: `${this.path}${name}.` });
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
