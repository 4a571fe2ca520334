import { JsonScanner, REF_SCHEME, type RefStep } from '@weft/model';

/** Something that goes into a value step by step. */
export interface Walker {
  readonly steps: readonly RefStep[];
}

/** Where a walker ends up. */
export type Stop =
  | { readonly kind: 'value'; readonly bytes: Uint8Array }
  /** At a ref, before it has gone all its steps. */
  | { readonly kind: 'ref'; readonly text: string; readonly rest: readonly RefStep[] }
  | { readonly kind: 'nowhere' };

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
/** Longer strings are no refs. */
const MAX_REF_BYTES = 16 * 1024;

/**
 * Sends all walkers through one JSON value. Each part of it is crossed once per level, however many walkers there are;
 * nothing is parsed, what they find are the bytes as they stand. Of duplicate members the last counts.
 */
export function walk<W extends Walker>(
  json: Uint8Array,
  walkers: readonly W[],
  stop: (walker: W, where: Stop) => void,
): void {
  const scanner = new JsonScanner(json);
  const start = scanner.ws(0);
  new Walk(scanner, stop).enter(start, scanner.skip(start), walkers, 0);
}

class Walk<W extends Walker> {
  private readonly scanner: JsonScanner;
  private readonly stop: (walker: W, where: Stop) => void;

  constructor(scanner: JsonScanner, stop: (walker: W, where: Stop) => void) {
    this.scanner = scanner;
    this.stop = stop;
  }

  /** The value in [start, end); the walkers have gone `depth` steps to it. No deeper than values nest. */
  enter(start: number, end: number, walkers: readonly W[], depth: number): void {
    const { buf } = this.scanner;
    const going: W[] = [];
    for (const walker of walkers) {
      if (walker.steps.length > depth) going.push(walker);
      else this.stop(walker, { kind: 'value', bytes: buf.subarray(start, end) });
    }
    if (going.length === 0) return;
    if (buf[start] === OPEN_BRACE) this.enterObject(start, going, depth);
    else if (buf[start] === OPEN_BRACKET) this.enterList(start, going, depth);
    else this.leave(this.refAt(start, end), going, depth);
  }

  private enterObject(start: number, walkers: readonly W[], depth: number): void {
    const wanted = this.split(walkers, depth, ({ edge, value }) =>
      edge === 'attr' || edge === 'key' ? value : null,
    );
    const spans = new Map<string, readonly [number, number]>();
    this.scanner.members(start, (key, from, to) => {
      if (wanted.has(key)) spans.set(key, [from, to]);
    });
    this.enterParts(wanted, spans, depth);
  }

  private enterList(start: number, walkers: readonly W[], depth: number): void {
    const wanted = this.split(walkers, depth, ({ edge, value }) => (edge === 'index' ? Number(value) : null));
    const spans = new Map<number, readonly [number, number]>();
    let index = 0;
    this.scanner.elements(start, (from, to) => {
      if (wanted.has(index)) spans.set(index, [from, to]);
      index++;
    });
    this.enterParts(wanted, spans, depth);
  }

  private enterParts<K>(
    wanted: ReadonlyMap<K, readonly W[]>,
    spans: ReadonlyMap<K, readonly [number, number]>,
    depth: number,
  ): void {
    for (const [key, walkers] of wanted) {
      const span = spans.get(key);
      if (span === undefined) this.leave(null, walkers, depth);
      else this.enter(span[0], span[1], walkers, depth + 1);
    }
  }

  /** By their next step. Where that cannot be taken they end. */
  private split<K>(walkers: readonly W[], depth: number, keyOf: (step: RefStep) => K | null): Map<K, W[]> {
    const groups = new Map<K, W[]>();
    for (const walker of walkers) {
      const key = keyOf(walker.steps[depth]!);
      const group = key === null ? undefined : groups.get(key);
      if (key === null) this.stop(walker, { kind: 'nowhere' });
      else if (group === undefined) groups.set(key, [walker]);
      else group.push(walker);
    }
    return groups;
  }

  private leave(ref: string | null, walkers: readonly W[], depth: number): void {
    for (const walker of walkers)
      this.stop(
        walker,
        ref === null ? { kind: 'nowhere' } : { kind: 'ref', text: ref, rest: walker.steps.slice(depth) },
      );
  }

  private refAt(start: number, end: number): string | null {
    if (this.scanner.buf[start] !== QUOTE || end - start > MAX_REF_BYTES) return null;
    const text = this.scanner.stringValue(start, end);
    return text.startsWith(REF_SCHEME) ? text : null;
  }
}
