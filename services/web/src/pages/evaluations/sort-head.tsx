interface SortHeadProps {
  /** In the address; with `-` before it the highest come first. */
  readonly name: string;
  readonly label: string;
  readonly sort: string | undefined;
  readonly onSort: (sort: string | undefined) => void;
}

/** The head of a column that rows can be sorted by: the lowest first, the highest first, not at all. */
export function SortHead({ name, label, sort, onSort }: SortHeadProps) {
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none';
  const next = direction === 'none' ? name : direction === 'ascending' ? `-${name}` : undefined;
  return (
    <th scope="col" aria-sort={direction} className="evaluations-score">
      <button className="evaluations-sort" onClick={() => onSort(next)} title={`Sort by ${label}`}>
        <bdi>{label}</bdi>
        <span aria-hidden="true">{direction === 'none' ? '' : direction === 'ascending' ? ' ↑' : ' ↓'}</span>
      </button>
    </th>
  );
}
