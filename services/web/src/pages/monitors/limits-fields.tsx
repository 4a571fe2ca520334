import type { Limits } from '../../api/monitors.ts';

const FIELDS = [
  ['calls_per_day', 'Questions', 1],
  ['tokens_per_day', 'Tokens', 1],
  ['usd_per_day', 'US dollars', 0.01],
] as const;

/** What a day may take; empty = no limit. */
export function LimitsFields({
  limits,
  onChange,
}: {
  readonly limits: Limits;
  readonly onChange: (limits: Limits) => void;
}) {
  return (
    <div className="mon-row">
      {FIELDS.map(([name, label, step]) => (
        <label key={name}>
          {label} a day
          <input
            className="field"
            type="number"
            min={0}
            step={step}
            placeholder="no limit"
            value={limits[name] ?? ''}
            onChange={(event) => {
              const { value, valueAsNumber } = event.target;
              onChange({
                ...limits,
                [name]: value === '' || Number.isNaN(valueAsNumber) ? null : valueAsNumber,
              });
            }}
          />
        </label>
      ))}
    </div>
  );
}
