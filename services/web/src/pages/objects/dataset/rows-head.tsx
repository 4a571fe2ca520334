import type { RowSort } from '../../../api/tables.ts';

interface Props {
  readonly columns: readonly string[];
  readonly sort: RowSort | undefined;
  readonly onSort: (sort: RowSort | undefined) => void;
  readonly isEditing: boolean;
}

/** Names of the columns; each sorts by its values: up, down, as stored. */
export function RowsHead({ columns, sort, onSort, isEditing }: Props) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col" className="rows-number">
          #
        </th>
        {columns.map((column) => (
          <th key={column} scope="col" aria-sort={ariaOf(column, sort)}>
            {column === '' || column.includes('.') ? (
              // A dot leads into a value: such columns cannot be named.
              <span className="cut">
                <bdi>{column === '' ? '(no name)' : column}</bdi>
              </span>
            ) : (
              <button className="rows-sort" title={column} onClick={() => onSort(nextSort(column, sort))}>
                <bdi className="cut">{column}</bdi>
                <span aria-hidden="true">
                  {sort?.field === column ? (sort.direction === 'asc' ? ' ▲' : ' ▼') : ''}
                </span>
              </button>
            )}
          </th>
        ))}
        {isEditing && (
          <th scope="col" className="rows-act">
            Remove
          </th>
        )}
      </tr>
    </thead>
  );
}

function ariaOf(column: string, sort: RowSort | undefined): 'ascending' | 'descending' | 'none' {
  if (sort?.field !== column) return 'none';
  return sort.direction === 'asc' ? 'ascending' : 'descending';
}

function nextSort(field: string, sort: RowSort | undefined): RowSort | undefined {
  if (sort?.field !== field) return { field, direction: 'asc' };
  return sort.direction === 'asc' ? { field, direction: 'desc' } : undefined;
}
