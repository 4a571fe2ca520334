import { parseRef } from '@weft/model';
import { readRefs, type ObjectRef } from './refs/read-refs.ts';

/** Of values that are kept for the next refs. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

type Reader = Parameters<typeof readRefs>[0];

/**
 * Values of refs to objects of one project, read in batches; what was read lately is not read again. Other projects are
 * not the reader's to see, and what does not exist, or is deleted, has no value.
 */
export class RefValues {
  private readonly kept = new Map<string, Uint8Array | null>();
  private keptBytes = 0;
  private readonly reader: Reader;
  private readonly projectId: string;

  constructor(reader: Reader, projectId: string) {
    this.reader = reader;
    this.projectId = projectId;
  }

  /** JSON values by ref; those without one are missing. */
  async of(refs: Iterable<string>): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const wanted = new Map<string, ObjectRef>();
    for (const text of new Set(refs)) {
      const known = this.kept.get(text);
      const ref = known === undefined ? this.parse(text) : undefined;
      if (known) found.set(text, known);
      if (ref !== undefined) wanted.set(text, ref);
    }
    const texts = wanted.keys();
    for await (const values of readRefs(this.reader, [...wanted.values()], undefined, { isLenient: true })) {
      for (const value of values) {
        const text = texts.next().value!;
        // Out of what came with it: that may be much more.
        const own = value && new Uint8Array(value);
        if (own !== null) found.set(text, own);
        this.keep(text, own);
      }
    }
    return found;
  }

  private parse(text: string): ObjectRef | undefined {
    try {
      const ref = parseRef(text);
      return ref.projectId === this.projectId && (ref.kind === 'object' || ref.kind === 'op')
        ? ref
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** The oldest go first. */
  private keep(text: string, value: Uint8Array | null): void {
    this.kept.set(text, value);
    this.keptBytes += sizeOf(text, value);
    for (const [oldest, other] of this.kept) {
      if (this.keptBytes <= MAX_KEPT_BYTES) return;
      this.kept.delete(oldest);
      this.keptBytes -= sizeOf(oldest, other);
    }
  }
}

function sizeOf(text: string, value: Uint8Array | null): number {
  return 100 + text.length + (value?.length ?? 0);
}
