import type { Field } from './annotation-schema.ts';

interface Props {
  readonly id: string;
  readonly field: Field;
  /** As it is typed; of a choice the number of the option. */
  readonly value: string;
  readonly onChange: (value: string) => void;
}

const MAX_OPTION = 200;

export function AnnotationField({ id, field, value, onChange }: Props) {
  const shared = {
    id,
    className: 'field',
    value,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  switch (field.kind) {
    case 'boolean':
      return (
        <select {...shared}>
          <option value="">choose…</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      );
    case 'number':
      return (
        <input
          {...shared}
          type="number"
          step={field.isInteger ? 1 : 'any'}
          min={field.min}
          max={field.max}
          placeholder={rangeText(field.min, field.max)}
        />
      );
    case 'choice':
      return (
        <select {...shared}>
          <option value="">choose…</option>
          {field.options.map(({ text }, i) => (
            <option key={i} value={i}>
              {text.slice(0, MAX_OPTION)}
            </option>
          ))}
        </select>
      );
    case 'text':
      return <textarea {...shared} rows={1} maxLength={field.maxLength} />;
    case 'json':
      return <textarea {...shared} rows={2} placeholder="JSON" spellCheck={false} />;
  }
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? 'a number' : `at most ${max}`;
}
