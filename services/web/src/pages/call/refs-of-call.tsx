import { useMemo } from 'react';
import type { Call } from '../../api/calls.ts';
import { isContainer } from '../../ui/json-tree/json-value.ts';
import { RefLink } from '../../ui/ref-link.tsx';
import { headOf } from './tabs.ts';

const MAX_REFS = 50;
const MAX_VALUES = 20_000;

/** The objects that inputs and output point to. */
export function RefsOfCall({ call }: { readonly call: Call }) {
  const used = useMemo(() => refsIn([headOf(call.inputs), headOf(call.output)]), [call]);
  if (used.length === 0) return null;
  return (
    <section>
      <h2>Objects used</h2>
      <ul className="call-refs">
        {used.map((ref) => (
          <li key={ref}>
            <RefLink value={ref} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Refs without the paths into their values, each once, as they come. */
export function refsIn(values: readonly unknown[]): string[] {
  const found = new Set<string>();
  const stack = [...values].reverse();
  for (let seen = 0; stack.length > 0 && seen < MAX_VALUES && found.size < MAX_REFS; seen++) {
    const value = stack.pop();
    if (isContainer(value)) stack.push(...Object.values(value).slice(0, MAX_VALUES).reverse());
    const ref =
      typeof value === 'string' ? /^weave:\/\/\/[^/]+\/[^/]+\/(object|op)\/[^/]+/.exec(value) : null;
    if (ref !== null && ref[0].length < 1000) found.add(ref[0]);
  }
  return [...found];
}
