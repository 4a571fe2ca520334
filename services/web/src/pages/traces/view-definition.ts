import type { CallStatus } from '../../api/calls.ts';
import type { SavedViewDefinition } from '../../api/saved-views.ts';
import {
  compileChip,
  NAMED_FIELDS,
  selectionOf,
  type FilterChip,
  OPERATORS,
} from '../../api/trace-filters.ts';
import { KNOWN_COLUMNS, splitPath } from './columns.tsx';
import { clean, filterOf, sortOf, type TracesSearch } from './traces-search.ts';

type Wire = Readonly<Record<string, unknown>>;

/** What the list shows, as W&B's clients write it down. A range that ends now is saved as one that began then. */
export function toDefinition(search: TracesSearch): SavedViewDefinition {
  const { filter, query } = selectionOf(filterOf(search));
  const sort = sortOf(search);
  return {
    ...(filter && { filter }),
    ...(query && { query }),
    ...(search.cols && {
      columns: search.cols.map((id) => ({ path: KNOWN_COLUMNS.has(id) ? [id] : partsOf(id), label: id })),
    }),
    ...(sort && { sort_by: [sort] }),
  };
}

/** Feedback is one member with its type: `feedback.[type].payload`. */
function partsOf(id: string): string[] {
  const feedback = /^(feedback\.\[[^\]]+\]\.payload)(?:\.(.+))?$/s.exec(id);
  return feedback === null ? splitPath(id) : [feedback[1]!, ...splitPath(feedback[2] ?? '')];
}

/** The list that a view means: its conditions as chips, as far as chips can say them. */
export function fromDefinition(
  view: string,
  { filter, query, columns, sort_by: sort }: SavedViewDefinition,
): TracesSearch {
  const conditions = query == null ? [] : conjuncts(query['$expr']);
  const known: TracesSearch = {};
  const filters: FilterChip[] = [];
  const others: unknown[] = [];
  const search = { ...known } as { -readonly [K in keyof TracesSearch]: TracesSearch[K] };
  for (const condition of conditions) {
    const found = readCondition(condition);
    if (found === undefined) others.push(condition);
    else if ('chip' in found) filters.push(found.chip);
    else Object.assign(search, found);
  }
  others.push(...otherFilters(filter ?? {}));
  const cols = (columns ?? []).flatMap(({ path, label }) => columnOf(path, label) ?? []);
  const key = sort?.[0];
  const by = key && `${key.direction === 'desc' ? '-' : ''}${key.field}`;
  return clean({
    ...search,
    view,
    all: filter?.['trace_roots_only'] !== true || undefined,
    filters: filters.length > 0 ? filters : undefined,
    query: others.length === 0 ? undefined : others.length === 1 ? (others[0] as Wire) : { $and: others },
    cols: cols.length > 0 ? cols : undefined,
    sort: by === '-started_at' ? undefined : by,
  });
}

function columnOf(path: readonly (string | number)[] | null | undefined, label: string | null | undefined) {
  if (path == null || path.length === 0) return undefined;
  const [first, ...rest] = path.map(String);
  if (rest.length === 0)
    return KNOWN_COLUMNS.has(first!) ? first : label && KNOWN_COLUMNS.has(label) ? label : first;
  return [first!, ...rest.map((part) => part.replaceAll('.', '\\.'))].join('.');
}

function conjuncts(condition: unknown): unknown[] {
  const and = (condition as { $and?: unknown } | null | undefined)?.$and;
  if (Array.isArray(and)) return and.flatMap(conjuncts);
  return condition === undefined ? [] : [condition];
}

/** Members of the filter that the page has no place for. */
function otherFilters(filter: Wire): unknown[] {
  const FIELDS = { op_names: 'op_name', trace_ids: 'trace_id', parent_ids: 'parent_id', call_ids: 'id', thread_ids: 'thread_id', turn_ids: 'turn_id', wb_user_ids: 'wb_user_id', wb_run_ids: 'wb_run_id' } as const; // prettier-ignore
  return Object.entries(FIELDS).flatMap(([member, field]) => {
    const values = filter[member];
    if (!Array.isArray(values) || values.length === 0) return [];
    const each = (values as unknown[]).map((value) => compileChip([field, '=', String(value)]));
    return [each.length === 1 ? each[0] : { $or: each }];
  });
}

type Found = { readonly chip: FilterChip } | Pick<TracesSearch, 'op' | 'text' | 'status' | 'from' | 'to'>;

/** A condition as the page would have written it. */
function readCondition(condition: unknown): Found | undefined {
  const same = (given: Found, written: unknown) =>
    JSON.stringify(written) === JSON.stringify(condition) ? given : undefined;
  const { field, literal } = leaf(condition);
  if (literal === undefined) return undefined;
  const text = String(literal);
  if (field === 'started_at' && typeof literal === 'number') {
    const iso = new Date(literal * 1000).toISOString();
    const written = (search: TracesSearch) =>
      conjuncts(selectionOf({ ...search, all: true }).query?.['$expr'])[0];
    return same({ from: iso }, written({ from: iso })) ?? same({ to: iso }, written({ to: iso }));
  }
  const written = (search: TracesSearch) =>
    conjuncts(selectionOf({ ...search, all: true }).query?.['$expr'])[0];
  const status = { status: text as CallStatus };
  const chips = OPERATORS.map((operator): FilterChip => [nameOf(field), operator, text]);
  return (
    same(status, written(status)) ??
    same({ op: text }, written({ op: text })) ??
    same({ text }, written({ text })) ??
    chips.map((chip) => same({ chip }, compileChip(chip))).find((found) => found !== undefined) ??
    ofOtherClients(condition, field, text)
  );
}

/** `$contains` that minds the case, as W&B's own page writes it, becomes one that does not. */
function ofOtherClients(condition: unknown, field: string, text: string): Found | undefined {
  const contains = { $contains: { input: { $getField: field }, substr: { $literal: text } } };
  if (JSON.stringify(condition) === JSON.stringify(contains))
    return { chip: [nameOf(field), 'contains', text] };
  const equal = {
    $eq: [{ $convert: { input: { $getField: field }, to: 'double' } }, { $literal: Number(text) }],
  };
  return JSON.stringify(condition) === JSON.stringify(equal)
    ? { chip: [nameOf(field), '=', text] }
    : undefined;
}

function nameOf(path: string): string {
  return Object.entries(NAMED_FIELDS).find(([, named]) => named.path === path)?.[0] ?? path;
}

/** The first field and the last literal in a condition. */
function leaf(value: unknown): { field: string; literal: unknown } {
  let field = '';
  let literal: unknown;
  const walk = (at: unknown, depth: number): void => {
    if (typeof at !== 'object' || at === null || depth > 12) return;
    for (const [key, member] of Object.entries(at)) {
      if (key === '$getField' && field === '') field = String(member);
      else if (key === '$literal') literal = literal ?? (member === null ? '' : member);
      else walk(member, depth + 1);
    }
  };
  walk(value, 0);
  return { field, literal };
}
