import { useState } from 'react';
import type { Row } from '../../../api/tables.ts';
import { count } from '../../../ui/format.ts';
import { Value } from '../value.tsx';
import { cellText } from './cell-text.ts';
import { valueOf, type ChangedRow } from './diff-rows.ts';

const DRAWN = 100;
const MOST_COLUMNS = 12;

/** Each changed row with the values that differ. */
export function ChangedRows({ rows, projectId, by }: {
  readonly rows: readonly ChangedRow[];
  readonly projectId: string;
  readonly by: string | undefined;
}) {
  const [drawn, setDrawn] = useState(DRAWN);
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>Changed</h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Changed rows">
        <table className="plain diff-table">
          <thead>
            <tr>
              <th scope="col">
                <bdi>{by}</bdi>
              </th>
              <th scope="col">Column</th>
              <th scope="col">Before</th>
              <th scope="col">After</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, drawn).flatMap((row) =>
              row.columns.map((column, index) => (
                <tr key={`${row.id} ${column}`}>
                  {index === 0 && (
                    <th scope="rowgroup" rowSpan={row.columns.length}>
                      <bdi>{row.id.slice(0, 200)}</bdi>
                    </th>
                  )}
                  <td className="mono">
                    <bdi>{column}</bdi>
                  </td>
                  <td className="diff-before">
                    <Value projectId={projectId} value={valueOf(row.before, column)} />
                  </td>
                  <td className="diff-after">
                    <Value projectId={projectId} value={valueOf(row.after, column)} />
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
      <More rows={rows.length} drawn={drawn} onMore={() => setDrawn(drawn + 500)} />
    </section>
  );
} // prettier-ignore

/** Rows that one side has alone. */
export function RowList({ title, sign, rows, columns }: {
  readonly title: string;
  readonly sign: string;
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
}) {
  const [drawn, setDrawn] = useState(DRAWN);
  if (rows.length === 0) return null;
  const shown = columns.slice(0, MOST_COLUMNS);
  return (
    <section>
      <h2>{title}</h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={`${title} rows`}>
        <table className={`plain diff-table diff-${title.toLowerCase()}`}>
          <thead>
            <tr>
              <th scope="col">
                <span className="skip">Sign</span>
              </th>
              {shown.map((column) => (
                <th key={column} scope="col">
                  <bdi>{column}</bdi>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, drawn).map((row, index) => (
              <tr key={index}>
                <td aria-hidden="true">{sign}</td>
                {shown.map((column) => (
                  <td key={column}>
                    <bdi>{cellText(valueOf(row, column))}</bdi>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More rows={rows.length} drawn={drawn} onMore={() => setDrawn(drawn + 500)} />
    </section>
  );
} // prettier-ignore

function More({
  rows,
  drawn,
  onMore,
}: {
  readonly rows: number;
  readonly drawn: number;
  readonly onMore: () => void;
}) {
  if (rows <= drawn) return null;
  return (
    <p>
      <button className="button" onClick={onMore}>
        Show more ({count.format(rows - drawn)} are left)
      </button>
    </p>
  );
}
