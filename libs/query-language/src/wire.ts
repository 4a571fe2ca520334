import { AppError, JsonScanner, JsonSyntaxError } from '@weft/model';
import { MAX_QUERY_DEPTH } from './parse.ts';

/** An operation is up to three levels of JSON (`{"$in":[x,[…]]}`). */
const MAX_DEPTH = 3 * MAX_QUERY_DEPTH + 8;

/**
 * The JSON of a query as `parseQuery` takes it. Unlike JSON.parse it keeps integers beyond 2^53 exact, as bigint, and
 * makes objects without a prototype.
 *
 * @throws AppError `invalid_request` where the bytes are no JSON or nested deeper than any query.
 */
export function readQueryJson(bytes: Uint8Array, path = 'query'): unknown {
  const scanner = new JsonScanner(bytes);
  try {
    const reader = new Reader(scanner);
    const [value, end] = reader.value(scanner.ws(0), 0);
    scanner.finish(end);
    return value;
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new AppError('invalid_request', `${path}: ${error.message}`);
    throw error;
  }
}

class Reader {
  private readonly scanner: JsonScanner;

  constructor(scanner: JsonScanner) {
    this.scanner = scanner;
  }

  value(pos: number, depth: number): [value: unknown, end: number] {
    const { scanner } = this;
    const { buf } = scanner;
    if (depth > MAX_DEPTH) throw new JsonSyntaxError(`nested deeper than ${MAX_DEPTH}`, pos);
    const first = buf[pos];
    if (first === 0x7b) {
      const object = Object.create(null) as Record<string, unknown>;
      const end = scanner.object(pos, (key, start) => {
        const [value, after] = this.value(start, depth + 1);
        object[key] = value;
        return after;
      });
      return [object, end];
    }
    if (first === 0x5b) {
      const list: unknown[] = [];
      const end = scanner.array(pos, (start) => {
        const [value, after] = this.value(start, depth + 1);
        list.push(value);
        return after;
      });
      return [list, end];
    }
    const end = scanner.skip(pos);
    if (first === 0x22) return [scanner.stringValue(pos, end), end];
    const token = buf.toString('latin1', pos, end);
    return [/^-?\d{16,38}$/.test(token) ? exact(token) : JSON.parse(token), end];
  }
}

function exact(token: string): number | bigint {
  const integer = BigInt(token);
  const double = Number(integer);
  return Number.isSafeInteger(double) ? double : integer;
}
