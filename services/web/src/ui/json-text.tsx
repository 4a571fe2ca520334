import { useMemo, useState } from 'react';
import { BigNumber } from '../api/request.ts';

const SHOWN = 20_000;

/** A JSON value as text, the rest of a long one on demand. */
export function JsonText({
  title,
  value,
  isFolded = false,
}: {
  readonly title: string;
  readonly value: unknown;
  readonly isFolded?: boolean;
}) {
  const [isOpen, setOpen] = useState(!isFolded);
  return (
    <section>
      <h2>
        <button className="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? '▾' : '▸'} {title}
        </button>
      </h2>
      {isOpen && <Text value={value} />}
    </section>
  );
}

function Text({ value }: { readonly value: unknown }) {
  const text = useMemo(() => jsonText(value), [value]);
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <pre className="json" tabIndex={0} dir="ltr">
        {text.slice(0, shown)}
      </pre>
      {text.length > shown && (
        <button className="button" onClick={() => setShown(shown * 4)}>
          Show more ({Math.round((text.length - shown) / 1000)} k characters are left)
        </button>
      )}
    </>
  );
}

function jsonText(value: unknown): string {
  if (typeof value === 'string') return value;
  const digits = new Map<string, string>();
  const text = JSON.stringify(
    value,
    (_key, each: unknown) => {
      if (!(each instanceof BigNumber)) return each;
      const mark = `\u0000${digits.size}\u0000`;
      digits.set(JSON.stringify(mark), each.digits);
      return mark;
    },
    2,
  );
  return digits.size === 0 ? text : text.replace(/"\\u0000\d+\\u0000"/g, (mark) => digits.get(mark) ?? mark);
}
