import { fieldsOf, type Field, type Row } from '@weft/query-language';
import { matchesQuery, type Monitor } from '@weft/scoring';
import { rowOfCall, type CallPayload, type StoredCall } from '@weft/trace-store';

/** What monitors ask of a call beyond its op. */
export interface Holds {
  /** Whether there is anything to look at. */
  asks(monitor: Monitor): boolean;
  /** What `of` has to be shown of calls. */
  readonly payloads: readonly CallPayload[];
  of(monitor: Monitor, call: StoredCall): boolean;
}

const ALL: readonly CallPayload[] = ['attributes', 'inputs', 'output', 'summary'];

/** @param onFailed told once for each monitor whose query could not be held against a call; then it does not hold. */
export function createHolds(
  monitors: readonly Monitor[],
  onFailed: (monitor: Monitor, error: unknown) => void = () => undefined,
): Holds {
  const failed = new Set<Monitor>();
  // A row remembers what was asked of it, and every monitor asks.
  const rows = new WeakMap<StoredCall, Row>();
  const rowOf = (call: StoredCall): Row => {
    let row = rows.get(call);
    if (row === undefined) rows.set(call, (row = rowOfCall(call)));
    return row;
  };
  const fields = monitors.flatMap(({ query }) => (query === undefined ? [] : fieldsOf(query)));
  const needed = new Set(fields.flatMap(payloadsOf));
  return {
    asks: ({ query }) => query !== undefined,
    payloads: ALL.filter((payload) => needed.has(payload)),
    of(monitor, call) {
      try {
        return matchesQuery(monitor, rowOf(call));
      } catch (error) {
        // One monitor must not keep all others from their calls.
        if (!failed.has(monitor)) onFailed(monitor, error);
        failed.add(monitor);
        return false;
      }
    },
  };
}

/** Where the store keeps what the field is made of (rowOfCall). */
function payloadsOf(field: Field): readonly CallPayload[] {
  if (field.kind === 'json') {
    const own = ALL.find((payload) => payload === field.column);
    // Of spans, whose values may lie in any of them; feedback is of no call that was just stored.
    return own === undefined ? ALL : [own];
  }
  if (field.name === 'input_refs') return ['inputs'];
  if (field.name === 'output_refs') return ['output'];
  return field.name.startsWith('summary.') ? ['summary'] : [];
}
