import type { Limits, MonitorObject } from '../../api/monitors.ts';
import { publish, refOf } from '../../api/monitors.ts';
import { isName, problemOfScorer, scorerVal, type NewScorer } from './scorer-kinds.ts';
import { opNameOf, opRefOf, texts } from './value.ts';

export interface Debounce {
  readonly field: 'thread_id' | 'trace_id';
  readonly method: 'last_message' | 'all_messages';
  readonly seconds: number;
}

/** A monitor as it is being written. */
export interface Draft {
  readonly name: string;
  readonly ops: readonly string[];
  /** JSON of the condition; empty = none. */
  readonly query: string;
  readonly percent: number;
  /** Refs of scorers that are there. */
  readonly scorers: readonly string[];
  /** Scorers that are made with it. */
  readonly created: readonly NewScorer[];
  readonly isTraced: boolean;
  readonly debounce: Debounce | null;
  readonly limits: Limits;
}

export const NO_LIMITS: Limits = { calls_per_day: null, tokens_per_day: null, usd_per_day: null };

export const NEW_DRAFT: Draft = {
  name: '',
  ops: [],
  query: '',
  percent: 100,
  scorers: [],
  created: [],
  isTraced: true,
  debounce: null,
  limits: NO_LIMITS,
};

export function draftOf(
  projectId: string,
  { object_id: name, digest, val }: MonitorObject,
  limits: Limits,
): Draft {
  const scorers = Array.isArray(val['scorers']) ? (val['scorers'] as unknown[]) : [];
  const query = val['query'];
  return {
    name,
    ops: texts(val['op_names']).map(opNameOf),
    query: query === null || query === undefined ? '' : JSON.stringify(query, null, 2),
    percent: Number(((typeof val['sampling_rate'] === 'number' ? val['sampling_rate'] : 1) * 100).toFixed(6)),
    // What stands inside the monitor has an address too.
    scorers: scorers.map((scorer, i) =>
      typeof scorer === 'string' ? scorer : `${refOf(projectId, name, digest)}/attr/scorers/index/${i}`,
    ),
    created: [],
    isTraced: val['is_traced'] !== false,
    debounce: debounceOf(val['scorer_debounce_config']),
    limits,
  };
}

function debounceOf(value: unknown): Debounce | null {
  if (typeof value !== 'object' || value === null) return null;
  const config = value as Record<string, unknown>;
  return {
    field: config['aggregation_field'] === 'trace_id' ? 'trace_id' : 'thread_id',
    method: config['aggregation_method'] === 'all_messages' ? 'all_messages' : 'last_message',
    seconds: typeof config['timeout_seconds'] === 'number' ? config['timeout_seconds'] : 30,
  };
}

/** What is wrong with it, for who writes it; undefined = nothing. */
export function problemOf(draft: Draft): string | undefined {
  if (!isName(draft.name)) return 'Give it a name of letters, digits, “_”, “-” and “.”.';
  if (!(draft.percent >= 0 && draft.percent <= 100)) return 'The sample is 0 to 100 percent.';
  if (draft.scorers.length + draft.created.length === 0) return 'Choose a scorer, or write one.';
  const names = draft.created.map(({ name }) => name);
  if (new Set(names).size < names.length) return 'Two new scorers have the same name.';
  if (draft.debounce !== null && !(draft.debounce.seconds >= 0)) return 'Say how many seconds to wait.';
  try {
    if (draft.query.trim() !== '') JSON.parse(draft.query);
  } catch {
    return 'The filter is no JSON.';
  }
  return draft.created.map(problemOfScorer).find((problem) => problem !== undefined);
}

/** Stores the new scorers: the same text is the same version, however often. @returns the draft with their refs. */
export async function withStoredScorers(projectId: string, draft: Draft): Promise<Draft> {
  const made: string[] = [];
  for (const scorer of draft.created) made.push(await publish(projectId, scorer.name, scorerVal(scorer)));
  return { ...draft, scorers: [...draft.scorers, ...made], created: [] };
}

/** The monitor's object. @param base members that this page knows nothing of stay. */
export function valueOf(
  projectId: string,
  draft: Draft,
  isActive: boolean,
  base: Readonly<Record<string, unknown>> = {},
): object {
  const { name, ops, query, percent, scorers, isTraced, debounce } = draft;
  return {
    _type: 'Monitor',
    _class_name: 'Monitor',
    _bases: ['Object', 'BaseModel'],
    name,
    description: null,
    ...base,
    op_names: ops.map((op) => opRefOf(projectId, op)),
    query: query.trim() === '' ? null : (JSON.parse(query) as object),
    sampling_rate: percent / 100,
    scorers,
    is_traced: isTraced,
    active: isActive,
    scorer_debounce_config:
      debounce === null
        ? null
        : {
            aggregation_field: debounce.field,
            aggregation_method: debounce.method,
            timeout_seconds: debounce.seconds,
          },
  };
}

export const isLimited = (limits: Limits): boolean => Object.values(limits).some((limit) => limit !== null);
