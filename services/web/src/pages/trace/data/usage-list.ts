import { withRoom } from './growing.ts';

/** Tokens of one model. A cost of NaN is not known. */
export interface Usage {
  readonly in: number;
  readonly out: number;
  readonly read: number;
  readonly written: number;
  readonly cost: number;
}

const END = -1;
const FIELDS = 5;

/** What calls used by their own summaries: a list per call, most of them empty. */
export class UsageList {
  private heads = new Int32Array(0);
  private next = new Int32Array(0);
  private models = new Uint32Array(0);
  private values = new Float64Array(0);
  private known = 0;
  private count = 0;

  reserve(rows: number): void {
    if (rows <= this.known) return;
    this.heads = withRoom(this.heads, rows);
    this.heads.fill(END, this.known, rows);
    this.known = rows;
  }

  clear(row: number): void {
    this.heads[row] = END;
  }

  /** Of a model that the call has already, takes its place. */
  set(row: number, model: number, usage: Usage): void {
    let at = this.find(row, model);
    if (at === END) {
      at = this.count++;
      this.next = withRoom(this.next, this.count);
      this.models = withRoom(this.models, this.count);
      this.values = withRoom(this.values, this.count * FIELDS);
      this.next[at] = this.heads[row]!;
      this.models[at] = model;
      this.heads[row] = at;
    }
    this.values.set([usage.in, usage.out, usage.read, usage.written, usage.cost], at * FIELDS);
  }

  /** First entry of a call, or -1. */
  first(row: number): number {
    return this.heads[row]!;
  }
  /** Entry behind another, or -1. */
  after(entry: number): number {
    return this.next[entry]!;
  }
  model(entry: number): number {
    return this.models[entry]!;
  }
  /** In the order in, out, read, written, cost. */
  value(entry: number, field: 0 | 1 | 2 | 3 | 4): number {
    return this.values[entry * FIELDS + field]!;
  }

  private find(row: number, model: number): number {
    let at = this.heads[row]!;
    while (at !== END && this.models[at] !== model) at = this.next[at]!;
    return at;
  }
}
