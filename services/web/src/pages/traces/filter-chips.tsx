import { useState } from 'react';
import { OPERATOR_WORDS, problemOf, takesValue, type FilterChip } from '../../api/trace-filters.ts';
import { opName } from '../../ui/format.ts';
import { FilterEditor } from './filter-editor.tsx';
import { toColumn, USUAL_COLUMNS } from './columns.tsx';
import { filterOf, sortOf, type TracesSearch } from './traces-search.ts';

const NEW = -1;

/** The conditions of the list, each to be changed or taken away, and a way to add one. */
export function FilterChips({
  projectId,
  search,
  onChange,
}: {
  readonly projectId: string;
  readonly search: TracesSearch;
  readonly onChange: (change: TracesSearch) => void;
}) {
  const [edited, setEdited] = useState<number | null>(null);
  const chips = search.filters ?? [];
  const put = (filters: readonly FilterChip[]) => {
    setEdited(null);
    onChange({ filters: filters.length > 0 ? filters : undefined });
  };
  const without = (index: number) => chips.filter((_, i) => i !== index);
  return (
    <>
      {chips.map((chip, i) => (
        <Chip
          key={JSON.stringify(chip)}
          chip={chip}
          onEdit={() => setEdited(i)}
          onRemove={() => put(without(i))}
        />
      ))}
      {search.query !== undefined && (
        <span className="chip" title={JSON.stringify(search.query).slice(0, 2000)}>
          <span className="chip-text">a saved condition</span>
          <Remove what="the saved condition" onClick={() => onChange({ query: undefined })} />
        </span>
      )}
      <SortChip search={search} onChange={onChange} />
      {edited === null ? (
        <button className="button" onClick={() => setEdited(NEW)}>
          + Filter
        </button>
      ) : (
        <FilterEditor
          key={edited}
          projectId={projectId}
          filter={{ ...filterOf(search), filters: edited === NEW ? chips : without(edited) }}
          chip={chips[edited]}
          onCancel={() => setEdited(null)}
          onDone={(chip) =>
            put(edited === NEW ? [...chips, chip] : chips.map((each, i) => (i === edited ? chip : each)))
          }
        />
      )}
    </>
  );
}

/** The order, where no heading shows it. */
function SortChip({
  search,
  onChange,
}: {
  readonly search: TracesSearch;
  readonly onChange: (change: TracesSearch) => void;
}) {
  const sort = sortOf(search);
  const shown = (search.cols ?? USUAL_COLUMNS).map((id) => toColumn(id).sort);
  if (sort === undefined || shown.includes(sort.field)) return null;
  return (
    <span className="chip">
      <span className="chip-text">
        <span className="soft">{sort.direction === 'asc' ? 'lowest' : 'highest'}</span>{' '}
        <bdi>{sort.field}</bdi> <span className="soft">first</span>
      </span>
      <Remove what="this order" onClick={() => onChange({ sort: undefined })} />
    </span>
  );
}

function Chip({
  chip,
  onEdit,
  onRemove,
}: {
  readonly chip: FilterChip;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}) {
  const [field, operator, value] = chip;
  const problem = problemOf(chip);
  const shown = field === 'op_name' ? opName(value) : value;
  return (
    <span className={`chip${problem === undefined ? '' : ' wrong'}`} title={problem}>
      <button
        className="chip-text"
        onClick={onEdit}
        aria-label={`Change the filter ${field} ${OPERATOR_WORDS[operator]} ${value}`}
      >
        <bdi>{field}</bdi> <span className="soft">{OPERATOR_WORDS[operator]}</span>{' '}
        {takesValue(operator) && <bdi>{shown.length > 60 ? `${shown.slice(0, 60)}…` : shown}</bdi>}
      </button>
      <Remove what={`the filter on ${field}`} onClick={onRemove} />
      {problem !== undefined && (
        <span className="error-text" role="alert">
          {problem} It is left out.
        </span>
      )}
    </span>
  );
}

function Remove({ what, onClick }: { readonly what: string; readonly onClick: () => void }) {
  return (
    <button className="chip-remove" aria-label={`Take away ${what}`} onClick={onClick}>
      ✕
    </button>
  );
}
