/**
 * Who is below whom, by 64-bit hashes of their ids: about 40 bytes a call, so that a trace of millions can be walked. Parents may
 * come before or after their children, may be missing, several, or go in circles.
 */
export class Family {
  private nodes = 0;
  /** Hashes of the nodes, by their number. */
  private high = new Uint32Array(1024);
  private low = new Uint32Array(1024);
  /** Open addressing: number of a node plus one; 0 = free. */
  private slots = new Uint32Array(4096);
  private pairs = 0;
  private childOf = new Uint32Array(1024);
  private parentOf = new Uint32Array(1024);
  private below = new Uint8Array(0);

  add(id: Hash, parent: Hash): void {
    if (this.pairs === this.childOf.length) {
      this.childOf = doubled(this.childOf);
      this.parentOf = doubled(this.parentOf);
    }
    this.childOf[this.pairs] = this.numberOf(id);
    this.parentOf[this.pairs++] = this.numberOf(parent);
  }

  /** Marks the given ones and everything below them. */
  mark(roots: readonly Hash[]): void {
    const firstChild = new Uint32Array(this.nodes + 1);
    for (let i = 0; i < this.pairs; i++) firstChild[this.parentOf[i]! + 1]!++;
    for (let n = 0; n < this.nodes; n++) firstChild[n + 1]! += firstChild[n]!;
    const filled = firstChild.slice();
    const children = new Uint32Array(this.pairs);
    for (let i = 0; i < this.pairs; i++) children[filled[this.parentOf[i]!]!++] = this.childOf[i]!;
    this.below = new Uint8Array(this.nodes);
    const open: number[] = [];
    const reach = (node: number) => {
      if (this.below[node] === 1) return;
      this.below[node] = 1;
      open.push(node);
    };
    for (const root of roots) {
      const node = this.find(root);
      if (node !== undefined) reach(node);
    }
    for (let node = open.pop(); node !== undefined; node = open.pop())
      for (let i = firstChild[node]!; i < firstChild[node + 1]!; i++) reach(children[i]!);
  }

  isMarked(id: Hash): boolean {
    const node = this.find(id);
    return node !== undefined && this.below[node] === 1;
  }

  private find(hash: Hash): number | undefined {
    const node = this.slots[this.slotOf(hash)]!;
    return node === 0 ? undefined : node - 1;
  }

  private numberOf(hash: Hash): number {
    const slot = this.slotOf(hash);
    const known = this.slots[slot]!;
    if (known > 0) return known - 1;
    if (this.nodes === this.high.length) {
      this.high = doubled(this.high);
      this.low = doubled(this.low);
    }
    this.high[this.nodes] = hash.high;
    this.low[this.nodes] = hash.low;
    this.slots[slot] = ++this.nodes;
    if (this.nodes * 2 > this.slots.length) this.spread();
    return this.nodes - 1;
  }

  /** Where the hash is, or would be. */
  private slotOf({ high, low }: Hash): number {
    const mask = this.slots.length - 1;
    let slot = low & mask;
    for (;;) {
      const node = this.slots[slot]!;
      if (node === 0 || (this.low[node - 1] === low && this.high[node - 1] === high)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private spread(): void {
    this.slots = new Uint32Array(this.slots.length * 2);
    for (let n = 0; n < this.nodes; n++)
      this.slots[this.slotOf({ high: this.high[n]!, low: this.low[n]! })] = n + 1;
  }
}

export interface Hash {
  readonly high: number;
  readonly low: number;
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
