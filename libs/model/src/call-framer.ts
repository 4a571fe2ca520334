import { JsonMembers } from './json-members.ts';
import { JsonScanner } from './json-scan.ts';
import { SecretFinder } from './redact.ts';

const HOLDS_SECRETS: ReadonlySet<string> = new Set(['inputs', 'attributes', 'otel_dump']);

/** A call item found in a larger body: checked JSON, not yet typed. */
export interface FramedCall {
  /** Null when the item is no object. */
  readonly members: JsonMembers | null;
  /** The item's bytes, a part of the body. */
  readonly bytes: Uint8Array;
  /** Position after the item. */
  readonly end: number;
  /** Where in `bytes` secrets of inputs and attributes stand: for `redactAt`. */
  readonly secrets: readonly number[];
  /** Nested deeper than MAX_JSON_DEPTH: nothing that could be stored, but its neighbours can be read. */
  readonly isTooDeep: boolean;
}

/** Finds call items in a body, going over each byte once. */
export class CallFramer {
  readonly scanner: JsonScanner;
  private readonly finder: SecretFinder;
  private isTooDeep = false;

  constructor(body: Uint8Array) {
    this.finder = new SecretFinder(body);
    this.scanner = new JsonScanner(body, this.finder.onName, () => (this.isTooDeep = true));
  }

  /** @throws JsonSyntaxError: then the whole body is bad. */
  frame(start: number): FramedCall {
    const { scanner, finder } = this;
    finder.take(); // of what was crossed on the way here
    this.isTooDeep = false;
    if (scanner.buf[start] !== 0x7b) {
      const end = scanner.skip(start);
      return {
        members: null,
        bytes: scanner.buf.subarray(start, end),
        end,
        secrets: [],
        isTooDeep: this.isTooDeep,
      };
    }
    const secrets: number[] = [];
    const onMember = (name: string): void => {
      const found = finder.take();
      // All of several members of the same name: the bytes are kept, so every one of them would reach the disk.
      if (HOLDS_SECRETS.has(name)) for (const at of found) secrets.push(at - start);
    };
    const members = JsonMembers.at(scanner, start, { onMember });
    return {
      members,
      bytes: scanner.buf.subarray(start, members.end),
      end: members.end,
      secrets,
      isTooDeep: this.isTooDeep,
    };
  }
}
