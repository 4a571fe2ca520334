import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { Call } from '../../api/calls.ts';
import type { RunsFilter } from '../../api/evaluations.ts';
import { evaluationOf, modelOf, nameOf } from './run-facts.ts';
import { MAX_RUNS } from './search.ts';

interface RunsToolsProps {
  readonly filter: RunsFilter;
  /** Those that are shown: their names are suggested. */
  readonly runs: readonly Call[];
  readonly picked: readonly string[];
  readonly onChange: (filter: RunsFilter) => void;
  readonly onClear: () => void;
}

export function RunsTools({ filter, runs, picked, onChange, onClear }: RunsToolsProps) {
  const { entity, project } = useParams({ from: '/$entity/$project/weave/evaluations' });
  const names = (of: (run: Call) => unknown) => [...new Set(runs.map((run) => nameOf(of(run))))].sort();
  return (
    <div className="tools">
      <NameField
        label="Evaluation"
        value={filter.evaluation ?? ''}
        names={names(evaluationOf)}
        onChange={(evaluation) => onChange(withText(filter, 'evaluation', evaluation))}
      />
      <NameField
        label="Model"
        value={filter.model ?? ''}
        names={names(modelOf)}
        onChange={(model) => onChange(withText(filter, 'model', model))}
      />
      <span className="push soft" aria-live="polite">
        {picked.length === 0 ? `Choose 2 to ${MAX_RUNS} runs to compare them` : `${picked.length} chosen`}
      </span>
      {picked.length > 0 && (
        <button className="button quiet" onClick={onClear}>
          Clear
        </button>
      )}
      {picked.length > 1 && (
        <Link
          className="button primary"
          to="/$entity/$project/weave/compare-evaluations"
          params={{ entity, project }}
          search={{ ids: picked.join(',') }}
        >
          Compare {picked.length} runs
        </Link>
      )}
    </div>
  );
}

function withText(filter: RunsFilter, name: keyof RunsFilter, text: string): RunsFilter {
  const { [name]: _before, ...rest } = filter;
  return text === '' ? rest : { ...rest, [name]: text };
}

/** After the last key. */
const SETTLE_MS = 300;

function NameField({
  label,
  value,
  names,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly names: readonly string[];
  readonly onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), SETTLE_MS);
    return () => clearTimeout(timer);
  });
  const list = `runs-of-${label}`;
  return (
    <>
      <input
        className="field"
        aria-label={label}
        placeholder={label}
        list={list}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <datalist id={list}>
        {names.slice(0, 100).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
