import { useState } from 'react';
import { count } from '../format.ts';
import { downloadText } from '../copy.tsx';
import { visible } from './json-value.ts';

const FIRST = 600;
/** Of one text in a page; browsers lay out no more without stalling. */
const MOST = 200_000;

/** A text that may have any length: cut, more on demand, whole as a file. */
export function LongText({
  text,
  first = FIRST,
  find = '',
  name = 'value.txt',
}: {
  readonly text: string;
  /** Characters that are there at once. */
  readonly first?: number;
  /** Marked, and shown wherever it is. Lower case. */
  readonly find?: string;
  readonly name?: string;
}) {
  const [asked, setAsked] = useState(first);
  const at = find === '' ? -1 : text.toLowerCase().indexOf(find);
  // What is cut away and has the match is shown around it.
  const from = at + find.length > asked ? Math.max(0, at - 200) : 0;
  const shown = text.slice(from, from + asked);
  const left = text.length - asked;
  return (
    <>
      {from > 0 && <span className="soft">… </span>}
      <Marked text={shown} find={find} />
      {left > 0 && (
        <span className="jt-more">
          <span className="soft">… {count.format(left)} more characters</span>
          {asked < MOST && (
            <button
              type="button"
              className="button small"
              onClick={() => setAsked(Math.min(MOST, asked * 20))}
            >
              Show more
            </button>
          )}
          <button
            type="button"
            className="button small"
            onClick={() => downloadText(name, text, 'text/plain')}
          >
            Download
          </button>
        </span>
      )}
    </>
  );
}

const MAX_MARKS = 200;

/** @param find lower case. */
export function Marked({ text, find }: { readonly text: string; readonly find: string }) {
  if (find === '') return visible(text);
  const parts: React.ReactNode[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  // Some letters change their length with their case: then the places do not fit.
  for (let i = 0; i < MAX_MARKS && lower.length === text.length; i++) {
    const at = lower.indexOf(find, from);
    if (at < 0) break;
    parts.push(visible(text.slice(from, at)));
    parts.push(<mark key={at}>{visible(text.slice(at, at + find.length))}</mark>);
    from = at + find.length;
  }
  parts.push(visible(text.slice(from)));
  return <>{parts}</>;
}
