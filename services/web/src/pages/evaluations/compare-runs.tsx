import { Link } from '@tanstack/react-router';
import { Time } from '../../ui/time.tsx';
import type { Compared } from './compared.ts';
import { modelOf, nameOf, titleOf, versionOf } from './run-facts.ts';
import { RunState } from './run-state.tsx';
import type { CompareSearch } from './search.ts';

interface CompareRunsProps {
  readonly compared: Compared;
  readonly onChange: (changed: CompareSearch) => void;
}

/** What is compared, and which of them is the baseline. */
export function CompareRuns({ compared, onChange }: CompareRunsProps) {
  const { runs, base, projectId } = compared;
  const [entity, project] = projectId.split('/') as [string, string];
  return (
    <fieldset className="evaluations-compared">
      <legend className="soft">Baseline</legend>
      {runs.map((run, i) => (
        <div className="card" key={run.id} style={{ borderTop: `3px solid var(--series-${i + 1})` }}>
          <label>
            <input
              type="radio"
              name="baseline"
              checked={run.id === base.id}
              onChange={() => onChange({ base: run.id, run: undefined })}
            />{' '}
            <b>
              <bdi>{nameOf(modelOf(run)) || titleOf(run)}</bdi>
            </b>{' '}
            <span className="soft mono">{versionOf(modelOf(run))}</span>
          </label>
          <div>
            <Link
              to="/$entity/$project/weave/evaluations/$id"
              params={{ entity, project, id: run.id }}
              search={{}}
            >
              <bdi>{titleOf(run)}</bdi>
            </Link>
          </div>
          <div className="soft">
            <Time at={run.started_at} /> <RunState run={run} />
          </div>
          {runs.length > 1 && (
            <button
              className="button quiet evaluations-remove"
              aria-label={`Remove ${titleOf(run)}`}
              title="Remove from the comparison"
              onClick={() => onChange({ ids: runs.filter((each) => each !== run).map(({ id }) => id).join(',') })}
            >
              ✕
            </button>
          )}
        </div>
      ))}
    </fieldset>
  );
} // prettier-ignore
