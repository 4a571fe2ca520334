import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { membersOf, type ObjectVersion } from '../../../api/objects.ts';
import type { RowSort } from '../../../api/tables.ts';
import { JsonText } from '../../../ui/json-text.tsx';
import type { ObjectSearch } from '../search.ts';
import './dataset.css';
import { DatasetTools } from './dataset-tools.tsx';
import { NO_EDITS, type Edits } from './edits.ts';
import { EditBar } from './edit-bar.tsx';
import { RowsTable } from './rows-table.tsx';
import {
  placeOf,
  useFoundRows,
  useInlineRows,
  usePagedRows,
  type RowsChoice,
  type RowsPlace,
} from './use-rows.ts';

/** A dataset: what it says of itself, and its rows. */
export function DatasetView({ version }: { readonly version: ObjectVersion }) {
  const place = placeOf(version.val);
  const description = membersOf(version.val).get('description');
  if (place === undefined)
    return (
      <>
        <p className="note">This dataset has no rows in a form that is known here.</p>
        <JsonText title="As it is stored" value={version.val} />
      </>
    );
  return (
    <>
      {typeof description === 'string' && description !== '' && (
        <p className="dataset-about" dir="auto">
          {description.slice(0, 4000)}
        </p>
      )}
      <Editable version={version} place={place} />
    </>
  );
}

function Editable({ version, place }: { readonly version: ObjectVersion; readonly place: RowsPlace }) {
  const [choice, choose] = useChoice();
  /** Undefined: nobody edits. */
  const [edits, setEdits] = useState<Edits>();
  const [columns, setColumns] = useState<readonly string[]>([]);
  const addColumns = useCallback(
    (names: readonly string[]) =>
      setColumns((known) => {
        const all = new Set([...known, ...names]);
        return all.size === known.length ? known : [...all];
      }),
    [],
  );
  const props = {
    version,
    choice,
    onChoose: choose,
    edits,
    onEdit: setEdits,
    columns,
    onColumns: addColumns,
  };
  return (
    <>
      <DatasetTools {...props} place={place} onBegin={() => setEdits(NO_EDITS)} />
      {edits !== undefined && (
        <EditBar
          version={version}
          place={place}
          edits={edits}
          onEdit={setEdits}
          onEnd={() => setEdits(undefined)}
        />
      )}
      {'inline' in place ? (
        <Inline {...props} inline={place.inline} />
      ) : choice.find === undefined ? (
        <Paged {...props} digest={place.digest} />
      ) : (
        <Found {...props} digest={place.digest} />
      )}
    </>
  );
}

/** What the address says, and how to change it. */
function useChoice(): [RowsChoice, (choice: RowsChoice) => void] {
  const search = useSearch({ strict: false }) as ObjectSearch;
  const navigate = useNavigate();
  const choose = ({ sort, find, column }: RowsChoice) =>
    void navigate({
      to: '.',
      search: {
        ...(sort && { sort: `${sort.direction}:${sort.field}` }),
        ...(find && { find }),
        ...(column !== undefined && { in: column }),
      },
      replace: true,
    });
  return [{ sort: readSort(search.sort), find: search.find, column: search.in }, choose];
}

function readSort(text: string | undefined): RowSort | undefined {
  const [, direction, field] = /^(asc|desc):([^]+)$/.exec(text ?? '') ?? [];
  return field === undefined ? undefined : { field, direction: direction as 'asc' | 'desc' };
}

export interface RowsProps {
  readonly version: ObjectVersion;
  readonly choice: RowsChoice;
  readonly onChoose: (choice: RowsChoice) => void;
  readonly edits: Edits | undefined;
  readonly onEdit: (edits: Edits) => void;
  readonly columns: readonly string[];
  readonly onColumns: (names: readonly string[]) => void;
}

/** What is looked at is the table's to say, and the rows there are read for it. */
function Paged({ digest, ...props }: RowsProps & { readonly digest: string }) {
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const look = useCallback(
    (first: number, last: number) =>
      setRange((known) => (known[0] === first && known[1] === last ? known : [first, last])),
    [],
  );
  const rows = usePagedRows(props.version.project_id, digest, props.choice.sort, range);
  return <RowsTable {...props} rows={rows} onLook={look} />;
}

function Found({ digest, ...props }: RowsProps & { readonly digest: string }) {
  return <RowsTable {...props} rows={useFoundRows(props.version.project_id, digest, props.choice)} />;
}

function Inline({ inline, ...props }: RowsProps & { readonly inline: readonly Record<string, unknown>[] }) {
  return <RowsTable {...props} rows={useInlineRows(inline, props.choice)} />;
}
