import { JsonScanner } from '@weft/model';

/** The model's answer cannot be used. */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer';
}

/** The model will not judge this. */
export class RefusedAnswer extends Error {
  override readonly name = 'RefusedAnswer';
}

/** Longer verdicts are none. */
const MAX_CHARS = 256 * 1024;
const MAX_DEPTH = 64;

/**
 * The one JSON value that a text is. Nothing is looked for inside of a text: what was judged may have put it there.
 * @throws UnusableAnswer for anything else, for a member that is there twice, for `__proto__`, and for what is too deep or too long.
 */
export function parseVerdict(text: string): unknown {
  if (text.length > MAX_CHARS) throw new UnusableAnswer(`the verdict has more than ${MAX_CHARS} characters`);
  if (text.trim() === '') throw new UnusableAnswer('the model said nothing');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnusableAnswer(`the verdict is not valid JSON: ${JSON.stringify(text.slice(0, 200))}`);
  }
  refuseDoubles(text);
  return value;
}

/** The inside of a text that is one fenced block as a whole, which some models make whatever they are told. */
export function withoutBlock(text: string): string {
  return /^\s*```(?:json)?\s*\n([^]*?)\n\s*```\s*$/.exec(text)?.[1] ?? text;
}

/** JSON.parse takes the last of several members of a name: which of two verdicts counts is not ours to choose. */
function refuseDoubles(text: string): void {
  const bytes = Buffer.from(text);
  const names: Set<string>[] = [];
  const scanner = new JsonScanner(bytes);
  const look = (start: number): number => {
    const first = bytes[start];
    if (first !== 0x7b && first !== 0x5b) return scanner.skip(start);
    if (names.length >= MAX_DEPTH) throw new UnusableAnswer(`the verdict is nested deeper than ${MAX_DEPTH}`);
    const own = new Set<string>();
    names.push(own);
    let at = scanner.ws(start + 1);
    while (bytes[at] !== 0x7d && bytes[at] !== 0x5d) {
      if (first === 0x7b) {
        const end = scanner.skip(at);
        const name = JSON.parse(bytes.toString('utf8', at, end)) as string;
        if (own.has(name))
          throw new UnusableAnswer(`the verdict has ${JSON.stringify(name.slice(0, 80))} twice`);
        // Readers drop it, or make a prototype of it.
        if (name === '__proto__') throw new UnusableAnswer('the verdict has a member "__proto__"');
        own.add(name);
        at = scanner.ws(scanner.ws(end) + 1);
      }
      at = scanner.ws(look(at));
      if (bytes[at] === 0x2c) at = scanner.ws(at + 1);
    }
    names.pop();
    return at + 1;
  };
  look(scanner.ws(0));
}
