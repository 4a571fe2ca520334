import type { Row } from '../../../api/tables.ts';
import { BigNumber } from '../../../api/request.ts';
import { mediaIn } from '../media.ts';
import { MediaView } from '../media-view.tsx';
import { cellText } from './cell-text.ts';

export type LineState = 'stored' | 'changed' | 'removed' | 'added';

interface Props {
  readonly index: number;
  /** Where it stands in the dataset; undefined for a new one. */
  readonly number: number | undefined;
  /** Undefined: still being read. */
  readonly row: Row | undefined;
  readonly state: LineState;
  readonly columns: readonly string[];
  readonly projectId: string;
  readonly isEditing: boolean;
  /** Without a column: the whole row. */
  readonly onOpen: (column?: string) => void;
  readonly onRemove: () => void;
}

const WORDS = { stored: '', changed: ' changed', removed: ' removed', added: ' new' } as const;

export function RowLine(props: Props) {
  const { index, number, row, state, columns, isEditing, onOpen, onRemove } = props;
  const name = number === undefined ? 'the new row' : `row ${number}`;
  return (
    <tr className={`rows-line ${state}`} aria-rowindex={index + 2}>
      <th scope="row" className="rows-number">
        <button className="rows-open" aria-label={`Open ${name}${WORDS[state]}`} onClick={() => onOpen()}>
          {number ?? 'new'}
        </button>
      </th>
      {columns.map((column) => (
        <td key={column} onClick={isEditing && state !== 'removed' ? undefined : () => onOpen()}>
          {row !== undefined && <Cell {...props} row={row} column={column} />}
        </td>
      ))}
      {isEditing && (
        <td className="rows-act">
          <button
            className="button quiet rows-remove"
            aria-label={state === 'changed' || state === 'removed' ? `Restore ${name}` : `Remove ${name}`}
            title={state === 'changed' || state === 'removed' ? 'As it was' : 'Remove'}
            onClick={onRemove}
          >
            {state === 'changed' || state === 'removed' ? '↶' : '✕'}
          </button>
        </td>
      )}
    </tr>
  );
}

function Cell({ row, column, isEditing, state, projectId, onOpen }: Props & { readonly row: Row; readonly column: string }) {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  const media = mediaIn(value);
  if (media !== undefined) return <MediaView projectId={projectId} media={media} isSmall />;
  const isNumber = typeof value === 'number' || value instanceof BigNumber;
  const content = (
    <bdi className={`cut${isNumber ? ' rows-value' : ''}${value === null ? ' soft' : ''}`}>{cellText(value)}</bdi>
  );
  if (!isEditing || state === 'removed') return content;
  return (
    <button className="rows-cell" aria-label={`Edit ${column}: ${cellText(value)}`} onClick={() => onOpen(column)}>
      {content}
    </button>
  );
} // prettier-ignore
