import type { Call } from '../../api/calls.ts';
import type { BoardColumn } from '../../api/leaderboards.ts';
import { isContainer, member } from '../../ui/json-tree/json-value.ts';
import { evaluationOf, modelOf, nameOf, scoresOf, titleOf } from './run-facts.ts';

export interface BoardCell {
  readonly value: number;
  /** The newest run that has it. */
  readonly run: Call;
  readonly isBest: boolean;
}

export interface BoardRow {
  /** Ref, or what stands in its place. */
  readonly model: unknown;
  /** By column. */
  readonly cells: readonly (BoardCell | undefined)[];
}

/** Models with the figures of their newest runs, the best of the first column first. @param runs the newest first. */
export function boardRows(columns: readonly BoardColumn[], runs: readonly Call[]): BoardRow[] {
  const byModel = new Map<string, { model: unknown; cells: (Omit<BoardCell, 'isBest'> | undefined)[] }>();
  for (const run of runs) {
    const model = modelOf(run);
    const key = JSON.stringify(model) ?? '';
    const row = byModel.get(key) ?? { model, cells: columns.map(() => undefined) };
    columns.forEach((column, i) => {
      const value = figureOf(run, column);
      if (value !== undefined) row.cells[i] ??= { value, run };
    });
    if (row.cells.some((cell) => cell !== undefined)) byModel.set(key, row);
  }
  const rows = [...byModel.values()];
  const best = columns.map((column, i) => {
    const values = rows.flatMap(({ cells }) => cells[i]?.value ?? []);
    return column.should_minimize ? Math.min(...values) : Math.max(...values);
  });
  const sign = columns[0]?.should_minimize ? 1 : -1;
  const first = ({ cells }: BoardRow) => (cells[0] === undefined ? Infinity : sign * cells[0].value);
  return rows
    .map(({ model, cells }) => ({
      model,
      cells: cells.map((cell, i) => cell && { ...cell, isBest: cell.value === best[i] }),
    }))
    .sort((a, b) => (first(a) === first(b) ? 0 : first(a) - first(b)));
}

/** What a run was summed up to there, as the SDKs read it. */
function figureOf(run: Call, column: BoardColumn): number | undefined {
  if (evaluationOf(run) !== column.evaluation_object_ref) return undefined;
  let value = member(run.output, column.scorer_name);
  for (const part of column.summary_metric_path.split('.'))
    if (isContainer(value)) value = member(value, part);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export interface Choices {
  /** Refs with names, the newest first. */
  readonly evaluations: ReadonlyMap<string, string>;
  /** Scorers of an evaluation with the paths of their figures. */
  readonly scorers: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

/** What columns can be made of, as far as these runs tell. */
export function choicesOf(runs: readonly Call[]): Choices {
  const evaluations = new Map<string, string>();
  const scorers = new Map<string, Map<string, string[]>>();
  for (const run of runs) {
    const ref = evaluationOf(run);
    if (typeof ref !== 'string') continue;
    // The logger of both SDKs leaves the name to the run.
    const name = nameOf(ref);
    if (!evaluations.has(ref)) evaluations.set(ref, name === 'Evaluation' ? titleOf(run) : name);
    const known = scorers.get(ref) ?? new Map<string, string[]>();
    scorers.set(ref, known);
    for (const { path } of scoresOf(run)) {
      const [scorer = '', ...rest] = path;
      const paths = known.get(scorer) ?? [];
      known.set(scorer, paths);
      if (!paths.includes(rest.join('.'))) paths.push(rest.join('.'));
    }
  }
  return { evaluations, scorers };
}

/** An object's name of a title: only letters, digits, `.`, `_`, `-`. */
export function idOfName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 100);
}
