import { useState } from 'react';
import { parseJson, stringifyJson } from '../../../api/request.ts';
import type { Row } from '../../../api/tables.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { Editor } from '../../../ui/editor.tsx';
import { Value } from '../value.tsx';

interface Props {
  readonly title: string;
  readonly projectId: string;
  readonly row: Row;
  /** Absent: the row can be read only. */
  readonly onChange?: (row: Row) => void;
  readonly onClose: () => void;
}

/** A row with all that it has. */
export function RowDialog({ title, projectId, row, onChange, onClose }: Props) {
  const [isJson, setJson] = useState(onChange !== undefined);
  return (
    <Dialog title={title} onClose={onClose} isWide>
      {isJson ? (
        <RowJson row={row} onClose={onClose} {...(onChange && { onChange })} />
      ) : (
        <>
          <Fields projectId={projectId} row={row} />
          <div>
            <button className="button" onClick={() => setJson(true)}>
              As JSON
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

const MOST = 300;

function Fields({ projectId, row }: Pick<Props, 'projectId' | 'row'>) {
  return (
    <dl className="row-fields">
      {Object.entries(row)
        .slice(0, MOST)
        .map(([name, value]) => (
          <div key={name}>
            <dt>
              <bdi>{name === '' ? '(no name)' : name}</bdi>
            </dt>
            <dd>
              <Value projectId={projectId} value={value} />
            </dd>
          </div>
        ))}
    </dl>
  );
}

function RowJson({ row, onChange, onClose }: Pick<Props, 'row' | 'onChange' | 'onClose'>) {
  const [draft, setDraft] = useState(() => stringifyJson(row, 2));
  const [error, setError] = useState<string>();
  const keep = () => {
    try {
      const next = parseJson(draft, { exact: true });
      if (typeof next !== 'object' || next === null || Array.isArray(next))
        throw new Error('a row is an object {…}');
      onChange?.(next as Row);
      onClose();
    } catch (failure) {
      setError(`This is no row: ${(failure as Error).message}`);
    }
  };
  return (
    <>
      <Editor
        value={draft}
        language="json"
        label="The row as JSON"
        {...(onChange && { onChange: setDraft })}
      />
      {error !== undefined && (
        <p className="note error" role="alert">
          {error}
        </p>
      )}
      {onChange !== undefined && (
        <div className="heading">
          <button className="button primary" onClick={keep}>
            Keep
          </button>
          <button className="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      )}
    </>
  );
}
