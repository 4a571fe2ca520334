/** Where a row of `calls` lies within its project, and which of the rows there it is. */
export interface Key {
  readonly startedAtUs: number;
  readonly id: string;
  readonly spanTraceId: string;
  readonly ver: bigint;
}

/** Of neighbouring items of the same call keeps the one with the highest version. */
export class NewestOfNeighbours<T extends Key> {
  private held: T | undefined;
  /** Key of the last item that was let go. */
  lastWhole: Key | undefined;

  /** Items that nothing newer can follow; the last one is held back. */
  push(items: readonly T[]): T[] {
    const out: T[] = [];
    for (const item of items) {
      const { held } = this;
      if (held === undefined) this.held = item;
      else if (!isSameCall(held, item)) {
        out.push(held);
        this.held = item;
      } else if (item.ver > held.ver) this.held = item;
    }
    this.lastWhole = out.at(-1) ?? this.lastWhole;
    return out;
  }

  end(): T[] {
    return this.held === undefined ? [] : [this.held];
  }
}

function isSameCall(a: Key, b: Key): boolean {
  return a.id === b.id && a.startedAtUs === b.startedAtUs && a.spanTraceId === b.spanTraceId;
}
