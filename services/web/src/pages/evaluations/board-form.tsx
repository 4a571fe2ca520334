import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState, type FormEvent } from 'react';
import { recentRunsQuery } from '../../api/evaluations.ts';
import { boardQuery, boardsQuery, saveBoard, type Board, type BoardColumn } from '../../api/leaderboards.ts';
import { ErrorNote, Loading } from '../../ui/notes.tsx';
import { BoardColumnFields } from './board-column.tsx';
import { choicesOf, idOfName } from './board.ts';

interface BoardFormProps {
  readonly projectId: string;
  /** Absent: a new one. */
  readonly board?: Board;
  readonly onSaved: (id: string) => void;
  readonly onCancel: () => void;
}

const EMPTY: BoardColumn = {
  evaluation_object_ref: '',
  scorer_name: '',
  summary_metric_path: '',
  should_minimize: false,
};

/** Makes a leaderboard, or a new version of one. */
export function BoardForm({ projectId, board, onSaved, onCancel }: BoardFormProps) {
  const queries = useQueryClient();
  const runs = useQuery(recentRunsQuery(projectId));
  const boards = useQuery(boardsQuery(projectId));
  const choices = useMemo(() => choicesOf(runs.data ?? []), [runs.data]);
  const [name, setName] = useState(board?.name ?? '');
  const [description, setDescription] = useState(board?.description ?? '');
  const [columns, setColumns] = useState<readonly BoardColumn[]>(board?.columns ?? [EMPTY]);
  const id = board?.id ?? idOfName(name);
  const isTaken = board === undefined && boards.data?.some((each) => each.id === id) === true;
  const saving = useMutation({
    mutationFn: () => saveBoard(projectId, { id, name: name.trim(), description, columns }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: boardsQuery(projectId).queryKey });
      await queries.invalidateQueries({ queryKey: boardQuery(projectId, id).queryKey });
      onSaved(id);
    },
  });
  const missing =
    id === ''
      ? 'Give it a name with a letter or a digit.'
      : isTaken
        ? 'There is a leaderboard of that name: choose another one, or edit that.'
        : columns.length === 0
          ? 'Add a column.'
          : columns.some(({ evaluation_object_ref: ref, scorer_name: scorer }) => ref === '' || scorer === '')
            ? 'Choose the evaluation and the scorer of each column.'
            : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (missing === undefined) saving.mutate();
  };
  const put = (at: number, column: BoardColumn) =>
    setColumns(columns.map((each, i) => (i === at ? column : each)));
  if (runs.isPending) return <Loading what="evaluations" />;
  if (runs.isSuccess && choices.evaluations.size === 0 && board === undefined)
    return (
      <p className="note">
        No evaluation has run here yet. Run one first: its scorers are what a leaderboard is made of.{' '}
        <button className="button" onClick={onCancel}>
          Back
        </button>
      </p>
    );
  return (
    <form className="form leaderboard-form" onSubmit={submit}>
      <label>
        Name
        <input className="field" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        Description
        <textarea className="field evaluations-text" rows={2} maxLength={5000} value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
      <h2>Columns</h2>
      <ol className="leaderboard-columns">
        {columns.map((column, i) => (
          <BoardColumnFields
            key={i}
            number={i + 1}
            column={column}
            choices={choices}
            onChange={(changed) => put(i, changed)}
            onRemove={() => setColumns(columns.filter((_, at) => at !== i))}
          />
        ))}
      </ol>
      <div>
        <button className="button" type="button" onClick={() => setColumns([...columns, columns.at(-1) ?? EMPTY])}>
          Add a column
        </button>
      </div>
      {saving.isError && <ErrorNote error={saving.error} />}
      <div className="heading">
        <button className="button primary" disabled={missing !== undefined || saving.isPending}>
          {saving.isPending ? 'Saving…' : 'Save'}
        </button>
        <button className="button" type="button" onClick={onCancel}>
          Cancel
        </button>
        <span className="soft" role="status">
          {missing ?? ''}
        </span>
      </div>
    </form>
  );
} // prettier-ignore
