import { useQuery } from '@tanstack/react-query';
import { refOf, scorersQuery } from '../../api/monitors.ts';
import { RefLink } from '../../ui/ref-link.tsx';
import type { Draft } from './draft.ts';
import { newScorer, NewScorerFields } from './new-scorer-fields.tsx';
import { JUDGE, SCORER_CLASSES } from './scorer-kinds.ts';

/** Scorers that are there, and those that are made with the monitor. */
export function ScorersField({
  projectId,
  draft,
  onChange,
}: {
  readonly projectId: string;
  readonly draft: Draft;
  readonly onChange: (change: Partial<Draft>) => void;
}) {
  const known = useQuery(scorersQuery(projectId));
  const { scorers, created } = draft;
  return (
    <div className="mon-scorer">
      <ul className="mon-chosen" aria-label="Scorers">
        {scorers.map((ref) => (
          <li key={ref}>
            <RefLink value={ref} />
            {ref.includes('/attr/') && <span className="soft">stands in the monitor</span>}
            <button
              type="button"
              className="button quiet"
              aria-label={`Without ${ref}`}
              onClick={() => onChange({ scorers: scorers.filter((each) => each !== ref) })}
            >
              ✕
            </button>
          </li>
        ))}
      </ul>
      {created.map((scorer, place) => (
        <NewScorerFields
          key={place}
          scorer={scorer}
          onChange={(next) => onChange({ created: created.with(place, next) })}
          onRemove={() => onChange({ created: created.filter((_, i) => i !== place) })}
        />
      ))}
      <div className="mon-row">
        <label>
          Use a scorer
          <select
            className="field"
            value=""
            onChange={(event) => onChange({ scorers: [...new Set([...scorers, event.target.value])] })}
          >
            <option value="" disabled>
              {known.data?.length === 0 ? 'there are none yet' : 'choose…'}
            </option>
            {known.data?.map(({ object_id: name, digest, version_index: index }) => (
              <option key={name} value={refOf(projectId, name, digest)}>
                {name} v{index}
              </option>
            ))}
          </select>
        </label>
        <label>
          Write a new one
          <select
            className="field"
            value=""
            onChange={(event) => onChange({ created: [...created, newScorer(event.target.value)] })}
          >
            <option value="" disabled>
              choose…
            </option>
            <option value={JUDGE}>A model judges (LLM as a judge)</option>
            {SCORER_CLASSES.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}
