import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { addToDataset, latestQuery, wholeCalls } from '../../../api/bulk.ts';
import type { Row } from '../../../api/tables.ts';
import { fieldsQuery } from '../../../api/traces.ts';
import { RefLink } from '../../../ui/ref-link.tsx';
import { splitPath, valueAt } from '../columns.tsx';
import { Combobox } from '../combobox.tsx';
import { BulkDialog } from './bulk-dialog.tsx';
import type { BulkProps } from './bulk-bar.tsx';

interface Mapped {
  readonly path: string;
  readonly name: string;
}

const NAME = /^[\w.-]{1,128}$/;

/** Rows of a dataset, made of calls: each column is a value of the call. */
export function DatasetDialog({ projectId, ids, calls, onClose, onDone }: BulkProps) {
  const datasets = useQuery(latestQuery(projectId, 'Dataset'));
  const [existing, setExisting] = useState('');
  const [name, setName] = useState('');
  const [mapped, setMapped] = useState<readonly Mapped[]>(() => guess(calls));
  const rows = useRef<Row[]>([]);
  const isNamed = existing !== '' || NAME.test(name);
  const columns = mapped.filter(({ path, name: column }) => path !== '' && column !== '');
  const names = columns.map(({ name: column }) => column);
  const isTwice = new Set(names).size < names.length;
  return (
    <BulkDialog
      title="Add to a dataset"
      ids={ids}
      verb="Add"
      done="read"
      size={50}
      isReady={isNamed && columns.length > 0 && !isTwice}
      prepare={async (signal) => {
        rows.current = [];
        const dataset = datasets.data?.find(({ object_id }) => object_id === existing) ?? { name };
        return {
          act: async (some) => {
            for (const call of await wholeCalls(projectId, some, signal))
              rows.current.push(
                Object.fromEntries(
                  columns.map((each) => [each.name, valueAt(call, splitPath(each.path)) ?? null]),
                ),
              );
          },
          finish: async () => {
            const ref = await addToDataset(projectId, dataset, rows.current);
            // What is tried again goes behind these.
            await datasets.refetch();
            setExisting('name' in dataset ? dataset.name : dataset.object_id);
            return (
              <p>
                {rows.current.length} {rows.current.length === 1 ? 'row' : 'rows'} added:{' '}
                <RefLink value={ref} />
              </p>
            );
          },
        };
      }}
      onClose={onClose}
      onDone={onDone}
    >
      <label>
        Dataset
        <select
          className="field"
          aria-label="Dataset"
          value={existing}
          onChange={(event) => setExisting(event.target.value)}
        >
          <option value="">A new one</option>
          {(datasets.data ?? []).map(({ object_id }) => (
            <option key={object_id} value={object_id}>
              {object_id}
            </option>
          ))}
        </select>
      </label>
      {existing === '' && (
        <label>
          Name of the new one
          <input
            className="field"
            value={name}
            onChange={(event) => setName(event.target.value)}
            placeholder="hard-questions"
          />
          {name !== '' && !NAME.test(name) && (
            <span className="error-text">Letters, digits, “-”, “_” and “.”, 128 at most.</span>
          )}
        </label>
      )}
      <Mapping projectId={projectId} mapped={mapped} onChange={setMapped} />
      {isTwice && <p className="error-text">Two columns have the same name.</p>}
    </BulkDialog>
  );
}

/** What the first call was given, each value a column, and what it gave back. */
function guess(calls: BulkProps['calls']): Mapped[] {
  const inputs = Object.keys(calls[0]?.inputs ?? {}).filter((key) => key !== 'self');
  return [
    ...inputs.slice(0, 8).map((key) => ({ path: `inputs.${key.replaceAll('.', '\\.')}`, name: key })),
    { path: 'output', name: 'output' },
  ];
}

function Mapping({
  projectId,
  mapped,
  onChange,
}: {
  readonly projectId: string;
  readonly mapped: readonly Mapped[];
  readonly onChange: (mapped: readonly Mapped[]) => void;
}) {
  const { data: fields } = useQuery(fieldsQuery(projectId));
  const set = (index: number, change: Partial<Mapped>) =>
    onChange(mapped.map((each, i) => (i === index ? { ...each, ...change } : each)));
  const suggest = (text: string) =>
    [{ value: 'inputs' }, { value: 'output' }, ...(fields ?? []).filter(({ path }) => !path.startsWith('feedback.')).map(({ path }) => ({ value: path }))]
      .filter(({ value }) => value.toLowerCase().includes(text.toLowerCase()))
      .slice(0, 40); // prettier-ignore
  return (
    <fieldset className="mapping">
      <legend>Columns</legend>
      {mapped.map(({ path, name }, i) => (
        <div key={i} className="mapped">
          <Combobox
            label={`Value of column ${i + 1}`}
            placeholder="inputs.question"
            value={path}
            suggestions={suggest(path)}
            onInput={(text) => set(i, { path: text })}
            onPick={(text) => set(i, { path: text, ...(name === '' && { name: text.split('.').at(-1)! }) })}
          />
          <span aria-hidden="true">→</span>
          <input
            className="field"
            aria-label={`Name of column ${i + 1}`}
            value={name}
            onChange={(event) => set(i, { name: event.target.value })}
          />
          <button
            type="button"
            className="button quiet"
            aria-label={`Take away column ${name}`}
            onClick={() => onChange(mapped.filter((_, at) => at !== i))}
          >
            ✕
          </button>
        </div>
      ))}
      <button type="button" className="button" onClick={() => onChange([...mapped, { path: '', name: '' }])}>
        + Column
      </button>
    </fieldset>
  );
}
