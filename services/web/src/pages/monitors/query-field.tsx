import { useState } from 'react';

const CONDITIONS = ['is', 'is not', 'contains', 'is more than', 'is less than'] as const;
type Condition = (typeof CONDITIONS)[number];

/** Which of the calls are scored: a condition in the language of `/calls/query`. */
export function QueryField({
  query,
  onChange,
}: {
  readonly query: string;
  readonly onChange: (query: string) => void;
}) {
  const [field, setField] = useState('');
  const [by, setBy] = useState<Condition>('is');
  const [value, setValue] = useState('');
  const add = () => {
    onChange(JSON.stringify(both(query, conditionOf(field.trim(), by, value)), null, 2));
    setValue('');
  };
  return (
    <div className="mon-scorer">
      <div className="mon-row">
        <label>
          Where
          <input
            className="field"
            list="mon-fields"
            value={field}
            placeholder="summary.weave.status"
            onChange={(event) => setField(event.target.value)}
          />
        </label>
        <datalist id="mon-fields">
          {
            ['summary.weave.status', 'summary.weave.latency_ms', 'inputs.question', 'output', 'attributes.env', 'wb_user_id', 'thread_id'].map((each) => <option key={each} value={each} />) /* prettier-ignore */
          }
        </datalist>
        <label>
          Compare
          <select className="field" value={by} onChange={(event) => setBy(event.target.value as Condition)}>
            {CONDITIONS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <label>
          Value
          <input className="field" value={value} onChange={(event) => setValue(event.target.value)} />
        </label>
        <button type="button" className="button" disabled={field.trim() === ''} onClick={add}>
          Add condition
        </button>
      </div>
      <label>
        Filter, as JSON (empty: no filter)
        <textarea
          className="field"
          rows={Math.min(12, Math.max(2, query.split('\n').length))}
          value={query}
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
        />
      </label>
    </div>
  );
}

function conditionOf(field: string, by: Condition, value: string): object {
  const get = { $getField: field };
  const literal = { $literal: value };
  const sides = [{ $convert: { input: get, to: 'double' } }, { $literal: Number(value) }];
  switch (by) {
    case 'is':
      return { $eq: [get, literal] };
    case 'is not':
      return { $not: [{ $eq: [get, literal] }] };
    case 'contains':
      return { $contains: { input: get, substr: literal, case_insensitive: true } };
    case 'is more than':
      return { $gt: sides };
    case 'is less than':
      return { $not: [{ $gte: sides }] };
  }
}

/** What was there, and the condition. */
function both(query: string, condition: object): object {
  let before: unknown;
  try {
    before = (JSON.parse(query) as { $expr?: unknown }).$expr;
  } catch {
    // Empty, or not finished: what is added stands alone.
  }
  if (typeof before !== 'object' || before === null) return { $expr: { $and: [condition] } };
  const { $and: all } = before as { $and?: unknown };
  return { $expr: { $and: [...(Array.isArray(all) ? (all as unknown[]) : [before]), condition] } };
}
