import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { Row } from '../../../api/tables.ts';
import { count } from '../../../ui/format.ts';
import { ErrorNote } from '../../../ui/notes.tsx';
import { CellDialog } from './cell-dialog.tsx';
import type { RowsProps } from './dataset-view.tsx';
import { changeAdded, changeRow, removeAdded, removeRow, restoreRow, withCell, type Edits } from './edits.ts';
import { RowDialog } from './row-dialog.tsx';
import { RowLine, type LineState } from './row-line.tsx';
import { RowsHead } from './rows-head.tsx';
import { MOST_FOUND, type Rows } from './use-rows.ts';

const ROW_PX = 36;
const COLUMN_PX = 200;
/** Columns that are drawn; a row's own page has all of them. */
export const MOST_COLUMNS = 60;

interface Props extends RowsProps {
  readonly rows: Rows;
  readonly onLook?: (first: number, last: number) => void;
}

/** A row on the page: one that is stored, or one that is to be added. */
interface Line {
  readonly row: Row;
  readonly state: LineState;
  /** How it is told in edits. */
  readonly place: { readonly stored: number } | { readonly added: number };
}

type Open = { readonly line: Line; readonly column?: string };

/** Rows under their columns. Only those that are looked at are on the page. */
export function RowsTable({ version, rows, choice, onChoose, edits, onEdit, columns, onColumns, onLook }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<Open>();
  const added = edits?.added ?? [];
  const stored = rows.count ?? 0;
  const total = stored + added.length;
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onLook?.(first, Math.min(last, Math.max(0, stored - 1))), [onLook, first, last, stored]);
  // What is to be added stands first: whoever adds a row sees it.
  const lineAt = (index: number): Line | undefined => {
    if (index < added.length) return { row: added[index]!, state: 'added', place: { added: index } };
    const found = rows.at(index - added.length);
    return found === undefined ? undefined : storedLine(found.val, found.original_index, edits);
  };
  const lines = items.map((item) => ({ item, line: lineAt(item.index) }));
  const names = lines.flatMap(({ line }) => (line === undefined ? [] : Object.keys(line.row)));
  useEffect(() => onColumns(names));
  if (rows.error !== undefined && rows.error !== null) return <ErrorNote error={rows.error} />;
  const shown = columns.slice(0, MOST_COLUMNS);
  const change = (line: Line, row: Row) => edits !== undefined && onEdit(changed(edits, line, row));
  return (
    <>
      <p className="soft dataset-count" aria-live="polite">
        {countText(rows, choice.find)}
        {columns.length > MOST_COLUMNS && ` ${columns.length - MOST_COLUMNS} more columns are in each row's own page.`}
      </p>
      {total > 0 && (
        <div className="rows" ref={scroller} tabIndex={0} role="region" aria-label="Rows">
          <table
            aria-rowcount={total + 1}
            style={{ width: 64 + shown.length * COLUMN_PX + (edits === undefined ? 0 : 76) }}
          >
            <RowsHead columns={shown} sort={choice.sort} onSort={(sort) => onChoose({ ...choice, sort })} isEditing={edits !== undefined} />
            <tbody>
              <Gap px={items[0]?.start ?? 0} />
              {lines.map(({ item, line }) => (
                <RowLine
                  key={item.key}
                  index={item.index}
                  number={line === undefined ? undefined : 'stored' in line.place ? line.place.stored + 1 : undefined}
                  row={line?.row}
                  state={line?.state ?? 'stored'}
                  columns={shown}
                  projectId={version.project_id}
                  isEditing={edits !== undefined}
                  onOpen={(column) => line && setOpen({ line, ...(column !== undefined && { column }) })}
                  onRemove={() => line && edits && onEdit(withoutLine(edits, line))}
                />
              ))}
              <Gap px={virtual.getTotalSize() - (items.at(-1)?.end ?? 0)} />
            </tbody>
          </table>
        </div>
      )}
      {open?.column !== undefined && (
        <CellDialog
          column={open.column}
          value={open.line.row[open.column]}
          onClose={() => setOpen(undefined)}
          onChange={(value) => change(open.line, withCell(open.line.row, open.column!, value))}
        />
      )}
      {open !== undefined && open.column === undefined && (
        <RowDialog
          title={'stored' in open.line.place ? `Row ${open.line.place.stored + 1}` : 'New row'}
          projectId={version.project_id}
          row={open.line.row}
          onClose={() => setOpen(undefined)}
          {...(edits !== undefined && { onChange: (row: Row) => change(open.line, row) })}
        />
      )}
    </>
  );
} // prettier-ignore

function storedLine(row: Row, index: number, edits: Edits | undefined): Line {
  const place = { stored: index };
  if (edits?.removed.has(index)) return { row, state: 'removed', place };
  const instead = edits?.changed.get(index);
  return instead === undefined ? { row, state: 'stored', place } : { row: instead, state: 'changed', place };
}

function changed(edits: Edits, { place }: Line, row: Row): Edits {
  return 'stored' in place ? changeRow(edits, place.stored, row) : changeAdded(edits, place.added, row);
}

/** Takes a row out, or back what was done to it. */
function withoutLine(edits: Edits, { place, state }: Line): Edits {
  if ('added' in place) return removeAdded(edits, place.added);
  return state === 'stored' ? removeRow(edits, place.stored) : restoreRow(edits, place.stored);
}

function countText({ count: found, looked, isCut }: Rows, find: string | undefined): string {
  if (found === undefined) return 'Counting rows…';
  const number = count.format(found);
  const word = found === 1 ? 'row' : 'rows';
  if (find === undefined) return found === 0 ? 'This dataset has no rows.' : `${number} ${word}.`;
  if (looked !== undefined) return `${number} ${word} found, ${count.format(looked)} looked at so far…`;
  return isCut ? `The first ${count.format(MOST_FOUND)} rows that hold it.` : `${number} ${word} found.`;
}

/** Rows that are not looked at. */
function Gap({ px }: { readonly px: number }) {
  return px > 0 ? <tr className="rows-gap" aria-hidden="true" style={{ height: px }} /> : null;
}
