import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type ReactNode } from 'react';

interface VirtualTableProps {
  readonly label: string;
  /** Cells of the head: `th`. */
  readonly head: ReactNode;
  readonly columns: number;
  readonly count: number;
  /** Of the whole table: what columns need at least. */
  readonly minWidth: number;
  readonly rowPx: number;
  readonly keyOf: (index: number) => string;
  /** Cells of a row: `td`, as high as `rowPx`. */
  readonly cells: (index: number) => ReactNode;
  readonly rowClass?: (index: number) => string | undefined;
}

/** A table of which only those rows exist that are seen. */
export function VirtualTable(props: VirtualTableProps) {
  const { label, head, columns, count, minWidth, rowPx, keyOf, cells, rowClass } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 10,
    getItemKey: keyOf,
  });
  const items = rows.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <div className="evaluations-scroller" ref={scroller} tabIndex={0} role="region" aria-label={label}>
      <table className="evaluations-table" style={{ minWidth }} aria-rowcount={count + 1}>
        <thead>
          <tr>{head}</tr>
        </thead>
        <tbody>
          <Gap columns={columns} height={above} />
          {items.map(({ index, key }) => (
            <tr
              key={key}
              aria-rowindex={index + 2}
              className={rowClass?.(index) ?? ''}
              style={{ height: rowPx }}
            >
              {cells(index)}
            </tr>
          ))}
          <Gap columns={columns} height={below} />
        </tbody>
      </table>
    </div>
  );
}

function Gap({ columns, height }: { readonly columns: number; readonly height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
