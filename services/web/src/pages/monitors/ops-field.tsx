import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { breakdownQuery } from '../../api/dashboard.ts';
import { decodedName } from '../../ui/ref.ts';

const MONTH_MS = 30 * 86_400_000;

/** Ops whose calls are looked at; none = every call. */
export function OpsField({
  projectId,
  ops,
  onChange,
}: {
  readonly projectId: string;
  readonly ops: readonly string[];
  readonly onChange: (ops: readonly string[]) => void;
}) {
  const [text, setText] = useState('');
  const known = useQuery({
    ...breakdownQuery({ projectId, span: { lastMs: MONTH_MS }, all: true, by: ['op'], limit: 200 }),
    refetchInterval: false,
  });
  const add = () => {
    const name = text.trim();
    if (name !== '' && !ops.includes(name)) onChange([...ops, name]);
    setText('');
  };
  return (
    <div className="mon-scorer">
      {ops.length === 0 && <p className="soft mon-none">Every call is looked at.</p>}
      <ul className="mon-chosen" aria-label="Ops">
        {ops.map((op) => (
          <li key={op}>
            <bdi className="mono">{op}</bdi>
            <button
              type="button"
              className="button quiet"
              aria-label={`Without ${op}`}
              onClick={() => onChange(ops.filter((each) => each !== op))}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      <div className="mon-row">
        <label>
          Op
          <input
            className="field"
            list="mon-ops"
            value={text}
            placeholder="answer"
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              add();
            }}
          />
        </label>
        <datalist id="mon-ops">
          <option value="weave.genai.turn_ended">turns of agents</option>
          {known.data?.groups.map(({ key: { op = '' } }) => (
            <option key={op} value={decodedName(op)} />
          ))}
        </datalist>
        <button type="button" className="button" disabled={text.trim() === ''} onClick={add}>
          Add op
        </button>
      </div>
    </div>
  );
}
