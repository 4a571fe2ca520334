import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

export interface Suggestion {
  readonly value: string;
  readonly label?: ReactNode;
  /** Beside it, such as a count. */
  readonly note?: string | undefined;
}

/** A text field with suggestions. Any text can be typed; Enter takes the marked suggestion, or the text as it is. */
export function Combobox({
  label,
  value,
  onInput,
  onPick,
  suggestions,
  note,
  autoFocus = false,
  className = '',
  placeholder,
}: {
  readonly label: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
  /** A suggestion was chosen, or Enter pressed. */
  readonly onPick: (text: string) => void;
  readonly suggestions: readonly Suggestion[];
  /** Below the suggestions. */
  readonly note?: string | undefined;
  readonly autoFocus?: boolean;
  readonly className?: string;
  readonly placeholder?: string;
}) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const [marked, setMarked] = useState(-1);
  const listbox = useRef<HTMLUListElement>(null);
  const isShown = isOpen && (suggestions.length > 0 || note !== undefined);
  const at = Math.min(marked, suggestions.length - 1);
  const mark = (index: number) => {
    setMarked(index);
    listbox.current?.children[index]?.scrollIntoView({ block: 'nearest' });
  };
  const pick = (text: string) => {
    setOpen(false);
    setMarked(-1);
    onPick(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen) return setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const count = suggestions.length;
      if (count > 0) mark((at + step + count + (at < 0 && step < 0 ? 1 : 0)) % count);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      pick(isShown && at >= 0 ? suggestions[at]!.value : value);
    } else if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <span className={`combobox ${className}`}>
      <input
        className="field"
        role="combobox"
        aria-label={label}
        aria-expanded={isShown}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={isShown && at >= 0 ? `${id}-${at}` : undefined}
        autoComplete="off"
        autoFocus={autoFocus}
        placeholder={placeholder ?? label}
        value={value}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setOpen(true);
          setMarked(-1);
          onInput(event.target.value);
        }}
      />
      <div className="suggestions" hidden={!isShown}>
        <ul role="listbox" id={id} aria-label="Suggestions" ref={listbox}>
          {suggestions.map((each, i) => (
            <li
              key={each.value}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              // Before the field loses the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                pick(each.value);
              }}
            >
              <bdi className="cut">{each.label ?? each.value}</bdi>
              {each.note !== undefined && <span className="soft">{each.note}</span>}
            </li>
          ))}
        </ul>
        {note !== undefined && <p className="soft">{note}</p>}
      </div>
    </span>
  );
}
