import type { TableChange } from './table.ts';

// calls/token-sums.ts asks for these very expressions: others would not find the projection.
const SLOT = 'intDiv(toUnixTimestamp64Micro(started_at), 3600000000)';
const IS_COUNTED_IN_ROOTS = "(parent_id = '') OR (span_trace_id != '')";
const CACHED = 'cache_read_tokens + cache_creation_tokens';
const IS_PART_OF_PROMPT = '(cache_read_tokens + cache_creation_tokens) <= prompt_tokens';
const count = (place: number): string => `usage_counts[((n - 1) * 5) + ${place}]`;
const CACHED_OF_EACH = `arrayMap(n -> if((${count(4)} + ${count(5)}) <= ${count(1)}, ${count(4)} + ${count(5)}, 0), arrayEnumerate(usage_models))`;

/**
 * What the calls of a hour used, so that a month's costs are read from a few thousand sums. A projection is
 * made of the rows of its part whenever the part is made: it says the same of them as they do.
 */
export const usageSums: readonly TableChange[] = [
  {
    table: 'calls',
    setSettings: [
      // Merges and deletes leave rows out: what is made of the rows is made anew.
      "deduplicate_merge_projection_mode = 'rebuild'",
      "lightweight_mutation_projection_mode = 'rebuild'",
    ],
    addProjections: [
      `usage_sums (SELECT project_id, ${SLOT}, ${IS_COUNTED_IN_ROOTS}, model, usage_models, count(), sum(prompt_tokens), sum(completion_tokens), sum(cache_read_tokens), sum(cache_creation_tokens), sumIf(${CACHED}, ${IS_PART_OF_PROMPT}), sumForEach(usage_counts), sumForEach(${CACHED_OF_EACH}) GROUP BY project_id, ${SLOT}, ${IS_COUNTED_IN_ROOTS}, model, usage_models)`,
    ],
  },
];
