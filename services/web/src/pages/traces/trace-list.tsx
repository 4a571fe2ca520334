import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, type CSSProperties, type RefObject } from 'react';
import { statusOf, type Call } from '../../api/calls.ts';
import type { TracesSort } from '../../api/traces.ts';
import { opName } from '../../ui/format.ts';
import type { Column } from './columns.tsx';
import type { Selection } from './use-selection.ts';

const ROW_PX = 38;
const GAP_PX = 12;

interface Props {
  readonly calls: readonly Call[];
  readonly columns: readonly Column[];
  /** Somebody chose the columns: all of them are shown, however little room there is. */
  readonly isChosen: boolean;
  readonly sort: TracesSort | undefined;
  readonly onSort: (field: string) => void;
  readonly selection: Selection;
  readonly hasMore: boolean;
  readonly onMore: () => void;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Whether the first row is in sight. */
  readonly onTop: (isTop: boolean) => void;
}

/** The calls as lines. Only those in sight are there. */
export function TraceList({
  calls,
  columns,
  isChosen,
  sort,
  onSort,
  selection,
  hasMore,
  onMore,
  scroller,
  onTop,
}: Props) {
  const rows = useVirtualizer({
    count: calls.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => `${calls[index]!.trace_id} ${calls[index]!.id}`,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= calls.length - 30) onMore();
  });
  const look = {
    '--columns': columns.map(({ width }) => width).join(' '),
    '--narrow': columns.flatMap(({ isWide, width }) => (isWide === true ? [] : [width])).join(' '),
    '--least': `${columns.reduce((sum, { minPx }) => sum + minPx + GAP_PX, 60)}px`,
  } as CSSProperties;
  const isAll = selection.ids.size >= calls.length;
  return (
    <div
      className={`list${isChosen ? ' chosen' : ''}`}
      ref={scroller}
      tabIndex={0}
      aria-label={sort === undefined ? 'Traces, the newest first' : 'Traces'}
      style={look}
      onScroll={(event) => onTop(event.currentTarget.scrollTop < ROW_PX)}
    >
      <div className="line head">
        <label className="pick">
          <input
            type="checkbox"
            aria-label="Choose all calls that are loaded"
            checked={selection.ids.size > 0 && isAll}
            ref={(box) => {
              if (box !== null) box.indeterminate = selection.ids.size > 0 && !isAll;
            }}
            onChange={() => (selection.ids.size > 0 ? selection.clear() : selection.all())}
          />
        </label>
        <div className="cells">
          {columns.map((column) => (
            <HeadCell key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div className="lines" style={{ height: rows.getTotalSize() }}>
        {items.map((item) => {
          const call = calls[item.index]!;
          return (
            <TraceLine
              key={item.key}
              call={call}
              index={item.index}
              top={item.start}
              columns={columns}
              isPicked={selection.ids.has(call.id)}
              onPick={selection.toggle}
            />
          );
        })}
      </div>
    </div>
  );
}

function HeadCell({
  column: { label, sort: field, isNumber, isWide },
  sort,
  onSort,
}: {
  readonly column: Column;
  readonly sort: TracesSort | undefined;
  readonly onSort: (field: string) => void;
}) {
  const look = `cut${isNumber === true ? ' number' : ''}${isWide === true ? ' wide' : ''}`;
  if (field === undefined)
    return (
      <span className={look} title={label}>
        <bdi>{label}</bdi>
      </span>
    );
  const used = sort ?? { field: 'started_at', direction: 'desc' };
  const way =
    used.field === field ? (used.direction === 'asc' ? 'lowest first' : 'highest first') : undefined;
  return (
    <span className={look}>
      <button
        className="sort"
        title={label}
        aria-label={`Sort by ${label}${way === undefined ? '' : `, now ${way}`}`}
        aria-pressed={way !== undefined}
        onClick={() => onSort(field)}
      >
        <bdi className="cut">{label}</bdi>
        {way !== undefined && <span aria-hidden="true">{way === 'lowest first' ? '↑' : '↓'}</span>}
      </button>
    </span>
  );
}

const TraceLine = memo(function TraceLine({
  call,
  index,
  top,
  columns,
  isPicked,
  onPick,
}: {
  readonly call: Call;
  readonly index: number;
  readonly top: number;
  readonly columns: readonly Column[];
  readonly isPicked: boolean;
  readonly onPick: (index: number, isRange: boolean) => void;
}) {
  const [entity, project] = call.project_id.split('/') as [string, string];
  return (
    <div className={`line${isPicked ? ' picked' : ''}`} style={{ transform: `translateY(${top}px)` }}>
      <label className="pick">
        <input
          type="checkbox"
          aria-label={`Choose ${call.display_name ?? opName(call.op_name)}, ${statusOf(call)}`}
          checked={isPicked}
          // A click tells of the shift key, and comes from the keyboard too.
          onClick={(event) => onPick(index, event.shiftKey)}
          onChange={() => {}}
        />
      </label>
      <Link
        className="row"
        to="/$entity/$project/weave/calls/$id"
        params={{ entity, project, id: call.id }}
        search={{}}
      >
        {columns.map(({ id, isNumber, isWide, render }) => (
          <span
            key={id}
            className={`cut${isNumber === true ? ' number' : ''}${isWide === true ? ' wide' : ''}${id === 'name' ? '' : ' cell'}`}
          >
            {render(call)}
          </span>
        ))}
      </Link>
    </div>
  );
});
