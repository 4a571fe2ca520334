import type { BoardColumn } from '../../api/leaderboards.ts';
import type { Choices } from './board.ts';
import { nameOf, versionOf } from './run-facts.ts';

interface BoardColumnFieldsProps {
  /** From 1. */
  readonly number: number;
  readonly column: BoardColumn;
  readonly choices: Choices;
  readonly onChange: (column: BoardColumn) => void;
  readonly onRemove: () => void;
}

/** An evaluation, one of its scorers, and which of its figures. */
export function BoardColumnFields({ number, column, choices, onChange, onRemove }: BoardColumnFieldsProps) {
  const { evaluation_object_ref: ref, scorer_name: scorer, summary_metric_path: path } = column;
  const scorers = choices.scorers.get(ref);
  const paths = scorers?.get(scorer) ?? [];
  const chooseEvaluation = (chosen: string) => {
    const first = choices.scorers.get(chosen)?.entries().next().value;
    onChange({
      ...column,
      evaluation_object_ref: chosen,
      ...(first !== undefined && { scorer_name: first[0], summary_metric_path: first[1][0] ?? '' }),
    });
  };
  const chooseScorer = (chosen: string) =>
    onChange({ ...column, scorer_name: chosen, summary_metric_path: scorers?.get(chosen)?.[0] ?? path });
  const unknown = ref !== '' && !choices.evaluations.has(ref);
  return (
    <li className="card">
      <label>
        Evaluation {number}
        <select className="field" value={ref} onChange={(event) => chooseEvaluation(event.target.value)}>
          <option value="">Choose…</option>
          {unknown && (
            <option value={ref}>
              {nameOf(ref)}:{versionOf(ref)}
            </option>
          )}
          {[...choices.evaluations].map(([each, name]) => (
            <option key={each} value={each}>
              {name}:{versionOf(each)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Scorer {number}
        <Suggested
          id={`scorers-${number}`}
          value={scorer}
          among={[...(scorers?.keys() ?? [])]}
          onChange={chooseScorer}
        />
      </label>
      <label>
        Figure {number}
        <Suggested
          id={`figures-${number}`}
          value={path}
          among={paths}
          onChange={(chosen) => onChange({ ...column, summary_metric_path: chosen })}
        />
      </label>
      <label className="leaderboard-check">
        <input
          type="checkbox"
          checked={column.should_minimize === true}
          onChange={(event) => onChange({ ...column, should_minimize: event.target.checked })}
        />
        Less is better
      </label>
      <button className="button" type="button" aria-label={`Remove column ${number}`} onClick={onRemove}>
        Remove
      </button>
    </li>
  );
}

interface SuggestedProps {
  readonly id: string;
  readonly value: string;
  readonly among: readonly string[];
  readonly onChange: (value: string) => void;
}

/** Any text: what runs have is suggested. */
function Suggested({ id, value, among, onChange }: SuggestedProps) {
  return (
    <>
      <input
        className="field"
        list={id}
        value={value}
        maxLength={500}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={id}>
        {among.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  );
}
