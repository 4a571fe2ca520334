import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { ObjectVersion } from '../../../api/objects.ts';
import { stringifyJson } from '../../../api/request.ts';
import { streamRows } from '../../../api/tables.ts';
import { count } from '../../../ui/format.ts';
import { ErrorNote, Loading } from '../../../ui/notes.tsx';
import type { ObjectSearch } from '../search.ts';
import './dataset.css';
import { diffRows, idColumn, type ReadRow } from './diff-rows.ts';
import { ChangedRows, RowList } from './diff-lists.tsx';
import { placeOf } from './use-rows.ts';

/** Rows of each version that are compared. */
const MOST = 50_000;
const NONE = '-none-';

interface Props {
  readonly before: ObjectVersion;
  readonly after: ObjectVersion;
}

/** Which rows came, went and changed between two versions of a dataset. */
export function DatasetDiff({ before, after }: Props) {
  const [old, young] = [useAllRows(before), useAllRows(after)];
  const error = old.error ?? young.error;
  if (error !== null) return <ErrorNote error={error} />;
  if (old.data === undefined || young.data === undefined) return <Loading what="the rows of both versions" />;
  return <Compared {...{ before, after }} old={old.data} young={young.data} />;
}

function useAllRows(version: ObjectVersion) {
  const place = placeOf(version.val);
  return useQuery({
    queryKey: ['table', version.project_id, version.digest, 'all'],
    staleTime: Infinity,
    gcTime: 30_000,
    queryFn: async ({ signal }) => {
      if (place === undefined) return [];
      if ('inline' in place) return place.inline.map((val): ReadRow => ({ digest: stringifyJson(val), val }));
      const rows: ReadRow[] = [];
      for await (const row of streamRows(version.project_id, place.digest, { limit: MOST + 1, signal }))
        rows.push(row);
      return rows;
    },
  });
}

function Compared({ old, young, after }: Props & { readonly old: readonly ReadRow[]; readonly young: readonly ReadRow[] }) {
  const search = useSearch({ strict: false }) as ObjectSearch;
  const navigate = useNavigate();
  const columns = useMemo(
    () => [...new Set([...old.slice(0, 500), ...young.slice(0, 500)].flatMap(({ val }) => Object.keys(val)))],
    [old, young],
  );
  const guessed = useMemo(() => idColumn(old, columns), [old, columns]);
  const by = search.by === NONE ? undefined : (search.by ?? guessed);
  const diff = useMemo(() => diffRows(old.slice(0, MOST), young.slice(0, MOST), by), [old, young, by]);
  const projectId = after.project_id;
  return (
    <>
      <p className="heading">
        <label>
          One row in both versions by{' '}
          <select
            className="field"
            value={by ?? NONE}
            onChange={(event) =>
              void navigate({ to: '.', search: { ...search, by: event.target.value }, replace: true })
            }
          >
            <option value={NONE}>nothing but its whole content</option>
            {columns.map((column) => (
              <option key={column} value={column}>
                {column}
              </option>
            ))}
          </select>
        </label>
      </p>
      {(old.length > MOST || young.length > MOST) && (
        <p className="note">The first {count.format(MOST)} rows of each version are compared.</p>
      )}
      <p aria-live="polite" className="diff-counts">
        <strong>{count.format(diff.changed.length)}</strong> changed, <strong>{count.format(diff.added.length)}</strong>{' '}
        added, <strong>{count.format(diff.removed.length)}</strong> removed, {count.format(diff.same)} the same
      </p>
      <ChangedRows rows={diff.changed} projectId={projectId} by={by} />
      <RowList title="Added" sign="+" rows={diff.added} columns={columns} />
      <RowList title="Removed" sign="−" rows={diff.removed} columns={columns} />
    </>
  );
} // prettier-ignore
