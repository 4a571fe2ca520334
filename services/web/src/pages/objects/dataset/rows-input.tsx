import { useState } from 'react';
import type { Row } from '../../../api/tables.ts';
import { count } from '../../../ui/format.ts';
import { cellText } from './cell-text.ts';
import { parseRows } from './parse-rows.ts';

const MAX_BYTES = 50_000_000;
/** Rows and columns that are shown before they are taken. */
const SHOWN = 5;

/** Rows out of a file or a text that is pasted. */
export function RowsInput({ onRows }: { readonly onRows: (rows: readonly Row[]) => void }) {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [error, setError] = useState<string>();
  const take = (text: string) => {
    try {
      const read = parseRows(text);
      setRows(read);
      onRows(read);
      setError(undefined);
    } catch (failure) {
      setRows([]);
      onRows([]);
      setError((failure as Error).message);
    }
  };
  const open = async (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > MAX_BYTES)
      setError('Files of more than 50 MB are published from code: weave.publish(weave.Dataset(…)).');
    else take(await file.text());
  };
  return (
    <>
      <label>
        A CSV, JSONL or JSON file
        <input
          className="field"
          type="file"
          accept=".csv,.tsv,.jsonl,.ndjson,.json,text/csv,application/json"
          onChange={(event) => void open(event.target.files?.[0])}
        />
      </label>
      <label>
        or the same, pasted
        <textarea
          className="field cell-text"
          rows={5}
          placeholder={'question,answer\n1 + 1?,2'}
          onChange={(event) => take(event.target.value)}
        />
      </label>
      {error !== undefined && (
        <p className="note error" role="alert">
          {error}
        </p>
      )}
      {rows.length > 0 && <Preview rows={rows} />}
    </>
  );
}

function Preview({ rows }: { readonly rows: readonly Row[] }) {
  const columns = [...new Set(rows.slice(0, SHOWN).flatMap((row) => Object.keys(row)))].slice(0, 8);
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="The first rows">
      <p className="soft" aria-live="polite" style={{ margin: 0 }}>
        {count.format(rows.length)} {rows.length === 1 ? 'row' : 'rows'}
        {rows.length > SHOWN && `, the first ${SHOWN}:`}
      </p>
      <table className="plain rows-preview">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                <bdi>{column}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN).map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column}>
                  <bdi>{cellText(row[column]).slice(0, 60)}</bdi>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
