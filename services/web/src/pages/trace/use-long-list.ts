import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** Browsers cut elements that are higher: at 33 million pixels or less. */
const MAX_HEIGHT = 8_000_000;
const SPARE_ROWS = 12;
const SETTLED_MS = 200;

export interface LongList {
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Of what is scrolled through. */
  readonly height: number;
  readonly first: number;
  readonly end: number;
  /** Pixels from the top of the scrolled element. */
  topOf(index: number): number;
  show(index: number): void;
  /** Rows that fit. */
  readonly page: number;
}

/**
 * Rows of one height, however many: those in view are known without a measurement of each. Where they are higher together
 * than a browser allows, the bar moves over all of them while wheel and touch move by pixels.
 */
export function useLongList(count: number, rowHeight: number, startAt = 0): LongList {
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(startAt);
  const [viewHeight, setViewHeight] = useState(600);
  const real = useRef(0);
  const wanted = useRef<number | undefined>(startAt);
  const full = count * rowHeight;
  const height = Math.min(full, MAX_HEIGHT);
  const furthest = Math.max(0, full - viewHeight);
  const realFurthest = Math.max(0, height - viewHeight);
  const ratio = realFurthest === 0 ? 1 : furthest / realFurthest;
  const at = Math.min(top, furthest);

  const goTo = useRef((_top: number) => {});
  goTo.current = (to: number) => {
    const clamped = Math.max(0, Math.min(to, furthest));
    real.current = Math.round(clamped / ratio);
    setTop(clamped);
    if (scroller.current) scroller.current.scrollTop = real.current;
  };
  const scrolled = useRef(() => {});
  scrolled.current = () => {
    const now = scroller.current!.scrollTop;
    const moved = now - real.current;
    if (moved === 0) return;
    real.current = now;
    if (ratio === 1) return setTop(now);
    const isJump = Math.abs(moved) > viewHeight || now <= 0 || now >= realFurthest;
    setTop(isJump ? now * ratio : Math.max(0, Math.min(at + moved, furthest)));
  };
  useLayoutEffect(() => {
    const element = scroller.current!;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onScroll = () => scrolled.current();
    const onEnd = () => {
      clearTimeout(timer);
      timer = setTimeout(() => goTo.current(currentTop.current), SETTLED_MS);
    };
    const onAny = () => {
      onScroll();
      if (isScaled.current) onEnd();
    };
    element.addEventListener('scroll', onAny, { passive: true });
    const sizes = new ResizeObserver(() => setViewHeight(element.clientHeight));
    sizes.observe(element);
    setViewHeight(element.clientHeight);
    return () => {
      clearTimeout(timer);
      element.removeEventListener('scroll', onAny);
      sizes.disconnect();
    };
  }, []);
  const currentTop = useRef(at);
  const isScaled = useRef(false);
  useLayoutEffect(() => {
    currentTop.current = at;
    isScaled.current = ratio !== 1;
    // Where the list was left, as soon as it is that long again.
    if (wanted.current === undefined || full === 0) return;
    if (wanted.current > 0) goTo.current(wanted.current);
    wanted.current = undefined;
  });

  const first = Math.max(0, Math.floor(at / rowHeight) - SPARE_ROWS);
  const end = Math.min(count, Math.ceil((at + viewHeight) / rowHeight) + SPARE_ROWS);
  return {
    scroller,
    height,
    first,
    end,
    topOf: (index) => index * rowHeight - (ratio === 1 ? 0 : at - real.current),
    show: (index) => {
      const [from, to] = [index * rowHeight, (index + 1) * rowHeight];
      if (from < at || to > at + viewHeight) goTo.current(from - Math.floor(viewHeight / 3));
    },
    page: Math.max(1, Math.floor(viewHeight / rowHeight) - 1),
  };
}
