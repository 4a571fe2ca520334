import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import {
  NAMED_FIELDS,
  OPERATOR_WORDS,
  operatorsOf,
  problemOf,
  takesValue,
  type FieldKind,
  type FilterChip,
  type Operator,
  type TracesFilter,
} from '../../api/trace-filters.ts';
import { facetQuery, fieldsQuery, kindOfField } from '../../api/traces.ts';
import { count, opName } from '../../ui/format.ts';
import { Combobox, type Suggestion } from './combobox.tsx';
import { useSettled } from './settled.ts';

const MAX_SUGGESTIONS = 60;

/** One condition, as it is written. @param filter of the list, without this condition: its values are suggested. */
export function FilterEditor({
  projectId,
  filter,
  chip,
  onDone,
  onCancel,
}: {
  readonly projectId: string;
  readonly filter: TracesFilter;
  readonly chip: FilterChip | undefined;
  readonly onDone: (chip: FilterChip) => void;
  readonly onCancel: () => void;
}) {
  const [field, setField] = useState(chip?.[0] ?? '');
  const [operator, setOperator] = useState<Operator | undefined>(chip?.[1]);
  const [value, setValue] = useState(chip?.[2] ?? '');
  const [problem, setProblem] = useState<string>();
  const { suggestions, kind } = useFields(projectId, field);
  const operators = operatorsOf(kind);
  const used = operator ?? operators[0]!;
  const finish = (text: string) => {
    const made: FilterChip = [field.trim(), used, takesValue(used) ? text : ''];
    const wrong = problemOf(made);
    setProblem(wrong);
    if (wrong === undefined) onDone(made);
  };
  return (
    <form
      className="filter-editor"
      aria-label="Filter"
      onSubmit={(event) => {
        event.preventDefault();
        finish(value);
      }}
      onKeyDown={(event) => event.key === 'Escape' && onCancel()}
    >
      <Combobox
        label="Field"
        className="field-name"
        value={field}
        autoFocus={chip === undefined}
        suggestions={suggestions}
        onInput={(text) => {
          setField(text);
          setOperator(undefined);
        }}
        onPick={(text) => {
          setField(text);
          setProblem(undefined);
        }}
      />
      <select
        className="field"
        aria-label="Operator"
        value={used}
        onChange={(event) => setOperator(event.target.value as Operator)}
      >
        {(operators.includes(used) ? operators : [...operators, used]).map((each) => (
          <option key={each} value={each}>
            {OPERATOR_WORDS[each]}
          </option>
        ))}
      </select>
      {takesValue(used) && (
        <ValueBox
          projectId={projectId}
          filter={filter}
          field={field.trim()}
          value={value}
          autoFocus={chip !== undefined}
          onInput={setValue}
          onPick={(text) => {
            setValue(text);
            if (text !== '') finish(text);
          }}
        />
      )}
      <button className="button primary">Apply</button>
      <button type="button" className="button quiet" onClick={onCancel}>
        Cancel
      </button>
      {problem !== undefined && (
        <p className="error-text" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function useFields(projectId: string, text: string): { suggestions: Suggestion[]; kind: FieldKind } {
  const { data: paths } = useQuery(fieldsQuery(projectId));
  return useMemo(() => {
    const wanted = text.toLowerCase();
    const named = Object.keys(NAMED_FIELDS).map((value): Suggestion => ({ value }));
    const found = (paths ?? []).map(({ path, kinds }): Suggestion => ({
      value: path,
      note: kinds.join(', '),
    }));
    const all = [...named, ...found].filter(({ value }) => value.toLowerCase().includes(wanted));
    const kind = Object.hasOwn(NAMED_FIELDS, text)
      ? NAMED_FIELDS[text]!.kind
      : kindOfField(paths?.find(({ path }) => path === text));
    return { suggestions: all.slice(0, MAX_SUGGESTIONS), kind };
  }, [paths, text]);
}

function ValueBox({
  projectId,
  filter,
  field,
  ...box
}: {
  readonly projectId: string;
  readonly filter: TracesFilter;
  readonly field: string;
  readonly value: string;
  readonly autoFocus: boolean;
  readonly onInput: (text: string) => void;
  readonly onPick: (text: string) => void;
}) {
  const typed = useSettled(box.value, 200);
  const { data } = useQuery(facetQuery(projectId, filter, field, typed));
  const suggestions = (data?.values ?? []).map(({ value, count: calls }) => ({
    value,
    label: field === 'op_name' ? opName(value) : value,
    note: count.format(calls),
  }));
  return (
    <Combobox
      label="Value"
      className="field-value"
      suggestions={suggestions}
      note={data?.is_approximate === true ? 'Counted among the newest calls.' : undefined}
      {...box}
    />
  );
}
