import type { CallStatus } from '../../api/calls.ts';
import {
  OPERATORS,
  RANGES,
  type FilterChip,
  type Operator,
  type Range,
  type TracesFilter,
} from '../../api/trace-filters.ts';
import type { TracesSort } from '../../api/traces.ts';

/** What the address says: which calls, and how they are shown. */
export interface TracesSearch extends TracesFilter {
  /** Columns in their order; absent = the usual ones. */
  readonly cols?: readonly string[] | undefined;
  /** `field` or `-field`; absent = the newest first. */
  readonly sort?: string | undefined;
  /** Object id of the saved view that this began with. */
  readonly view?: string | undefined;
}

const STATUSES = ['success', 'error', 'running', 'descendant_error'] as const;
const MAX_CHIPS = 30;
const MAX_COLUMNS = 60;
const MAX_TEXT = 1000;

/** Members that are unknown or of another type are dropped. */
export function readTracesSearch(search: Record<string, unknown>): TracesSearch {
  const text = (name: string) => {
    const value = search[name];
    // The router reads digits as a number.
    const said = typeof value === 'number' ? String(value) : value;
    return typeof said === 'string' && said !== '' ? said.slice(0, MAX_TEXT) : undefined;
  };
  const time = (name: string) => {
    const value = text(name);
    return value === undefined || Number.isNaN(Date.parse(value)) ? undefined : value;
  };
  const filters = list(search['filters']).flatMap(readChip).slice(0, MAX_CHIPS);
  const cols = list(search['cols'])
    .filter((each): each is string => typeof each === 'string' && each !== '')
    .map((each) => each.slice(0, MAX_TEXT))
    .slice(0, MAX_COLUMNS);
  const query = search['query'];
  return clean({
    op: text('op'),
    text: text('text'),
    status: STATUSES.find((each): each is CallStatus => each === search['status']),
    all: search['all'] === true || undefined,
    since: (Object.keys(RANGES) as Range[]).find((each) => each === search['since']),
    from: time('from'),
    to: time('to'),
    filters: filters.length > 0 ? filters : undefined,
    query:
      typeof query === 'object' && query !== null && !Array.isArray(query)
        ? (query as Record<string, unknown>)
        : undefined,
    cols: cols.length > 0 ? [...new Set(cols)] : undefined,
    sort: text('sort'),
    view: text('view'),
  });
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function readChip(value: unknown): FilterChip[] {
  const [field, operator, text = ''] = list(value);
  if (typeof field !== 'string' || !OPERATORS.includes(operator as Operator)) return [];
  if (typeof text !== 'string' && typeof text !== 'number' && typeof text !== 'boolean') return [];
  return [[field.slice(0, MAX_TEXT), operator as Operator, String(text).slice(0, MAX_TEXT)]];
}

/** Without members that say nothing. */
export function clean(search: TracesSearch): TracesSearch {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== '' && value !== false),
  ) as TracesSearch;
}

/** Which calls, without how they are shown. */
export function filterOf({ cols: _cols, sort: _sort, view: _view, ...filter }: TracesSearch): TracesFilter {
  return filter;
}

export function sortOf({ sort }: TracesSearch): TracesSort | undefined {
  if (sort === undefined) return undefined;
  return sort.startsWith('-')
    ? { field: sort.slice(1), direction: 'desc' }
    : { field: sort, direction: 'asc' };
}
