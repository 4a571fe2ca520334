import { useEffect, useState } from 'react';
import type { ObjectVersion } from '../../../api/objects.ts';
import { useMayWrite } from '../may-write.ts';
import { AddRows } from './add-rows.tsx';
import { addRows, NO_EDITS, type Edits } from './edits.ts';
import { ExportMenu } from './export-menu.tsx';
import type { RowsChoice, RowsPlace } from './use-rows.ts';

/** Typing is over after this. */
const TYPED_MS = 300;

interface Props {
  readonly version: ObjectVersion;
  readonly place: RowsPlace;
  readonly choice: RowsChoice;
  readonly onChoose: (choice: RowsChoice) => void;
  readonly columns: readonly string[];
  readonly edits: Edits | undefined;
  readonly onBegin: () => void;
  readonly onEdit: (edits: Edits) => void;
}

/** Which rows are listed, and what can be done with them. */
export function DatasetTools(props: Props) {
  const { version, place, choice, onChoose, columns, edits, onBegin, onEdit } = props;
  const [isAdding, setAdding] = useState(false);
  const mayWrite = useMayWrite();
  return (
    <div className="assets-tools">
      <Find choice={choice} onChoose={onChoose} columns={columns} />
      <span className="push object-actions">
        {mayWrite && edits === undefined && (
          <button className="button" onClick={onBegin}>
            Edit
          </button>
        )}
        {mayWrite && (
          <button className="button" onClick={() => setAdding(true)}>
            Add rows
          </button>
        )}
        <ExportMenu version={version} place={place} columns={columns} />
      </span>
      {isAdding && (
        <AddRows
          columns={columns}
          onClose={() => setAdding(false)}
          onAdd={(rows) => onEdit(addRows(edits ?? NO_EDITS, rows))}
        />
      )}
    </div>
  );
}

function Find({ choice, onChoose, columns }: Pick<Props, 'choice' | 'onChoose' | 'columns'>) {
  const [text, setText] = useState(choice.find ?? '');
  useEffect(() => setText(choice.find ?? ''), [choice.find]);
  useEffect(() => {
    if (text === (choice.find ?? '')) return;
    const timer = setTimeout(() => onChoose({ ...choice, find: text === '' ? undefined : text }), TYPED_MS);
    return () => clearTimeout(timer);
  });
  return (
    <span className="dataset-find" role="search">
      <input
        className="field"
        type="search"
        aria-label="Find rows that hold a text"
        placeholder="Find rows that hold a text"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <select
        className="field"
        aria-label="Column to look in"
        value={choice.column ?? ''}
        onChange={(event) => onChoose({ ...choice, column: event.target.value || undefined })}
      >
        <option value="">in any column</option>
        {[...new Set([...columns, ...(choice.column === undefined ? [] : [choice.column])])].map((column) => (
          <option key={column} value={column}>
            in {column}
          </option>
        ))}
      </select>
    </span>
  );
}
