import type { ThreadSort } from '../../api/threads.ts';
import { RANGES, type Range, type ThreadsSearch } from './threads-search.ts';

const RANGE_LABELS: Readonly<Record<Range, string>> = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
};

const SORT_LABELS: Readonly<Record<ThreadSort, string>> = {
  last_updated: 'Went on last',
  start_time: 'Began last',
  turn_count: 'Most turns',
  p50_turn_duration_ms: 'Slowest median turn',
  p99_turn_duration_ms: 'Slowest turn (99 %)',
};

interface ThreadsToolsProps {
  readonly search: ThreadsSearch;
  readonly onChange: (search: ThreadsSearch) => void;
}

export function ThreadsTools({ search, onChange }: ThreadsToolsProps) {
  const change = (changed: ThreadsSearch) =>
    onChange(
      Object.fromEntries(
        Object.entries({ ...search, ...changed }).filter(([, value]) => value !== undefined && value !== ''),
      ),
    );
  return (
    <div className="tools">
      <input
        className="field grow"
        type="search"
        aria-label="Search by thread id"
        placeholder="Search by thread id"
        value={search.text ?? ''}
        onChange={(event) => change({ text: event.target.value })}
      />
      <select
        className="field"
        aria-label="Time"
        value={search.since ?? ''}
        onChange={(event) =>
          change({ since: (Object.keys(RANGES) as Range[]).find((each) => each === event.target.value) })
        }
      >
        <option value="">Any time</option>
        {Object.entries(RANGE_LABELS).map(([range, label]) => (
          <option key={range} value={range}>
            {label}
          </option>
        ))}
      </select>
      <select
        className="field"
        aria-label="Order"
        value={search.sort ?? 'last_updated'}
        onChange={(event) => change({ sort: event.target.value as ThreadSort })}
      >
        {Object.entries(SORT_LABELS).map(([sort, label]) => (
          <option key={sort} value={sort}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}
