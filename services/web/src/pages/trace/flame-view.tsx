import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { count, money } from '../../ui/format.ts';
import { timeText, tokens } from './call-row.tsx';
import { lanesOf } from './data/lanes.ts';
import { NONE } from './data/trace-table.ts';
import { drawFlame, LANE_PX, paletteOf, rowAt, type View } from './flame-draw.ts';
import { durationMs, nameOf, scaled, windowOf, type Picture } from './picture.ts';
import { Axis, ZoomButtons } from './time-ruler.tsx';

/** Calls as boxes below those that made them. A click zooms in on one; keys go from call to call. */
export function FlameView({ picture }: { readonly picture: Picture }) {
  const { session, state, setFocus, zoom } = picture;
  const lanes = useMemo(
    () => lanesOf(session.table, state.shape, state.nowUs),
    [session, state.shape, state.nowUs],
  );
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ width: 0, height: 0, top: 0 });
  const [pointed, setPointed] = useState<{ readonly row: number; readonly x: number; readonly y: number }>();
  useSize(scroller, setView);
  useEffect(() => {
    const element = canvas.current!;
    const ratio = globalThis.devicePixelRatio || 1;
    element.width = view.width * ratio;
    element.height = view.height * ratio;
    const context = element.getContext('2d')!;
    context.scale(ratio, ratio);
    const frame = requestAnimationFrame(() => drawFlame(context, picture, lanes, view, paletteOf(element)));
    return () => cancelAnimationFrame(frame);
  });
  const at = (event: React.MouseEvent) => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    return { x, y, row: rowAt(picture, lanes, view, x, y) };
  };
  return (
    <>
      <div className="flame-ruler">
        <Axis picture={picture} />
      </div>
      <div
        className="flame"
        ref={scroller}
        role="group"
        tabIndex={0}
        aria-label="Flame view: arrows go to calls around, Enter opens, z zooms to the call, 0 shows all"
        aria-describedby="flame-said"
        onScroll={(event) => setView({ ...view, top: event.currentTarget.scrollTop })}
        onKeyDown={(event) => actOnKey(event, picture)}
      >
        <canvas
          ref={canvas}
          aria-hidden="true"
          onMouseMove={(event) => setPointed(at(event))}
          onMouseLeave={() => setPointed(undefined)}
          onClick={(event) => {
            const { row } = at(event);
            if (row < 0) return zoom(undefined);
            setFocus(row);
            zoom(windowOf(picture, row));
          }}
        />
        <div style={{ height: Math.max(0, lanes.count * LANE_PX - view.height) }} />
      </div>
      {pointed !== undefined && pointed.row >= 0 && (
        <div
          className="flame-tip"
          aria-hidden="true"
          style={{ left: Math.min(pointed.x, Math.max(0, view.width - 220)), bottom: 56 }}
        >
          <bdi>{nameOf(session, pointed.row)}</bdi> · {timeText(durationMs(session, pointed.row))}
        </div>
      )}
      <div className="flame-foot">
        <ZoomButtons picture={picture} />
        <Said picture={picture} />
      </div>
    </>
  );
}

function useSize(
  scroller: React.RefObject<HTMLDivElement | null>,
  setView: (change: (before: View) => View) => void,
): void {
  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () =>
      setView((before) => ({ ...before, width: element.clientWidth, height: element.clientHeight }));
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    measure();
    return () => sizes.disconnect();
  }, [scroller, setView]);
}

/** What the focus is on, in words: all that the picture says of it. */
function Said({ picture }: { readonly picture: Picture }) {
  const { session, state, focus, hrefOf, open } = picture;
  if (focus < 0) return <p className="flame-said soft" id="flame-said" />;
  const { table } = session;
  const { sums, shape, nowUs } = state;
  const part = (table.endOf(focus, nowUs) - table.starts[focus]!) / nowUs;
  const used = tokens(sums.tokensIn[focus]! + sums.tokensOut[focus]!);
  const facts = [
    timeText(durationMs(session, focus)),
    `${(part * 100).toFixed(1)} % of the trace`,
    ...(shape.size[focus]! > 1 ? [`${count.format(shape.size[focus]! - 1)} calls below`] : []),
    ...(used === '' ? [] : [`${used} tokens`]),
    ...(sums.cost[focus]! > 0 ? [money(sums.cost[focus]!)] : []),
    ...(sums.errors[focus]! > 0 ? [`${count.format(sums.errors[focus]!)} failed`] : []),
  ];
  return (
    <p className="flame-said" id="flame-said" aria-live="polite">
      <a
        href={hrefOf(focus)}
        onClick={(event) => {
          event.preventDefault();
          open(focus);
        }}
      >
        <bdi>{nameOf(session, focus) || 'no name'}</bdi>
      </a>{' '}
      <span className="soft">{facts.join(' · ')}</span>
    </p>
  );
}

function actOnKey(event: KeyboardEvent, picture: Picture): void {
  const { focus, state, setFocus, open, zoom, window } = picture;
  if (focus < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const { up, first, next } = state.shape;
  const go = (row: number) => row !== NONE && setFocus(row);
  const actions: Readonly<Record<string, () => void>> = {
    ArrowUp: () => go(up[focus]!),
    ArrowDown: () => go(first[focus]!),
    ArrowRight: () => go(next[focus]!),
    ArrowLeft: () => go(before(picture, focus)),
    Enter: () => open(focus),
    z: () => zoom(windowOf(picture, focus)),
    '+': () => zoom(scaled(window, 0.5)),
    '-': () => zoom(scaled(window, 2)),
    '0': () => zoom(undefined),
    Escape: () => zoom(undefined),
  };
  const act = actions[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
}

/** The sibling before, or -1. */
function before({ state: { shape } }: Picture, row: number): number {
  const { up, first, firstRoot, next } = shape;
  let each = up[row] === NONE ? firstRoot : first[up[row]!]!;
  while (each !== NONE && each !== row && next[each] !== row) each = next[each]!;
  return each === row ? NONE : each;
}
