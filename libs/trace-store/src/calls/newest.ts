/** Where a row of `calls` lies within its project, and which of the rows there it is. */
export interface Key {
  readonly startedAtUs: number;
  readonly id: string;
  readonly ver: bigint;
}

/** Of neighbouring items with the same key keeps the one with the highest version. */
export class NewestOfNeighbours<T> {
  private held: T | undefined;
  /** Key of the last item that was let go. */
  lastWhole: Key | undefined;
  private readonly keyOf: (item: T) => { readonly startedAtUs: number; readonly id: string };
  private readonly versionOf: (item: T) => bigint;

  constructor(
    keyOf: (item: T) => { readonly startedAtUs: number; readonly id: string },
    versionOf: (item: T) => bigint,
  ) {
    this.keyOf = keyOf;
    this.versionOf = versionOf;
  }

  /** Items that nothing newer can follow; the last one is held back. */
  push(items: readonly T[]): T[] {
    const out: T[] = [];
    for (const item of items) {
      const { held } = this;
      if (held === undefined) this.held = item;
      else if (
        this.keyOf(held).id !== this.keyOf(item).id ||
        this.keyOf(held).startedAtUs !== this.keyOf(item).startedAtUs
      ) {
        out.push(held);
        this.held = item;
      } else if (this.versionOf(item) > this.versionOf(held)) this.held = item;
    }
    const last = out.at(-1);
    if (last !== undefined) this.lastWhole = { ...this.keyOf(last), ver: 0n };
    return out;
  }

  end(): T[] {
    return this.held === undefined ? [] : [this.held];
  }
}
