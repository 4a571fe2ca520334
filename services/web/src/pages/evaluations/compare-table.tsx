import type { Call } from '../../api/calls.ts';
import { changeOf, type Compared } from './compared.ts';
import { cellText, splitData } from './examples.ts';
import type { Example, Metric } from './metrics.ts';
import { Clamped, Output } from './results-table.tsx';
import { modelOf, nameOf, titleOf } from './run-facts.ts';
import { ScoreCell } from './score-cell.tsx';
import { VirtualTable } from './virtual-table.tsx';

const ROW_PX = 64;

interface CompareTableProps {
  readonly compared: Compared;
  readonly examples: readonly Example[];
  readonly metric: Metric;
  readonly onOpen: (digest: string) => void;
}

/** A line for each example: what it is, and what each run made of it. */
export function CompareTable({ compared, examples, metric, onOpen }: CompareTableProps) {
  const { runs, base } = compared;
  const ordered = [base, ...runs.filter((run) => run !== base)];
  const head = (
    <>
      <th scope="col" className="evaluations-example">
        Example
      </th>
      <th scope="col">Expected</th>
      {ordered.map((run) => (
        <th scope="col" key={run.id}>
          <bdi>{nameOf(modelOf(run)) || titleOf(run)}</bdi>
        </th>
      ))}
    </>
  );
  return (
    <VirtualTable
      label="Examples side by side"
      head={head}
      columns={2 + runs.length}
      count={examples.length}
      minWidth={360 + runs.length * 220}
      rowPx={ROW_PX}
      keyOf={(index) => examples[index]!.digest}
      cells={(index) => {
        const example = examples[index]!;
        const { inputs, expected } = splitData(example.data);
        return (
          <>
            <td>
              <button className="evaluations-open" onClick={() => onOpen(example.digest)}>
                <Clamped text={cellText(inputs) || '(empty)'} />
              </button>
            </td>
            <td>
              <Clamped text={cellText(expected)} />
            </td>
            {ordered.map((run) => (
              <td key={run.id}>
                <RunCell {...{ compared, example, run, metric }} />
              </td>
            ))}
          </>
        );
      }}
    />
  );
}

interface RunCellProps {
  readonly compared: Compared;
  readonly example: Example;
  readonly run: Call;
  readonly metric: Metric;
}

function RunCell({ compared, example, run, metric }: RunCellProps) {
  const trials = example.trials.get(run.id);
  if (trials === undefined) return <span className="soft">not in this run</span>;
  const change = run === compared.base ? undefined : changeOf(compared, example, run.id, metric);
  return (
    <>
      <ScoreCell trials={trials} metric={metric} />
      {change !== undefined && change !== 0 && (
        <span className={change < 0 ? 'evaluations-no' : 'evaluations-yes'}>
          {change < 0 ? ' · got worse' : ' · got better'}
        </span>
      )}
      <Output trials={trials} />
    </>
  );
}
