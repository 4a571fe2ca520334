import { count, duration, money } from '../../ui/format.ts';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { FindField } from './find-field.tsx';
import { NONE } from './data/trace-table.ts';
import type { Picture } from './picture.ts';
import type { TraceSearch } from './trace-search.ts';
import type { Found } from './use-found.ts';

const MOST_LEVELS = 6;

/** What the trace comes to, and how to look at it. */
export function TraceTools({
  picture,
  search,
  found,
  change,
  wide: [isWide, setWide],
}: {
  readonly picture: Picture;
  readonly search: TraceSearch;
  readonly found: Found;
  readonly change: (changed: TraceSearch) => void;
  readonly wide: readonly [boolean, (isWide: boolean) => void];
}) {
  const { session, state } = picture;
  const failed = sumOf(state.shape.order, state.shape.up, (row) => state.sums.errors[row]!);
  const levels = Math.min(state.shape.maxDepth, MOST_LEVELS);
  return (
    <div className="trace-tools">
      <Totals picture={picture} failed={failed} />
      <FindField text={search.find ?? ''} found={found} onChange={(find) => change({ find })} />
      <div className="trace-buttons">
        <button
          className="button"
          aria-pressed={search.errors === true}
          disabled={failed === 0 && search.errors !== true}
          onClick={() => change({ errors: search.errors ? undefined : true })}
        >
          Errors only
        </button>
        <button
          className="button"
          aria-pressed={search.view === 'flame'}
          onClick={() => change({ view: search.view === 'flame' ? undefined : 'flame' })}
        >
          Flame
        </button>
        <Menu label="Levels ▾" disabled={levels === 0 || search.view === 'flame'}>
          <MenuItem onSelect={() => session.foldFrom(Infinity)}>Unfold all</MenuItem>
          {Array.from({ length: levels }, (_, i) => (
            <MenuItem key={i} onSelect={() => session.foldFrom(i)}>
              {i === 0 ? 'Fold all' : `Down to level ${i + 1}`}
            </MenuItem>
          ))}
        </Menu>
        <button className="button trace-widen" aria-pressed={isWide} onClick={() => setWide(!isWide)}>
          {isWide ? 'Narrow' : 'Wide'}
        </button>
      </div>
    </div>
  );
}

function Totals({
  picture: { session, state },
  failed,
}: {
  readonly picture: Picture;
  readonly failed: number;
}) {
  const { table } = session;
  const { shape, sums, total, nowUs } = state;
  const sum = (values: Float64Array) => sumOf(shape.order, shape.up, (row) => values[row]!);
  const [used, cost] = [sum(sums.tokensIn) + sum(sums.tokensOut), sum(sums.cost)];
  const calls = `${count.format(total)} ${total === 1 ? 'call' : 'calls'}`;
  return (
    <p className="trace-totals soft" role="status">
      <span>{table.count < total ? `${count.format(table.count)} of ${calls}…` : calls}</span>
      <span>{duration(nowUs / 1000)}</span>
      {used > 0 && <span>{count.format(used)} tokens</span>}
      {cost > 0 && <span>{money(cost)}</span>}
      {failed > 0 && <span className="error-text">{count.format(failed)} failed</span>}
      {table.running > 0 && <span className="trace-running">{count.format(table.running)} running</span>}
    </p>
  );
}

/** Over the roots. */
function sumOf(order: Int32Array, up: Int32Array, valueOf: (row: number) => number): number {
  let sum = 0;
  for (const row of order) if (up[row] === NONE) sum += valueOf(row);
  return sum;
}
