import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Call } from '../../api/calls.ts';
import type { Board, BoardColumn } from '../../api/leaderboards.ts';
import { localTime } from '../../ui/format.ts';
import { RefLink } from '../../ui/ref-link.tsx';
import { boardRows, type BoardCell } from './board.ts';
import { formatValue } from './metrics.ts';
import { nameOf } from './run-facts.ts';

interface BoardTableProps {
  readonly board: Board;
  readonly runs: readonly Call[];
  readonly projectId: string;
}

export function BoardTable({ board, runs, projectId }: BoardTableProps) {
  const rows = useMemo(() => boardRows(board.columns, runs), [board, runs]);
  if (rows.length === 0)
    return (
      <p className="note">
        No run has these figures yet. Run one of the evaluations of this leaderboard: its model appears here by itself.
      </p>
    );
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Models and their figures">
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Model</th>
            {board.columns.map((column, i) => (
              <th scope="col" key={i}>
                <ColumnName column={column} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ model, cells }) => (
            <tr key={JSON.stringify(model) ?? ''}>
              <th scope="row" className="evaluations-name">
                {typeof model === 'string' && model.startsWith('weave:///') ? (
                  <RefLink value={model} />
                ) : (
                  <bdi>{nameOf(model) || 'unnamed'}</bdi>
                )}
              </th>
              {cells.map((cell, i) => (
                <td key={i}>
                  {cell === undefined ? (
                    <span className="soft">no run</span>
                  ) : (
                    <Figure cell={cell} column={board.columns[i]!} projectId={projectId} />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
} // prettier-ignore

function ColumnName({ column }: { readonly column: BoardColumn }) {
  const { scorer_name: scorer, summary_metric_path: path, evaluation_object_ref: ref } = column;
  return (
    <>
      <div className="soft">
        <bdi>{nameOf(ref)}</bdi>
      </div>
      <bdi>{[scorer, path].filter(Boolean).join('.')}</bdi>
      <div className="soft">{column.should_minimize ? '↓ less is better' : '↑ more is better'}</div>
    </>
  );
}

interface FigureProps {
  readonly cell: BoardCell;
  readonly column: BoardColumn;
  readonly projectId: string;
}

function Figure({ cell, column, projectId }: FigureProps) {
  const [entity, project] = projectId.split('/') as [string, string];
  const isFraction = column.summary_metric_path.endsWith('true_fraction');
  return (
    <Link
      className={cell.isBest ? 'leaderboard-best' : ''}
      to="/$entity/$project/weave/evaluations/$id"
      params={{ entity, project, id: cell.run.id }}
      search={{}}
      title={`Run of ${localTime(cell.run.started_at)}`}
    >
      {formatValue(cell.value, { kind: isFraction ? 'yes-no' : 'number' })}
      {cell.isBest && ' ★ best'}
    </Link>
  );
}
