import { withRoom } from './growing.ts';

const EMPTY = -1;

/** Ids of calls as bytes, and where each is: a million strings in a map would be ten times as much memory. */
export class IdIndex {
  private text = new Uint8Array(0);
  private ends = new Uint32Array(0);
  private slots = new Int32Array(64).fill(EMPTY);
  count = 0;

  /** The row of the id in `bytes`, or -1. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.slots.length - 1;
    for (let slot = hash(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const row = this.slots[slot]!;
      if (row === EMPTY || this.isAt(row, bytes, from, to)) return row;
    }
  }

  findText(id: string): number {
    const bytes = new TextEncoder().encode(id);
    return this.find(bytes, 0, bytes.length);
  }

  /** The next row. The id must not be there yet. */
  add(bytes: Uint8Array, from: number, to: number): number {
    const row = this.count++;
    const start = this.startOf(row);
    const end = start + (to - from);
    this.ends = withRoom(this.ends, this.count);
    this.text = withRoom(this.text, end);
    this.text.set(bytes.subarray(from, to), start);
    this.ends[row] = end;
    if (this.count * 2 > this.slots.length) this.rehash();
    else this.place(row);
    return row;
  }

  textOf(row: number): string {
    return decoder.decode(this.text.subarray(this.startOf(row), this.ends[row]));
  }

  private startOf(row: number): number {
    return row === 0 ? 0 : this.ends[row - 1]!;
  }

  private isAt(row: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.startOf(row);
    if (this.ends[row]! - start !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (this.text[start + i] !== bytes[from + i]) return false;
    return true;
  }

  private place(row: number): void {
    const mask = this.slots.length - 1;
    let slot = hash(this.text, this.startOf(row), this.ends[row]!) & mask;
    while (this.slots[slot] !== EMPTY) slot = (slot + 1) & mask;
    this.slots[slot] = row;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(EMPTY);
    for (let row = 0; row < this.count; row++) this.place(row);
  }
}

const decoder = new TextDecoder();

/** FNV-1a, its high bits folded into the low ones. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let value = 0x811c9dc5;
  for (let i = from; i < to; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return value ^ (value >>> 15);
}
