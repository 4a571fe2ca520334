import { ApiError } from '../../../api/request.ts';
import { FIRST_PART_ROWS, readTracePart, type FirstPart, type TracePart } from '../../../api/trace.ts';
import { rollUp, type Sums } from './roll-up.ts';
import { shapeOf, type Shape } from './shape.ts';
import { slowPath } from './slow-path.ts';
import { TraceTable } from './trace-table.ts';
import { foldFrom, reveal } from './visible.ts';
import { withRoom } from './growing.ts';

const PART_ROWS = [FIRST_PART_ROWS, 50_000, 100_000] as const;
const POLL_MS = 2000;
/** While nothing happens. */
const IDLE_POLL_MS = 10_000;
const IDLE_POLLS = 30;
/** Clocks of servers differ, and a row may be seen a moment after it was stored. */
const SLACK_S = 10;
/** A trace that ended that lately may go on. */
const FRESH_US = 15_000_000;
/** Calls that have not said anything for that long were left behind: they do not stretch the picture. */
const ABANDONED_US = 3_600_000_000;
const MAX_CATCH_UP_S = 3600;

/** What a part of the page needs to know of the others. Replaced when something changes. */
export interface TraceState {
  readonly shape: Shape;
  readonly sums: Sums;
  readonly isSlow: Uint8Array;
  /** Where calls that run are drawn to, and the picture ends. */
  readonly nowUs: number;
  readonly total: number;
  readonly isLoading: boolean;
  readonly error: unknown;
  /** Grows with each change of the calls; with `folds` for what is shown. */
  readonly version: number;
  readonly folds: number;
}

const NOTHING = new Int32Array(0);
const EMPTY: TraceState = {
  shape: shapeOf({ count: 0, parents: NOTHING, byStart: NOTHING }),
  sums: {
    tokensIn: new Float64Array(0),
    tokensOut: new Float64Array(0),
    cost: new Float64Array(0),
    errors: NOTHING,
  },
  isSlow: new Uint8Array(0),
  nowUs: 1,
  total: 0,
  isLoading: true,
  error: undefined,
  version: 0,
  folds: 0,
};

/** One trace as it comes in, and how it is looked at. Lives longer than the page that shows it: going to another call of the trace loads nothing. */
export class TraceSession {
  readonly projectId: string;
  readonly traceId: string;
  readonly table = new TraceTable();
  /** By row; 1 = what is below is not shown. */
  folded = new Uint8Array(0);
  /** Where the list was scrolled to. */
  scrollTop = 0;
  state = EMPTY;
  private readonly listeners = new Set<() => void>();
  private readonly aborter = new AbortController();
  private askedAtMs = 0;
  private quietPolls = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** @param first of the trace, if it is there already. */
  constructor(projectId: string, traceId: string, first?: FirstPart) {
    this.projectId = projectId;
    this.traceId = traceId;
    void this.load(first);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.state.isLoading) this.schedule(0);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) clearTimeout(this.timer);
    };
  };
  readonly current = (): TraceState => this.state;

  /** Loads what is missing, after an error too. */
  async load(first?: FirstPart): Promise<void> {
    this.set({ isLoading: true, error: undefined });
    this.askedAtMs = first?.askedAtMs ?? performance.now();
    try {
      if (first !== undefined) this.take(first.part);
      if (first?.part.next !== null) await this.read({ after: first?.part.next });
      this.set({ isLoading: false });
      this.schedule(POLL_MS);
    } catch (error) {
      if (!this.aborter.signal.aborted) this.set({ isLoading: false, error });
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.aborter.abort();
  }

  fold(row: number, isFolded: boolean): void {
    this.folded[row] = isFolded ? 1 : 0;
    this.foldsChanged();
  }

  /** @param level calls that deep and deeper are folded; Infinity = none. */
  foldFrom(level: number): void {
    foldFrom(this.state.shape, level, this.folded);
    this.foldsChanged();
  }

  reveal(row: number): void {
    if (reveal(this.state.shape, row, this.folded)) this.foldsChanged();
  }

  private foldsChanged(): void {
    this.set({ folds: this.state.folds + 1 });
  }

  private async read(from: {
    readonly after?: string | undefined;
    readonly withinSeconds?: number;
  }): Promise<boolean> {
    const { withinSeconds } = from;
    const ask = (i: number, after?: string) => {
      const limit = withinSeconds === undefined ? PART_ROWS[Math.min(i, PART_ROWS.length - 1)] : PART_ROWS[2];
      const request = { of: this, after, withinSeconds, limit };
      return readTracePart(this.projectId, request, this.aborter.signal);
    };
    let isNew = false;
    let i = from.after === undefined ? 0 : 1;
    for (let coming: Promise<TracePart> | undefined = ask(i, from.after); coming !== undefined;) {
      const part: TracePart = await coming;
      // The server works on the next one meanwhile.
      coming = part.next === null ? undefined : ask(++i, part.next);
      coming?.catch(() => undefined);
      isNew = this.take(part) || isNew;
    }
    return isNew;
  }

  private take(part: TracePart): boolean {
    const isNew = this.table.add(part);
    if (!isNew && part.total === undefined) {
      // Bars of calls that run grow.
      if (this.table.running > 0) this.redraw(this.state.shape, this.state.sums);
      return false;
    }
    this.folded = withRoom(this.folded, this.table.count);
    const total = Math.max(part.total ?? this.state.total, this.table.count);
    this.state = { ...this.state, total };
    const shape = shapeOf(this.table);
    this.redraw(shape, rollUp(this.table, shape));
    return isNew;
  }

  private redraw(shape: Shape, sums: Sums): void {
    const nowUs = this.now();
    const isSlow = slowPath(this.table, shape, nowUs);
    this.set({ shape, sums, isSlow, nowUs, version: this.state.version + 1 });
  }

  private now(): number {
    const { endUs, baseUs, running } = this.table;
    const clockUs = Date.now() * 1000 - baseUs;
    const isAlive = running > 0 && clockUs - endUs < ABANDONED_US;
    return Math.max(1, isAlive ? Math.max(endUs, clockUs) : endUs);
  }

  private isLive(): boolean {
    const { endUs, baseUs, running } = this.table;
    return running > 0 || Date.now() * 1000 - (baseUs + endUs) < FRESH_US;
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    if (this.listeners.size === 0 || !this.isLive() || this.state.error !== undefined) return;
    this.timer = setTimeout(() => void this.poll(), ms);
  }

  private async poll(): Promise<void> {
    if (document.hidden) return this.schedule(POLL_MS);
    const sinceS = Math.ceil((performance.now() - this.askedAtMs) / 1000) + SLACK_S;
    const askedAtMs = performance.now();
    try {
      const isNew = await this.read(sinceS > MAX_CATCH_UP_S ? {} : { withinSeconds: sinceS });
      this.askedAtMs = askedAtMs;
      this.quietPolls = isNew ? 0 : this.quietPolls + 1;
    } catch (error) {
      // The next one asks for what this one missed. Whoever may not read the project does not get it by asking again.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) this.set({ error });
    }
    this.schedule(this.quietPolls < IDLE_POLLS ? POLL_MS : IDLE_POLL_MS);
  }

  private set(change: Partial<TraceState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
