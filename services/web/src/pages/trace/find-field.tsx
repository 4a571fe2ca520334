import { useEffect, useState } from 'react';
import { count } from '../../ui/format.ts';
import type { Found } from './use-found.ts';

const WAIT_MS = 250;

/** Search inside the trace: Enter goes to the next one, Shift-Enter back. */
export function FindField({
  text,
  found,
  onChange,
}: {
  readonly text: string;
  readonly found: Found;
  readonly onChange: (text: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    if (typed === text) return;
    const timer = setTimeout(() => onChange(typed === '' ? undefined : typed), WAIT_MS);
    return () => clearTimeout(timer);
  }, [typed, text, onChange]);
  return (
    <form
      className="trace-find"
      role="search"
      onSubmit={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
        event.preventDefault();
        if (typed !== text) onChange(typed === '' ? undefined : typed);
        else found.go(event.shiftKey ? -1 : 1);
      }}
    >
      <input
        className="field"
        type="search"
        aria-label="Search in this trace"
        placeholder="Name, model or error"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <span className="soft number trace-hits" aria-live="polite">
        {text !== '' && `${found.at === 0 ? '' : `${count.format(found.at)} of `}${count.format(found.count)}`}
      </span>
      <button type="button" className="button quiet" aria-label="Previous match" disabled={found.count === 0} onClick={() => found.go(-1)}>
        ↑
      </button>
      <button type="button" className="button quiet" aria-label="Next match" disabled={found.count === 0} onClick={() => found.go(1)}>
        ↓
      </button>
    </form>
  ); // prettier-ignore
}
