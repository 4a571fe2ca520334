import type { KeyboardEvent } from 'react';
import { NONE } from './data/trace-table.ts';
import { scaled, windowOf, type Picture } from './picture.ts';

interface Where {
  readonly picture: Picture;
  /** Those that are shown. */
  readonly rows: Int32Array;
  /** Of the focus among them; -1 = it is not shown. */
  readonly index: number;
  readonly page: number;
}

/** As trees have it (WAI-ARIA): up and down move, left and right fold, unfold and climb, Enter opens. And `+ - 0 z` zoom. */
export function actOnKey(event: KeyboardEvent, where: Where): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = ACTIONS[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act(where);
}

function moveTo({ picture, rows }: Where, index: number): void {
  const row = rows[Math.max(0, Math.min(index, rows.length - 1))];
  if (row !== undefined) picture.setFocus(row);
}

function left({ picture: { session, state, focus, setFocus } }: Where): void {
  if (focus < 0) return;
  const { first, up } = state.shape;
  if (first[focus] !== NONE && session.folded[focus] === 0) session.fold(focus, true);
  else if (up[focus] !== NONE) setFocus(up[focus]!);
}

function right(where: Where): void {
  const { session, state, focus } = where.picture;
  if (focus < 0 || state.shape.first[focus] === NONE) return;
  if (session.folded[focus] === 1) session.fold(focus, false);
  else moveTo(where, where.index + 1);
}

function zoomBy({ picture }: Where, by: number): void {
  picture.zoom(scaled(picture.window, by));
}

const ACTIONS: Readonly<Record<string, (where: Where) => void>> = {
  ArrowDown: (where) => moveTo(where, where.index + 1),
  ArrowUp: (where) => moveTo(where, where.index - 1),
  PageDown: (where) => moveTo(where, where.index + where.page),
  PageUp: (where) => moveTo(where, where.index - where.page),
  Home: (where) => moveTo(where, 0),
  End: (where) => moveTo(where, Infinity),
  ArrowLeft: left,
  ArrowRight: right,
  Enter: ({ picture }) => picture.focus >= 0 && picture.open(picture.focus),
  '*': ({ picture }) => picture.session.foldFrom(Infinity),
  '+': (where) => zoomBy(where, 0.5),
  '-': (where) => zoomBy(where, 2),
  '0': ({ picture }) => picture.zoom(undefined),
  z: ({ picture }) => picture.focus >= 0 && picture.zoom(windowOf(picture, picture.focus)),
};
