import { useState } from 'react';
import type { Row } from '../../../api/tables.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { count } from '../../../ui/format.ts';
import { RowsInput } from './rows-input.tsx';

interface Props {
  readonly columns: readonly string[];
  readonly onAdd: (rows: readonly Row[]) => void;
  readonly onClose: () => void;
}

/** Rows to add: an empty one, or those of a file. They are stored once the dataset is saved. */
export function AddRows({ columns, onAdd, onClose }: Props) {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const add = (all: readonly Row[]) => {
    onAdd(all);
    onClose();
  };
  return (
    <Dialog title="Add rows" onClose={onClose} isWide>
      <div className="form">
        <RowsInput onRows={setRows} />
        <div className="heading">
          <button className="button primary" disabled={rows.length === 0} onClick={() => add(rows)}>
            {rows.length === 0
              ? 'Add rows'
              : `Add ${count.format(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`}
          </button>
          <button
            className="button"
            onClick={() => add([Object.fromEntries(columns.map((column) => [column, '']))])}
          >
            Add an empty row
          </button>
          <button className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </div>
    </Dialog>
  );
}
