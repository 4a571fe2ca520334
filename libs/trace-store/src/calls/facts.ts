import { asBuffer, JsonScanner, readModels, type ModelUsage } from '@weft/model';
import type { CallStatus } from '../trace-store.ts';
import type { CallState } from './fold.ts';

/** What `summary` says that is filtered, sorted or summed often enough to be a column. Counts are at most 2^32 - 1. */
export interface SummaryFacts {
  /** First model of `usage`; empty = none. */
  readonly model: string;
  /** Over all models. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Prompt and completion tokens where a model has no total. */
  readonly totalTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
  /** Empty unless there are several models. */
  readonly usageModels: readonly string[];
  /** Prompt, completion, total, cache read, cache creation tokens of each of `usageModels`. */
  readonly usageCounts: readonly number[];
  /** `status_counts.error` is above 0: a call below failed. */
  readonly descendantError: boolean;
}

const NO_TEXTS: readonly string[] = [];
const NO_COUNTS: readonly number[] = [];
const NONE: SummaryFacts = {
  model: '',
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
  usageModels: NO_TEXTS,
  usageCounts: NO_COUNTS,
  descendantError: false,
};
const MAX_UINT32 = 2 ** 32 - 1;

/** Reads only the members it needs; anything of an unexpected shape counts as not there. */
export function summaryFacts(summary: Uint8Array): SummaryFacts {
  if (summary.length < 10) return NONE;
  const buf = asBuffer(summary);
  if (buf.indexOf('"usage"') < 0 && buf.indexOf('"status_counts"') < 0) return NONE;
  try {
    return read(buf);
  } catch {
    return NONE;
  }
}

const OPEN_BRACE = 0x7b;

function read(buf: Buffer): SummaryFacts {
  const scanner = new JsonScanner(buf);
  let usage: readonly ModelUsage[] = [];
  let errors = 0;
  const members = (at: number, visit: (key: string, from: number, to: number) => void): void => {
    if (buf[at] === OPEN_BRACE) scanner.members(at, visit);
  };
  members(scanner.ws(0), (key, from) => {
    if (key === 'usage') usage = readModels(scanner, buf, from);
    else if (key === 'status_counts') {
      members(from, (field, start, end) => {
        if (field === 'error') errors = Number(buf.toString('latin1', start, end));
      });
    }
  });
  return { ...usageFacts(usage), descendantError: errors > 0 };
}

function usageFacts(usage: readonly ModelUsage[]): Omit<SummaryFacts, 'descendantError'> {
  const [first] = usage;
  if (first === undefined) return NONE;
  if (usage.length === 1) {
    const [prompt, completion, total, cacheRead, cacheCreation] = countsOf(first);
    return {
      model: first.model,
      promptTokens: prompt,
      completionTokens: completion,
      totalTokens: total,
      cacheReadTokens: cacheRead,
      cacheCreationTokens: cacheCreation,
      usageModels: NO_TEXTS,
      usageCounts: NO_COUNTS,
    };
  }
  const counts = usage.map(countsOf);
  const sum = (place: 0 | 1 | 2 | 3 | 4) => toUint32(counts.reduce((all, each) => all + each[place], 0));
  return {
    model: first.model,
    promptTokens: sum(0),
    completionTokens: sum(1),
    totalTokens: sum(2),
    cacheReadTokens: sum(3),
    cacheCreationTokens: sum(4),
    usageModels: usage.map(({ model }) => model),
    usageCounts: counts.flat(),
  };
}

type Counts = readonly [
  prompt: number,
  completion: number,
  total: number,
  cacheRead: number,
  cacheCreation: number,
];

function countsOf(usage: ModelUsage): Counts {
  const { promptTokens, completionTokens, totalTokens, cacheReadTokens, cacheCreationTokens } = usage;
  return [
    toUint32(promptTokens),
    toUint32(completionTokens),
    toUint32(totalTokens > 0 ? totalTokens : promptTokens + completionTokens),
    toUint32(cacheReadTokens),
    toUint32(cacheCreationTokens),
  ];
}

function toUint32(value: number): number {
  return Math.min(Math.floor(value), MAX_UINT32);
}

/** The status that filters and sorts see (weave-api: `summary.weave.status`). */
export function statusOf(state: CallState, facts: SummaryFacts): CallStatus {
  if (state.end !== undefined && state.end.exception !== null) return 'error';
  if (facts.descendantError) return 'descendant_error';
  return state.end === undefined ? 'running' : 'success';
}
