import { useMemo, useRef, useState } from 'react';
import type { Call } from '../../api/calls.ts';

export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** @param isRange also everything between this and the one before (shift). */
  toggle(index: number, isRange: boolean): void;
  all(): void;
  clear(): void;
  /** Exactly these, loaded or not. */
  keep(ids: readonly string[]): void;
}

/** Which calls of a list are chosen. */
export function useSelection(calls: readonly Call[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const before = useRef<string>(undefined);
  const known = useRef(calls);
  known.current = calls;
  return useMemo(
    () => ({
      ids,
      toggle(index, isRange) {
        const list = known.current;
        const here = list[index];
        if (here === undefined) return;
        const from = isRange ? list.findIndex(({ id }) => id === before.current) : -1;
        const isOn = !ids.has(here.id);
        const [first, last] = from < 0 ? [index, index] : [Math.min(from, index), Math.max(from, index)];
        const next = new Set(ids);
        for (const { id } of list.slice(first, last + 1)) {
          if (isOn) next.add(id);
          else next.delete(id);
        }
        before.current = here.id;
        setIds(next);
      },
      all: () => setIds(new Set(known.current.map(({ id }) => id))),
      clear: () => setIds(new Set()),
      keep: (kept) => setIds(new Set(kept)),
    }),
    [ids],
  );
}
