import type { Debounce } from './draft.ts';

/** Scores what belongs together once, when no more of it came for a while. */
export function DebounceFields({
  debounce,
  onChange,
}: {
  readonly debounce: Debounce | null;
  readonly onChange: (debounce: Debounce | null) => void;
}) {
  return (
    <>
      <label className="mon-check">
        <input
          type="checkbox"
          checked={debounce !== null}
          onChange={(event) =>
            onChange(
              event.target.checked ? { field: 'thread_id', method: 'last_message', seconds: 30 } : null,
            )
          }
        />
        Wait until a thread or trace rests, and score it once
      </label>
      {debounce !== null && (
        <div className="mon-row">
          <label>
            What belongs together
            <select
              className="field"
              value={debounce.field}
              onChange={(event) => onChange({ ...debounce, field: event.target.value as Debounce['field'] })}
            >
              <option value="thread_id">calls of a thread</option>
              <option value="trace_id">calls of a trace</option>
            </select>
          </label>
          <label>
            What is scored
            <select
              className="field"
              value={debounce.method}
              onChange={(event) =>
                onChange({ ...debounce, method: event.target.value as Debounce['method'] })
              }
            >
              <option value="last_message">the newest call</option>
              <option value="all_messages">all of them, as {'{calls}'}</option>
            </select>
          </label>
          <label>
            Seconds of rest
            <input
              className="field"
              type="number"
              min={0}
              value={debounce.seconds}
              onChange={(event) => onChange({ ...debounce, seconds: event.target.valueAsNumber })}
            />
          </label>
        </div>
      )}
    </>
  );
}
