import type { Call } from '../../api/calls.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { JsonText } from '../../ui/json-text.tsx';
import { CompareOutputs } from './compare-outputs.tsx';
import type { Compared } from './compared.ts';
import { labelOf, type Example } from './metrics.ts';
import { modelOf, nameOf, titleOf } from './run-facts.ts';
import { ScoreCell } from './score-cell.tsx';
import type { CompareSearch } from './search.ts';

interface CompareDialogProps {
  readonly compared: Compared;
  /** Those of the table: the ones before and after are among them. */
  readonly shown: readonly Example[];
  readonly digest: string;
  /** The run that is looked at beside the baseline. */
  readonly run: Call | undefined;
  readonly onChange: (changed: CompareSearch) => void;
}

/** One example: every score, the outputs side by side, and the way to the traces. */
export function CompareDialog({ compared, shown, digest, run, onChange }: CompareDialogProps) {
  const { runs, base, metrics, examples } = compared;
  const example = examples.find((each) => each.digest === digest);
  if (example === undefined) return null;
  const at = shown.indexOf(example);
  const ordered = [base, ...runs.filter((each) => each !== base)];
  const go = (to: Example | undefined, label: string) => (
    <button
      className="button"
      disabled={to === undefined}
      onClick={() => to !== undefined && onChange({ example: to.digest })}
    >
      {label}
    </button>
  );
  return (
    <Dialog title="Example" isWide onClose={() => onChange({ example: undefined })}>
      <div className="heading">
        {go(at < 1 ? undefined : shown[at - 1], '← Before')}
        {go(at < 0 ? undefined : shown[at + 1], 'After →')}
        {at >= 0 && (
          <span className="soft">
            {at + 1} of {shown.length}
          </span>
        )}
      </div>
      <JsonText title="Row of the dataset" value={example.data} />
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Scores of the example">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Score</th>
              {ordered.map((each) => (
                <th scope="col" key={each.id}>
                  <bdi>{nameOf(modelOf(each)) || titleOf(each)}</bdi>
                  {each === base && ' (baseline)'}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {metrics.map((metric) => (
              <tr key={metric.key}>
                <th scope="row">
                  <bdi>{labelOf(metric)}</bdi>
                </th>
                {ordered.map((each) => (
                  <td key={each.id}>
                    <ScoreCell trials={example.trials.get(each.id) ?? []} metric={metric} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <CompareOutputs
        key={digest}
        projectId={compared.projectId}
        example={example}
        runs={ordered}
        against={run}
      />
    </Dialog>
  );
}
