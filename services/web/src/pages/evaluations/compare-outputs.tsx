import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { callQuery, type Call } from '../../api/calls.ts';
import type { Trial } from '../../api/evaluations.ts';
import { stringifyJson } from '../../api/request.ts';
import { Diff } from '../../ui/editor.tsx';
import { errorLine } from '../../ui/exception.ts';
import type { Example } from './metrics.ts';
import { modelOf, nameOf, titleOf } from './run-facts.ts';

interface CompareOutputsProps {
  readonly projectId: string;
  readonly example: Example;
  /** The baseline first. */
  readonly runs: readonly Call[];
  readonly against: Call | undefined;
}

/** Whole outputs: beside each other, and as a text with what changed. */
export function CompareOutputs({ projectId, example, runs, against }: CompareOutputsProps) {
  return (
    <>
      {against !== undefined && (
        <OutputDiff
          projectId={projectId}
          before={example.trials.get(runs[0]!.id)?.[0]}
          after={example.trials.get(against.id)?.[0]}
        />
      )}
      <div className="evaluations-side">
        {runs.map((run) => (
          <RunOutput key={run.id} projectId={projectId} run={run} trials={example.trials.get(run.id) ?? []} />
        ))}
      </div>
    </>
  );
}

interface OutputDiffProps {
  readonly projectId: string;
  readonly before: Trial | undefined;
  readonly after: Trial | undefined;
}

function OutputDiff({ projectId, before, after }: OutputDiffProps) {
  const one = useOutput(projectId, before);
  const other = useOutput(projectId, after);
  if (one === undefined || other === undefined) return null;
  return (
    <section>
      <h2>What changed in the output</h2>
      {one === other ? (
        <p className="soft">Nothing: both are the same.</p>
      ) : (
        <Diff before={one} after={other} label="Output of the baseline against that of the run" />
      )}
    </section>
  );
}

interface RunOutputProps {
  readonly projectId: string;
  readonly run: Call;
  readonly trials: readonly Trial[];
}

function RunOutput({ projectId, run, trials }: RunOutputProps) {
  const [entity, project] = projectId.split('/') as [string, string];
  const [at, setAt] = useState(0);
  const trial = trials[at];
  const output = useOutput(projectId, trial);
  return (
    <section>
      <h2>
        <bdi>{nameOf(modelOf(run)) || titleOf(run)}</bdi>
      </h2>
      {trial === undefined && <p className="soft">This run does not have the example.</p>}
      {trials.length > 1 && (
        <select
          className="field"
          aria-label={`Trial of ${titleOf(run)}`}
          value={at}
          onChange={(event) => setAt(Number(event.target.value))}
        >
          {trials.map((each, i) => (
            <option key={each.predict_and_score_call_id} value={i}>
              Trial {i + 1} of {trials.length}
            </option>
          ))}
        </select>
      )}
      {trial !== undefined && (
        <>
          {trial.error !== null && (
            <p className="error-text" dir="auto">
              {errorLine(trial.error)}
            </p>
          )}
          <pre className="json" tabIndex={0} dir="auto">
            {(output ?? '…').slice(0, MAX_SHOWN)}
          </pre>
          {(output?.length ?? 0) > MAX_SHOWN && <p className="soft">The rest is in the trace.</p>}
          <Link
            to="/$entity/$project/weave/calls/$id"
            params={{ entity, project, id: trial.predict_call_id ?? trial.predict_and_score_call_id }}
            search={{}}
          >
            Open the trace in {nameOf(modelOf(run)) || titleOf(run)}
          </Link>
        </>
      )}
    </section>
  );
}

const MAX_SHOWN = 20_000;

/** The whole output as text; undefined while it is fetched, or if there is none. */
function useOutput(projectId: string, trial: Trial | undefined): string | undefined {
  const call = useQuery({
    ...callQuery(projectId, trial?.predict_and_score_call_id ?? ''),
    enabled: trial !== undefined,
    staleTime: Infinity,
  });
  if (trial === undefined || call.isPending) return undefined;
  const output = call.data?.output;
  if (typeof output !== 'object' || output === null) return textOf(trial.model_output);
  const { output: said, model_output: named } = output as Record<string, unknown>;
  return textOf(said ?? named ?? null);
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '(none)';
  return stringifyJson(value, 2);
}
