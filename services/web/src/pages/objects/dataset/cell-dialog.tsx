import { useState, type FormEvent } from 'react';
import { parseJson, stringifyJson } from '../../../api/request.ts';
import { Dialog } from '../../../ui/dialog.tsx';

interface Props {
  readonly column: string;
  /** Undefined: the row has no such column. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly onClose: () => void;
}

/** One value of a row, as text or as any other JSON. */
export function CellDialog({ column, value, onChange, onClose }: Props) {
  const [isText, setText] = useState(typeof value === 'string' || value === undefined);
  const [draft, setDraft] = useState(
    value === undefined ? '' : typeof value === 'string' ? value : stringifyJson(value, 2),
  );
  const [error, setError] = useState<string>();
  const keep = (event?: FormEvent) => {
    event?.preventDefault();
    try {
      const next = isText ? draft : parseJson(draft, { exact: true });
      onChange(next);
      onClose();
    } catch (failure) {
      setError(`This is no JSON: ${(failure as Error).message}. A text is written as it is once “text” is chosen.`);
    }
  };
  return (
    <Dialog title={column === '' ? '(no name)' : column.slice(0, 200)} onClose={onClose}>
      <form className="form" onSubmit={keep}>
        <textarea
          className="field cell-text"
          aria-label={`Value of ${column}`}
          dir={isText ? 'auto' : 'ltr'}
          rows={Math.min(18, Math.max(3, draft.split('\n').length + 1))}
          value={draft}
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keep();
          }}
        />
        <fieldset className="cell-kind">
          <legend className="soft">This is</legend>
          <label>
            <input type="radio" name="kind" checked={isText} onChange={() => setText(true)} /> text
          </label>
          <label>
            <input type="radio" name="kind" checked={!isText} onChange={() => setText(false)} /> a number, true,
            false, null, a list or an object (JSON)
          </label>
        </fieldset>
        {error !== undefined && (
          <p className="note error" role="alert">
            {error}
          </p>
        )}
        <div className="heading">
          <button className="button primary" title="Ctrl+Enter">
            Keep
          </button>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          {value !== undefined && (
            <button type="button" className="button danger push" onClick={() => { onChange(undefined); onClose(); }}>
              Remove from this row
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
} // prettier-ignore
