import { useEffect, useState } from 'react';
import type { CallStatus, TracesFilter } from '../../api/calls.ts';

/** Typing is over after this. */
const TYPED_MS = 250;

interface Props {
  readonly filter: TracesFilter;
  readonly onChange: (filter: TracesFilter) => void;
}

/** What is listed. Everything chosen here stands in the address. */
export function TracesTools({ filter, onChange }: Props) {
  const set = (change: TracesFilter) => {
    const merged = Object.entries({ ...filter, ...change }).filter(
      ([, value]) => value !== undefined && value !== '' && value !== false,
    );
    onChange(Object.fromEntries(merged) as TracesFilter);
  };
  return (
    <div className="tools" role="search">
      <Typed
        className="field grow"
        label="Search in inputs and output"
        value={filter.text ?? ''}
        onTyped={(text) => set({ text: text || undefined })}
      />
      <Typed
        className="field"
        label="Op"
        value={filter.op ?? ''}
        onTyped={(op) => set({ op: op || undefined })}
      />
      <select
        className="field"
        aria-label="Status"
        value={filter.status ?? ''}
        onChange={(event) => set({ status: (event.target.value || undefined) as CallStatus | undefined })}
      >
        <option value="">Any status</option>
        <option value="success">ok</option>
        <option value="error">error</option>
        <option value="descendant_error">error below</option>
        <option value="running">running</option>
      </select>
      <label>
        <input
          type="checkbox"
          checked={filter.all ?? false}
          onChange={(event) => set({ all: event.target.checked || undefined })}
        />{' '}
        every call
      </label>
    </div>
  );
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
  readonly onTyped: (text: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onTyped(text), TYPED_MS);
    return () => clearTimeout(timer);
  });
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
