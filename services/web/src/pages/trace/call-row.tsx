import type { MouseEvent } from 'react';
import { count, duration, money } from '../../ui/format.ts';
import { NONE, RUNNING } from './data/trace-table.ts';
import { durationMs, nameOf, type Picture } from './picture.ts';

const INDENT_PX = 14;
/** Deeper ones stand below each other: names need room. */
const MAX_INDENT = 20;

/** A link, so that it opens in a new tab too; keys are the tree's. */
export function CallRow({
  picture,
  row,
  top,
  isFocus,
  isHere,
}: {
  readonly picture: Picture;
  readonly row: number;
  readonly top: number;
  readonly isFocus: boolean;
  readonly isHere: boolean;
}) {
  const { session, state, hrefOf, open, setFocus } = picture;
  const { table } = session;
  const { shape, sums } = state;
  const hasChildren = shape.first[row] !== NONE;
  const isFolded = session.folded[row] === 1;
  const isError = table.isError(row);
  const parent = shape.up[row]!;
  const click = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    setFocus(row);
    if ((event.target as Element).closest('.trace-fold') === null) return open(row);
    if (hasChildren) session.fold(row, !isFolded);
  };
  const looks = [
    'node',
    isHere && 'here',
    isFocus && 'focus',
    isError ? 'error' : sums.errors[row]! > 0 && 'error-below',
    state.isSlow[row] === 1 && 'slow',
    table.durations[row] === RUNNING && 'runs',
  ];
  const depth = shape.depth[row]!;
  return (
    <a
      id={`trace-${row}`}
      className={looks.filter(Boolean).join(' ')}
      style={{ transform: `translateY(${top}px)` }}
      href={hrefOf(row)}
      onClick={click}
      role="treeitem"
      tabIndex={-1}
      aria-level={depth + 1}
      aria-posinset={shape.position[row]}
      aria-setsize={parent === NONE ? shape.roots : shape.children[parent]}
      aria-expanded={hasChildren ? !isFolded : undefined}
      aria-selected={isFocus}
      aria-current={isHere ? 'true' : undefined}
      title={isError && table.errorOf[row] !== NONE ? table.errorTexts.texts[table.errorOf[row]!] : undefined}
    >
      <span className="trace-name" style={{ paddingLeft: Math.min(depth, MAX_INDENT) * INDENT_PX }}>
        <span className={`trace-fold${hasChildren ? '' : ' leaf'}`} aria-hidden="true">
          {hasChildren ? (isFolded ? '▸' : '▾') : ''}
        </span>
        {depth > MAX_INDENT && <span className="tag">{depth}</span>}
        <bdi className="cut">{nameOf(session, row) || 'no name'}</bdi>
        {isFolded && <span className="soft trace-more">+{count.format(shape.size[row]! - 1)}</span>}
        <Mark isError={isError} errorsBelow={sums.errors[row]!} />
      </span>
      <span className="number soft trace-tokens">{tokens(sums.tokensIn[row]! + sums.tokensOut[row]!)}</span>
      <span className="number soft trace-cost">{sums.cost[row]! > 0 ? money(sums.cost[row]!) : ''}</span>
      <span className="number soft">{timeText(durationMs(session, row))}</span>
      <Bars picture={picture} row={row} parent={parent} />
    </a>
  );
}

export function tokens(value: number): string {
  return value === 0 ? '' : count.format(value);
}

export function timeText(ms: number | undefined): string {
  return ms === undefined ? 'running' : duration(ms);
}

function Mark({ isError, errorsBelow }: { readonly isError: boolean; readonly errorsBelow: number }) {
  if (!isError && errorsBelow === 0) return null;
  return isError ? (
    <span className="trace-mark">failed</span>
  ) : (
    <span className="trace-mark below" title={`${count.format(errorsBelow)} failed below`}>
      <span aria-hidden="true">!</span>
      <span className="trace-said">{errorsBelow} failed below</span>
    </span>
  );
}

/** The call's time, and its parent's behind it. */
function Bars({
  picture: { session, state, window },
  row,
  parent,
}: {
  readonly picture: Picture;
  readonly row: number;
  readonly parent: number;
}) {
  const { table } = session;
  const lengthUs = window.toUs - window.fromUs;
  const bar = (each: number) => {
    const from = (table.starts[each]! - window.fromUs) / lengthUs;
    const to = (table.endOf(each, state.nowUs) - window.fromUs) / lengthUs;
    // Far outside, browsers lose count.
    const [left, right] = [Math.max(-0.5, Math.min(from, 1.5)), Math.max(-0.5, Math.min(to, 1.5))];
    // The last moment of the trace is in view too.
    const at = `${left * 100}%`;
    return { left: left > 1 ? at : `min(${at}, 100% - 2px)`, width: `${(right - left) * 100}%` };
  };
  return (
    <span className="track" aria-hidden="true">
      {parent !== NONE && <i className="trace-around" style={bar(parent)} />}
      <i className="trace-bar" style={bar(row)} />
    </span>
  );
}
