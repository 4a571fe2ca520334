import type { RunsFilter } from '../../api/evaluations.ts';

/** What addresses of these pages say. Unknown members are dropped. */

function textOf(value: unknown, max = 500): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, max) : undefined;
}

function oneOf<const T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((each) => each === value);
}

/** Without members that are not given. */
function given<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

export function readRunsSearch(search: Record<string, unknown>): RunsFilter {
  return given({ evaluation: textOf(search['evaluation']), model: textOf(search['model']) });
}

export const RUN_ONLY = ['errors', 'failing'] as const;

export interface RunSearch {
  /** Which examples: those with errors, or those that `metric` says no to. */
  readonly only?: (typeof RUN_ONLY)[number] | undefined;
  readonly metric?: string | undefined;
  /** Key of a metric, `-` before it: the highest first. */
  readonly sort?: string | undefined;
  readonly text?: string | undefined;
}

export function readRunSearch(search: Record<string, unknown>): RunSearch {
  return given({
    only: oneOf(search['only'], RUN_ONLY),
    metric: textOf(search['metric']),
    sort: textOf(search['sort']),
    text: textOf(search['text']),
  });
}

export const COMPARE_SHOW = ['regressions', 'improvements', 'differs', 'errors'] as const;

export interface CompareSearch {
  /** Ids of runs with commas between. */
  readonly ids?: string | undefined;
  /** The run that others are measured against; absent: the first. */
  readonly base?: string | undefined;
  /** Which examples, by which metric, of which run. */
  readonly show?: (typeof COMPARE_SHOW)[number] | undefined;
  readonly metric?: string | undefined;
  readonly run?: string | undefined;
  /** Metrics of which less is better, with commas between. */
  readonly lower?: string | undefined;
  /** Digest of the example that is looked at. */
  readonly example?: string | undefined;
}

export const MAX_RUNS = 6;

export function readCompareSearch(search: Record<string, unknown>): CompareSearch {
  return given({
    ids: readIds(search['ids'] ?? search['evaluationCallIds']),
    base: textOf(search['base']),
    show: oneOf(search['show'], COMPARE_SHOW),
    metric: textOf(search['metric']),
    run: textOf(search['run']),
    lower: textOf(search['lower'], 2000),
    example: textOf(search['example']),
  });
}

/** Also as the list that links of W&B have. */
function readIds(value: unknown): string | undefined {
  if (Array.isArray(value)) return textOf(value.map(String).join(','));
  return textOf(value);
}

/** Each once, and no more than are compared. */
export function idsOf({ ids = '' }: CompareSearch): string[] {
  return [...new Set(ids.split(',').filter((id) => id !== ''))].slice(0, MAX_RUNS);
}

export interface BoardSearch {
  readonly edit?: true | undefined;
}

export function readBoardSearch(search: Record<string, unknown>): BoardSearch {
  return search['edit'] === true ? { edit: true } : {};
}
