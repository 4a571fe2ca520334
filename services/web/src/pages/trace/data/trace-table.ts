import type { TracePart } from '../../../api/trace.ts';
import { STATE } from '../../../api/trace.ts';
import { withRoom } from './growing.ts';
import { IdIndex } from './id-index.ts';
import { UsageList } from './usage-list.ts';
import { Words } from './words.ts';

/** No parent, or none that is known. */
export const NONE = -1;
/** Duration of a call that has not ended. */
export const RUNNING = -1;

/** The calls of a trace that are known so far. A row stays a call's own; later parts change what is in it. Times in µs from `baseUs`. */
export class TraceTable {
  readonly ids = new IdIndex();
  readonly names = new Words();
  readonly models = new Words();
  readonly errorTexts = new Words();
  readonly usage = new UsageList();
  /** As told; a parent that has not come is `NONE`. */
  parents = new Int32Array(0);
  nameOf = new Uint32Array(0);
  starts = new Float64Array(0);
  durations = new Float64Array(0);
  states = new Uint8Array(0);
  spans = new Uint8Array(0);
  /** Places in `errorTexts`. */
  errorOf = new Int32Array(0);
  /** Rows by their start. */
  byStart = new Int32Array(0);
  baseUs = 0;
  count = 0;
  running = 0;
  /** Where the last known moment is. */
  endUs = 0;
  private readonly waiting = new Map<string, number[]>();

  /** @returns whether anything is new. */
  add(part: TracePart): boolean {
    if (part.rows === 0) return false;
    if (this.count === 0) this.baseUs = part.base_us;
    const first = this.count;
    const rows = this.rowsOf(part);
    this.reserve(this.count);
    const isNew = this.fill(part, rows, first);
    this.adopt(first);
    this.sort(first);
    return isNew;
  }

  /** Rows of the part's calls; new calls get new ones. */
  private rowsOf({ rows: length, column: { ids, id_ends: ends } }: TracePart): Int32Array {
    const rows = new Int32Array(length);
    for (let i = 0, from = 0; i < length; i++) {
      const to = ends[i]!;
      const known = this.ids.find(ids, from, to);
      rows[i] = known >= 0 ? known : this.ids.add(ids, from, to);
      from = to;
    }
    this.count = this.ids.count;
    return rows;
  }

  private reserve(count: number): void {
    this.parents = withRoom(this.parents, count);
    this.nameOf = withRoom(this.nameOf, count);
    this.starts = withRoom(this.starts, count);
    this.durations = withRoom(this.durations, count);
    this.states = withRoom(this.states, count);
    this.spans = withRoom(this.spans, count);
    this.errorOf = withRoom(this.errorOf, count);
    this.usage.reserve(count);
  }

  private fill(part: TracePart, rows: Int32Array, first: number): boolean {
    const { column } = part;
    const names = part.names.map((text) => this.names.placeOf(text));
    const offset = part.base_us - this.baseUs;
    let isNew = this.count > first;
    for (let i = 0; i < part.rows; i++) {
      const row = rows[i]!;
      const [duration, state, name] = [column.durations[i]!, column.states[i]!, names[column.names[i]!]!];
      const isKnown = row < first;
      if (isKnown && this.isSame(row, duration, state, name)) continue;
      isNew = true;
      if (isKnown && this.durations[row] === RUNNING) this.running--;
      if (duration === RUNNING) this.running++;
      this.nameOf[row] = name;
      this.starts[row] = column.starts[i]! + offset;
      this.durations[row] = duration;
      this.states[row] = state;
      this.spans[row] = column.spans[i]!;
      this.errorOf[row] = NONE;
      this.usage.clear(row);
      this.endUs = Math.max(this.endUs, this.starts[row] + Math.max(0, duration));
      if (!isKnown) this.parents[row] = this.parentOf(part, rows, column.parents[i]!, row);
    }
    this.fillFew(part, rows);
    return isNew;
  }

  private isSame(row: number, duration: number, state: number, name: number): boolean {
    return this.durations[row] === duration && this.states[row] === state && this.nameOf[row] === name;
  }

  private fillFew(part: TracePart, rows: Int32Array): void {
    const { column } = part;
    const models = part.models.map((text) => this.models.placeOf(text));
    for (let i = column.usage_rows.length - 1; i >= 0; i--) {
      const row = rows[column.usage_rows[i]!]!;
      // Of a call that came again as it was, they are there.
      this.usage.set(row, models[column.usage_models[i]!]!, {
        in: column.usage_in[i]!,
        out: column.usage_out[i]!,
        read: column.usage_read[i]!,
        written: column.usage_written[i]!,
        cost: column.usage_costs[i]!,
      });
    }
    const errors = part.errors.map((text) => this.errorTexts.placeOf(text));
    for (let i = 0; i < column.error_rows.length; i++)
      this.errorOf[rows[column.error_rows[i]!]!] = errors[column.error_texts[i]!]!;
  }

  private parentOf({ outside }: TracePart, rows: Int32Array, parent: number, row: number): number {
    if (parent >= 0) return rows[parent]!;
    if (parent === NONE) return NONE;
    const id = outside[-2 - parent]!;
    const known = this.ids.findText(id);
    if (known >= 0) return known;
    const others = this.waiting.get(id);
    if (others === undefined) this.waiting.set(id, [row]);
    else others.push(row);
    return NONE;
  }

  /** Calls whose parent came later than they. */
  private adopt(first: number): void {
    if (this.count === first) return;
    for (const [id, children] of this.waiting) {
      const parent = this.ids.findText(id);
      if (parent < 0) continue;
      for (const child of children) this.parents[child] = parent;
      this.waiting.delete(id);
    }
  }

  /** Parts come in the order of time; what happens meanwhile may lie before what is there. */
  private sort(first: number): void {
    if (this.count === first) return;
    const before = (a: number, b: number) => this.starts[a]! - this.starts[b]! || a - b;
    const added = Int32Array.from({ length: this.count - first }, (_, i) => first + i);
    for (let i = 1; i < added.length; i++) {
      if (before(added[i - 1]!, added[i]!) <= 0) continue;
      added.sort(before);
      break;
    }
    const old = this.byStart;
    const merged = new Int32Array(this.count);
    for (let i = 0, a = 0, b = 0; i < merged.length; i++) {
      const isOld = b === added.length || (a < old.length && before(old[a]!, added[b]!) <= 0);
      merged[i] = isOld ? old[a++]! : added[b++]!;
    }
    this.byStart = merged;
  }

  isError(row: number): boolean {
    return this.states[row] === STATE.error;
  }

  /** @param nowUs where calls that run are drawn to. */
  endOf(row: number, nowUs: number): number {
    const duration = this.durations[row]!;
    return duration === RUNNING ? Math.max(nowUs, this.starts[row]!) : this.starts[row]! + duration;
  }
}
