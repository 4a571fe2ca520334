import { asBuffer } from './json-members.ts';
import { JsonScanner } from './json-scan.ts';

/**
 * Wrapped LLM clients send the provider's API key in clear text (`inputs.self._client.apiKey`). String values under these
 * member names never reach the log. Names are compared without `_` and `-` and in lower case (upstream's lists).
 */
const EXACT = new Set([
  'authheaders',
  'authorization',
  'authtoken',
  'awsaccesskey',
  'awsaccesskeyid',
  'bearertoken',
  'vertexcredentials',
  'webhookkey',
  'webhooksecret',
]);
const SUFFIX =
  /(?:accesstoken|apikey|apitoken|clientsecret|privatekey|refreshtoken|secretaccesskey|secretkey|sessiontoken)$/;
const LONGEST_NAME = 256;

/** Put in place of a secret. */
export const REDACTED = '"REDACTED"';

/**
 * Decides for nearly every name without making a string of it: false = no secret, unless it holds an escape. The only ends
 * a matching name has: `…key`, `…token`, `…secret`, `…authorization`, `…credentials`, `…headers`, `…keyid`.
 */
function mayBeSecret(buf: Buffer, end: number): boolean {
  const a = buf[end - 4]!;
  const b = buf[end - 3]!;
  const c = buf[end - 2]!;
  if (isDropped(a) || isDropped(b) || isDropped(c)) return true;
  switch (((a | 0x20) << 16) | ((b | 0x20) << 8) | c | 0x20) {
    case 0x6b6579: // key
    case 0x6b656e: // ken
    case 0x726574: // ret
    case 0x696f6e: // ion
    case 0x616c73: // als
    case 0x657273: // ers
    case 0x796964: // yid
      return true;
    default:
      return false;
  }
}

/** `_` and `-` do not count. */
function isDropped(c: number): boolean {
  return c === 0x5f || c === 0x2d;
}

/** True if a member of this name promises a secret. */
export function isSecretName(name: string): boolean {
  const plain = name.replace(/[_-]/g, '').toLowerCase();
  return EXACT.has(plain) || SUFFIX.test(plain);
}

/** The same names come in every call. */
const verdicts = new Map<string, boolean>();
const MAX_VERDICTS = 1000;

function verdictOn(name: string): boolean {
  let verdict = verdicts.get(name);
  if (verdict === undefined) {
    verdict = isSecretName(name);
    if (verdicts.size >= MAX_VERDICTS) verdicts.clear();
    verdicts.set(name, verdict);
  }
  return verdict;
}

const NONE: readonly number[] = [];

/** Finds secrets while a JsonScanner walks: hand `onName` to it. */
export class SecretFinder {
  private readonly buf: Buffer;
  private readonly scanner: JsonScanner;
  /** First backslash at or after the last name looked at. */
  private nextEscape = -1;
  private found: number[] = [];

  constructor(bytes: Uint8Array) {
    this.buf = asBuffer(bytes);
    this.scanner = new JsonScanner(this.buf);
  }

  /** The range of a member name, quotes included; ascending calls. */
  readonly onName = (start: number, end: number): void => {
    const { buf } = this;
    if (!mayBeSecret(buf, end) && !this.hasEscape(start, end)) return;
    if (!verdictOn(this.nameAt(start, end))) return;
    let at = skipSpace(buf, end);
    if (buf[at] !== 0x3a) return;
    at = skipSpace(buf, at + 1);
    if (buf[at] === 0x22 && buf[at + 1] !== 0x22) this.found.push(at);
  };

  /** What was found since the last time: offsets of the string values, ascending. */
  take(): readonly number[] {
    if (this.found.length === 0) return NONE;
    const { found } = this;
    this.found = [];
    return found;
  }

  private nameAt(start: number, end: number): string {
    // A name's end decides, apart from the short exact ones: a giant name need not be read in full.
    if (end - start > LONGEST_NAME) return this.buf.toString('utf8', end - LONGEST_NAME, end - 1);
    return this.scanner.stringValue(start, end);
  }

  /** An escape may spell any letter: `api\u004bey`. */
  private hasEscape(start: number, end: number): boolean {
    if (this.nextEscape < start) {
      const found = this.buf.indexOf(0x5c, start);
      this.nextEscape = found < 0 ? this.buf.length : found;
    }
    return this.nextEscape < end;
  }
}

function skipSpace(buf: Buffer, at: number): number {
  while (buf[at] === 0x20 || buf[at] === 0x0a || buf[at] === 0x0d || buf[at] === 0x09) at++;
  return at;
}

/** `json` with the strings that start at `offsets` (ascending, checked JSON) replaced; the same object when there are none. */
export function redactAt(json: Uint8Array, offsets: readonly number[]): Uint8Array {
  if (offsets.length === 0) return json;
  const buf = asBuffer(json);
  const scanner = new JsonScanner(buf);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const at of offsets) {
    parts.push(buf.subarray(from, at), Buffer.from(REDACTED));
    from = scanner.string(at);
  }
  parts.push(buf.subarray(from));
  return Buffer.concat(parts);
}

/**
 * Replaces non-empty string values of members that are named like a secret, at any depth, by `"REDACTED"`. All other
 * bytes stay; the same object is returned when nothing matched. @throws JsonSyntaxError
 */
export function redactSecrets(json: Uint8Array): Uint8Array {
  const finder = new SecretFinder(json);
  const scanner = new JsonScanner(json, finder.onName, () => undefined);
  scanner.skip(scanner.ws(0));
  return redactAt(json, finder.take());
}
