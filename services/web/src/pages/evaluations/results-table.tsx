import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Call } from '../../api/calls.ts';
import type { Trial } from '../../api/evaluations.ts';
import { errorLine } from '../../ui/exception.ts';
import { cellText, errorOf, splitData } from './examples.ts';
import { labelOf, type Example, type Metric } from './metrics.ts';
import { ScoreCell } from './score-cell.tsx';
import { SortHead } from './sort-head.tsx';
import { VirtualTable } from './virtual-table.tsx';

const ROW_PX = 46;

interface ResultsTableProps {
  readonly run: Call;
  readonly examples: readonly Example[];
  readonly metrics: readonly Metric[];
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
}

/** An example, or one trial of an example whose trials are unfolded. */
interface Line {
  readonly key: string;
  readonly example: Example;
  readonly trials: readonly Trial[];
  /** From 1; undefined of the example itself. */
  readonly trial?: number;
}

export function ResultsTable({ run, examples, metrics, sort, onSort }: ResultsTableProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const lines = linesOf(examples, run.id, open);
  const toggle = (digest: string) => {
    const next = new Set(open);
    if (!next.delete(digest)) next.add(digest);
    setOpen(next);
  };
  const head = (
    <>
      <th scope="col" className="evaluations-example">
        Example
      </th>
      <th scope="col">Expected</th>
      <th scope="col">Output</th>
      {metrics.map((metric) => (
        <SortHead key={metric.key} name={metric.key} label={labelOf(metric)} sort={sort} onSort={onSort} />
      ))}
    </>
  );
  return (
    <VirtualTable
      label="Examples of the run"
      head={head}
      columns={3 + metrics.length}
      count={lines.length}
      minWidth={640 + metrics.length * 104}
      rowPx={ROW_PX}
      keyOf={(index) => lines[index]!.key}
      rowClass={(index) => (lines[index]!.trial === undefined ? undefined : 'evaluations-trial')}
      cells={(index) => {
        const line = lines[index]!;
        const isOpen = open.has(line.example.digest);
        return <Cells {...{ line, metrics, run, isOpen }} onToggle={() => toggle(line.example.digest)} />;
      }}
    />
  );
}

function linesOf(examples: readonly Example[], run: string, open: ReadonlySet<string>): Line[] {
  return examples.flatMap((example) => {
    const trials = example.trials.get(run) ?? [];
    const line: Line = { key: example.digest, example, trials };
    if (trials.length < 2 || !open.has(example.digest)) return [line];
    return [
      line,
      ...trials.map((trial, i) => ({
        key: trial.predict_and_score_call_id,
        example,
        trials: [trial],
        trial: i + 1,
      })),
    ];
  });
}

interface CellsProps {
  readonly line: Line;
  readonly metrics: readonly Metric[];
  readonly run: Call;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Cells({ line, metrics, run, isOpen, onToggle }: CellsProps) {
  const { example, trials, trial } = line;
  const { inputs, expected } = splitData(example.data);
  const [entity, project] = run.project_id.split('/') as [string, string];
  const text = trial === undefined ? cellText(inputs) || '(empty)' : `Trial ${trial}`;
  const first = trials[0];
  return (
    <>
      <td>
        <div className="evaluations-first">
          {trials.length > 1 && (
            <button
              className="button quiet"
              aria-expanded={isOpen}
              aria-label={`${trials.length} trials of ${text.slice(0, 80)}`}
              onClick={onToggle}
            >
              {isOpen ? '▾' : '▸'} {trials.length}×
            </button>
          )}
          {first === undefined ? (
            <span className="evaluations-clamp">{text}</span>
          ) : (
            <Link
              className="evaluations-clamp"
              to="/$entity/$project/weave/calls/$id"
              params={{ entity, project, id: first.predict_and_score_call_id }}
              search={{}}
              title={text}
              dir="auto"
            >
              {text}
            </Link>
          )}
        </div>
      </td>
      <td>{trial === undefined && <Clamped text={cellText(expected)} />}</td>
      <td>
        <Output trials={trials} />
      </td>
      {metrics.map((metric) => (
        <td key={metric.key}>
          <ScoreCell trials={trials} metric={metric} />
        </td>
      ))}
    </>
  );
}

/** What a model answered, or what went wrong. */
export function Output({ trials }: { readonly trials: readonly Trial[] }) {
  const error = errorOf(trials);
  if (error !== undefined) {
    const line = errorLine(error);
    return (
      <span className="evaluations-clamp error-text" title={line} dir="auto">
        {line}
      </span>
    );
  }
  if (trials.some(({ running }) => running)) return <span className="status running">running</span>;
  return <Clamped text={cellText(trials[0]?.model_output)} />;
}

export function Clamped({ text }: { readonly text: string }) {
  return (
    <span className="evaluations-clamp" title={text} dir="auto">
      {text}
    </span>
  );
}
