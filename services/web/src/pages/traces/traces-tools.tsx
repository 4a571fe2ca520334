import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import type { CallStatus } from '../../api/calls.ts';
import { facetQuery } from '../../api/traces.ts';
import { count, opName } from '../../ui/format.ts';
import { Combobox } from './combobox.tsx';
import { FilterChips } from './filter-chips.tsx';
import { useSettled } from './settled.ts';
import { TimeRange } from './time-range.tsx';
import { clean, filterOf, type TracesSearch } from './traces-search.ts';

/** Typing is over after this. */
const TYPED_MS = 250;

interface Props {
  readonly projectId: string;
  readonly search: TracesSearch;
  readonly onChange: (search: TracesSearch) => void;
  /** What is done with the list. */
  readonly children: ReactNode;
}

/** What is listed. Everything chosen here stands in the address. */
export function TracesTools({ projectId, search, onChange, children }: Props) {
  const set = (change: TracesSearch) => onChange(clean({ ...search, ...change }));
  return (
    <div className="traces-tools" role="search">
      <div className="tools-row">
        <Typed
          className="field grow"
          label="Search in inputs and output"
          value={search.text ?? ''}
          onTyped={(text) => set({ text })}
        />
        <OpBox projectId={projectId} search={search} onTyped={(op) => set({ op })} />
        <select
          className="field"
          aria-label="Status"
          value={search.status ?? ''}
          onChange={(event) => set({ status: (event.target.value || undefined) as CallStatus | undefined })}
        >
          <option value="">Any status</option>
          <option value="success">ok</option>
          <option value="error">error</option>
          <option value="descendant_error">error below</option>
          <option value="running">running</option>
        </select>
        <TimeRange search={search} onChange={set} />
        <label className="every">
          <input
            type="checkbox"
            checked={search.all ?? false}
            onChange={(event) => set({ all: event.target.checked || undefined })}
          />{' '}
          every call
        </label>
      </div>
      <div className="tools-row">
        <FilterChips projectId={projectId} search={search} onChange={set} />
        <span className="push" />
        {children}
      </div>
    </div>
  );
}

function OpBox({
  projectId,
  search,
  onTyped,
}: {
  readonly projectId: string;
  readonly search: TracesSearch;
  readonly onTyped: (op: string | undefined) => void;
}) {
  const [text, setText] = useTyped(search.op ?? '', onTyped);
  const [isUsed, setUsed] = useState(false);
  const settled = useSettled(text, 200);
  const { op: _op, ...filter } = filterOf(search);
  const facet = useQuery({
    ...facetQuery(projectId, filter, 'op_name', settled),
    enabled: isUsed,
  });
  const names = new Map<string, number>();
  for (const { value, count: calls } of facet.data?.values ?? [])
    names.set(opName(value), (names.get(opName(value)) ?? 0) + calls);
  return (
    <span onFocus={() => setUsed(true)}>
      <Combobox
        label="Op"
        value={text}
        onInput={setText}
        onPick={(op) => {
          setText(op);
          onTyped(op || undefined);
        }}
        suggestions={[...names].map(([value, calls]) => ({ value, note: count.format(calls) }))}
      />
    </span>
  );
}

/** A text that is told when typing is over. */
function useTyped(value: string, onTyped: (text: string | undefined) => void) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onTyped(text || undefined), TYPED_MS);
    return () => clearTimeout(timer);
  });
  return [text, setText] as const;
}

function Typed({
  className,
  label,
  value,
  onTyped,
}: {
  readonly className: string;
  readonly label: string;
  readonly value: string;
  readonly onTyped: (text: string | undefined) => void;
}) {
  const [text, setText] = useTyped(value, onTyped);
  return (
    <input
      className={className}
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
    />
  );
}
