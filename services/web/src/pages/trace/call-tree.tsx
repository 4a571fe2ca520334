import { useEffect, useMemo, useRef } from 'react';
import { CallRow } from './call-row.tsx';
import { placeAmong } from './data/search.ts';
import { visibleRows } from './data/visible.ts';
import type { Picture } from './picture.ts';
import { TimeRuler } from './time-ruler.tsx';
import type { TraceSearch } from './trace-search.ts';
import { actOnKey } from './tree-keys.ts';
import { useLongList } from './use-long-list.ts';

const ROW_PX = 28;

/** The tree of calls with its waterfall. One tab stop: arrows move within it. */
export function CallTree({ picture, search }: { readonly picture: Picture; readonly search: TraceSearch }) {
  const { session, state, focus, here } = picture;
  const { shape, sums, version, folds } = state;
  const rows = useMemo(
    () => visibleRows(shape, session.folded, search.errors ? (row) => sums.errors[row]! > 0 : undefined),
    // Tables grow in place: version and folds tell.
    [shape, sums, session, search.errors, version, folds],
  );
  const list = useLongList(rows.length, ROW_PX, session.scrollTop);
  const indexOf = (row: number) => {
    const index = row < 0 ? -1 : placeAmong(rows, shape.placeOf, shape.placeOf[row]!);
    return rows[index] === row ? index : -1;
  };
  useShown(picture, indexOf, list.show, session.scrollTop > 0);
  const shown = Array.from({ length: Math.max(0, list.end - list.first) }, (_, i) => list.first + i);
  return (
    <>
      <TimeRuler picture={picture} />
      {rows.length === 0 && (
        <p className="trace-none soft">
          {search.errors ? 'No call of this trace has failed.' : 'This trace has no calls.'}
        </p>
      )}
      <div
        className="trace-list"
        ref={list.scroller}
        role="tree"
        tabIndex={0}
        aria-label="Calls of the trace"
        aria-activedescendant={shown.some((index) => rows[index] === focus) ? `trace-${focus}` : undefined}
        onScroll={(event) => (session.scrollTop = event.currentTarget.scrollTop)}
        onKeyDown={(event) => actOnKey(event, { picture, rows, index: indexOf(focus), page: list.page })}
      >
        <div style={{ height: list.height, position: 'relative' }} role="presentation">
          {shown.map((index) => (
            <CallRow
              key={rows[index]}
              picture={picture}
              row={rows[index]!}
              top={list.topOf(index)}
              isFocus={rows[index] === focus}
              isHere={rows[index] === here}
            />
          ))}
        </div>
      </div>
    </>
  );
}

/** Scrolls to what has the focus, once for each time it moves; `isLeft`: the list comes back where it was left. */
function useShown(
  { session, focus }: Picture,
  indexOf: (row: number) => number,
  show: (index: number) => void,
  isLeft: boolean,
): void {
  const done = useRef(isLeft ? focus : -1);
  useEffect(() => {
    if (focus < 0 || done.current === focus) return;
    if (done.current === -1) session.reveal(focus);
    const index = indexOf(focus);
    if (index < 0) return;
    done.current = focus;
    show(index);
  });
}
