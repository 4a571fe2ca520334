import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fieldsQuery } from '../../api/traces.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { count } from '../../ui/format.ts';
import { KNOWN_COLUMNS, toColumn, USUAL_COLUMNS } from './columns.tsx';

/** Which columns the list has, in which order. */
export function ColumnPicker({
  projectId,
  chosen,
  onChange,
}: {
  readonly projectId: string;
  readonly chosen: readonly string[];
  readonly onChange: (columns: readonly string[] | undefined) => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const change = (columns: readonly string[]) => {
    const isUsual = columns.join('\n') === USUAL_COLUMNS.join('\n');
    onChange(columns.length === 0 || isUsual ? undefined : columns);
  };
  return (
    <>
      <button className="button" onClick={() => setOpen(true)}>
        Columns
      </button>
      {isOpen && (
        <Dialog title="Columns" onClose={() => setOpen(false)} isWide>
          <div className="picker">
            <Chosen chosen={chosen} onChange={change} />
            <Available projectId={projectId} chosen={chosen} onAdd={(id) => change([...chosen, id])} />
          </div>
          <div className="heading">
            <button className="button" onClick={() => onChange(undefined)}>
              The usual columns
            </button>
            <button className="button primary push" onClick={() => setOpen(false)}>
              Done
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Chosen({
  chosen,
  onChange,
}: {
  readonly chosen: readonly string[];
  readonly onChange: (columns: readonly string[]) => void;
}) {
  const move = (from: number, by: number) => {
    const moved = [...chosen];
    moved.splice(from + by, 0, ...moved.splice(from, 1));
    onChange(moved);
  };
  return (
    <section aria-label="Shown">
      <h3>Shown, from left to right</h3>
      <ol className="shown">
        {chosen.map((id, i) => {
          const { label } = toColumn(id);
          return (
            <li key={id}>
              <bdi className="cut">{label}</bdi>
              <button
                className="button quiet"
                aria-label={`Move ${label} to the left`}
                disabled={i === 0}
                onClick={() => move(i, -1)}
              >
                ↑
              </button>
              <button
                className="button quiet"
                aria-label={`Move ${label} to the right`}
                disabled={i === chosen.length - 1}
                onClick={() => move(i, 1)}
              >
                ↓
              </button>
              <button
                className="button quiet"
                aria-label={`Hide ${label}`}
                disabled={chosen.length === 1}
                onClick={() => onChange(chosen.filter((each) => each !== id))}
              >
                ✕
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Available({
  projectId,
  chosen,
  onAdd,
}: {
  readonly projectId: string;
  readonly chosen: readonly string[];
  readonly onAdd: (id: string) => void;
}) {
  const [text, setText] = useState('');
  const fields = useQuery(fieldsQuery(projectId));
  const all = [
    ...[...KNOWN_COLUMNS.values()].map(({ id, label }) => ({ id, label, note: '' })),
    ...(fields.data ?? []).map(({ path, count: calls }) => ({
      id: path,
      label: path,
      note: `${count.format(calls)} calls`,
    })),
  ];
  const wanted = text.trim().toLowerCase();
  const found = all.filter(({ id, label }) => !chosen.includes(id) && (id.toLowerCase().includes(wanted) || label.toLowerCase().includes(wanted))); // prettier-ignore
  const isPath = /^(inputs|output|attributes|summary)\..+|^feedback\.\[[^\]]+\]\.payload/.test(text.trim());
  const isNew = isPath && !all.some(({ id }) => id === text.trim());
  return (
    <section aria-label="More">
      <h3>More</h3>
      <input
        className="field"
        aria-label="Find a column"
        placeholder="Find a column, or type a path such as inputs.question"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <ul className="available">
        {isNew && (
          <li>
            <button className="button quiet" onClick={() => onAdd(text.trim())}>
              + <bdi>{text.trim()}</bdi>
            </button>
          </li>
        )}
        {found.slice(0, 200).map(({ id, label, note }) => (
          <li key={id}>
            <button className="button quiet" onClick={() => onAdd(id)} aria-label={`Show ${label}`}>
              + <bdi className="cut">{label}</bdi>
            </button>
            <span className="soft">{note}</span>
          </li>
        ))}
      </ul>
      {fields.isSuccess && found.length === 0 && !isNew && (
        <p className="soft">The newest 200 calls have no such field.</p>
      )}
    </section>
  );
}
