import { useState } from 'react';
import { messageOf } from '../../../ui/notes.tsx';
import type { ObjectVersion } from '../../../api/objects.ts';
import { stringifyJson } from '../../../api/request.ts';
import { streamRows, type Row } from '../../../api/tables.ts';
import { count } from '../../../ui/format.ts';
import { Menu, MenuItem } from '../../../ui/menu.tsx';
import { csvLine } from './csv.ts';
import type { RowsPlace } from './use-rows.ts';

interface Props {
  readonly version: ObjectVersion;
  readonly place: RowsPlace;
  readonly columns: readonly string[];
}

/** All rows of a version as a file. */
export function ExportMenu({ version, place }: Props) {
  const [progress, setProgress] = useState<string>();
  const save = (format: 'csv' | 'jsonl') => {
    const name = `${version.object_id}-v${version.version_index}.${format}`;
    setProgress('0');
    exportRows(rowsOf(version, place), format, (done) => setProgress(count.format(done))).then(
      (file) => {
        download(name, file);
        setProgress(undefined);
      },
      (failure: unknown) => setProgress(messageOf(failure)),
    );
  };
  return (
    <>
      {progress !== undefined && (
        <span className="soft" role="status">
          {/^[\d.,\s]+$/.test(progress) ? `${progress} rows…` : progress}
        </span>
      )}
      <Menu label="Export ▾">
        <MenuItem onSelect={() => save('jsonl')}>JSONL: every value as it is stored</MenuItem>
        <MenuItem onSelect={() => save('csv')}>CSV: for spreadsheets</MenuItem>
      </Menu>
    </>
  );
}

async function* rowsOf({ project_id }: ObjectVersion, place: RowsPlace): AsyncGenerator<Row> {
  if ('inline' in place) yield* place.inline;
  else for await (const { val } of streamRows(project_id, place.digest)) yield val;
}

async function exportRows(
  rows: AsyncIterable<Row>,
  format: 'csv' | 'jsonl',
  onRows: (done: number) => void,
): Promise<Blob> {
  const all: Row[] = [];
  const lines: string[] = [];
  let done = 0;
  for await (const row of rows) {
    if (format === 'csv') all.push(row);
    else lines.push(`${stringifyJson(row)}\n`);
    if (++done % 1000 === 0) onRows(done);
  }
  if (format === 'jsonl') return new Blob(lines, { type: 'application/x-ndjson' });
  const columns = [...new Set(all.flatMap((row) => Object.keys(row)))];
  return new Blob([csvLine(columns), ...all.map((row) => csvLine(columns.map((column) => row[column])))], {
    type: 'text/csv',
  });
}

function download(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
