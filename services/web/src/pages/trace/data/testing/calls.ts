import type { TracePart } from '../../../../api/trace.ts';

/** A call as tests say it. */
export interface TestCall {
  readonly id: string;
  readonly parent?: string | null;
  readonly startUs: number;
  /** -1: it runs. */
  readonly durationUs: number;
  readonly name?: string;
  readonly state?: number;
  readonly isSpan?: boolean;
  readonly error?: string;
  readonly usage?: readonly TestUsage[];
}

export interface TestUsage {
  readonly model: string;
  readonly in: number;
  readonly out: number;
  readonly cost: number;
}

/** As the server would send them. */
export function partOf(calls: readonly TestCall[], baseUs = 1_000_000): TracePart {
  const ids = calls.map(({ id }) => new TextEncoder().encode(id));
  const ends = new Uint32Array(ids.length);
  ids.reduce((sum, { length }, i) => (ends[i] = sum + length), 0);
  const rowOf = new Map(calls.map(({ id }, i) => [id, i]));
  const lists = { names: [] as string[], models: [] as string[], errors: [] as string[], outside: [] as string[] };
  const place = (list: string[], text: string) => {
    const known = list.indexOf(text);
    return known < 0 ? list.push(text) - 1 : known;
  };
  const parentOf = (id: string | null | undefined) =>
    id === null || id === undefined ? -1 : (rowOf.get(id) ?? -2 - place(lists.outside, id));
  const used = calls.flatMap(({ usage = [] }, row) => usage.map((each) => ({ row, ...each })));
  const failed = calls.flatMap(({ error }, row) => (error === undefined ? [] : [{ row, error }]));
  const f64 = (values: readonly number[]) => Float64Array.from(values);
  const u32 = (values: readonly number[]) => Uint32Array.from(values);
  return {
    trace_id: 'trace',
    rows: calls.length,
    next: null,
    base_us: baseUs,
    ...lists,
    column: {
      ids: Uint8Array.from(ids.flatMap((each) => [...each])),
      id_ends: ends,
      parents: Int32Array.from(calls.map(({ parent }) => parentOf(parent))),
      names: u32(calls.map(({ name = 'op' }) => place(lists.names, name))),
      starts: f64(calls.map(({ startUs }) => startUs + 1_000_000 - baseUs)),
      durations: f64(calls.map(({ durationUs }) => durationUs)),
      states: Uint8Array.from(calls.map(({ state = 0 }) => state)),
      spans: Uint8Array.from(calls.map(({ isSpan }) => (isSpan === true ? 1 : 0))),
      usage_rows: u32(used.map(({ row }) => row)),
      usage_models: u32(used.map(({ model }) => place(lists.models, model))),
      usage_in: f64(used.map((each) => each.in)),
      usage_out: f64(used.map((each) => each.out)),
      usage_read: f64(used.map(() => 0)),
      usage_written: f64(used.map(() => 0)),
      usage_costs: f64(used.map(({ cost }) => cost)),
      error_rows: u32(failed.map(({ row }) => row)),
      error_texts: u32(failed.map(({ error }) => place(lists.errors, error))),
    },
  };
} // prettier-ignore

/** A seeded source of whole numbers below `n`. */
export function dice(seed: number): (n: number) => number {
  let state = seed * 2654435761 + 1;
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % n;
  };
}

/** Trees with orphans and circles, calls that run, fail, and repeat what is below them. */
export function randomCalls(seed: number, count: number): TestCall[] {
  const roll = dice(seed);
  const calls = Array.from({ length: count }, (_, i): TestCall => {
    const kind = roll(20);
    const parent =
      kind === 0
        ? null
        : kind === 1
          ? `gone ${roll(3)}`
          : `c${kind < 4 ? roll(count) : roll(Math.max(1, i))}`;
    const used = roll(3) === 0;
    return {
      id: `c${i}`,
      parent: i === 0 ? null : parent,
      startUs: roll(6) === 0 ? roll(count * 2) : i * 2,
      durationUs: roll(12) === 0 ? -1 : roll(count),
      name: `op ${roll(5)}`,
      state: roll(8) === 0 ? 1 : 0,
      isSpan: roll(2) === 0,
      ...(used && {
        usage: [{ model: `m${roll(2)}`, in: 1 + roll(3), out: roll(3), cost: roll(4) === 0 ? NaN : roll(9) }],
      }),
    };
  });
  // Some say what their children used.
  return calls.map((call) => {
    const below = calls.filter((each) => each.parent === call.id).flatMap(({ usage = [] }) => usage);
    if (below.length === 0 || roll(2) === 0) return call;
    const models = [...new Set(below.map(({ model }) => model))];
    const sum = (model: string, of: 'in' | 'out') =>
      below.reduce((all, each) => (each.model === model ? all + each[of] : all), 0);
    return {
      ...call,
      usage: models.map((model) => ({ model, in: sum(model, 'in'), out: sum(model, 'out'), cost: 1 })),
    };
  });
}
