import type { TableChange } from './table.ts';

/** Sum over the models of a summary, for rows from before these columns: what the writer computes for new ones. */
const overModels = (count: string): string =>
  `toUInt32(least(4294967295, arraySum(m -> ${count}, JSONExtractKeysAndValuesRaw(summary, 'usage'))))`;
const field = (name: string): string => `JSONExtractUInt(m.2, '${name}')`;
const prompt = `greatest(${field('prompt_tokens')}, ${field('input_tokens')}, ${field('gross_input_tokens')})`;
const completion = `greatest(${field('completion_tokens')}, ${field('output_tokens')})`;
const total = `if(${field('total_tokens')} > 0, ${field('total_tokens')}, ${prompt} + ${completion})`;
const cacheRead = field('cache_read_input_tokens');
const cacheCreation = field('cache_creation_input_tokens');
const several = "length(JSONExtractKeys(summary, 'usage')) > 1";
const counts = [prompt, completion, total, cacheRead, cacheCreation]
  .map((count) => `toUInt32(least(4294967295, ${count}))`)
  .join(', ');

/** What `/calls/stats` sums besides prompt and completion tokens, and the counts of calls that used several models. */
export const usage: readonly TableChange[] = [
  {
    table: 'calls',
    addColumns: [
      `total_tokens UInt32 DEFAULT ${overModels(total)} COMMENT 'Over all models of summary.usage, where it is not given prompt and completion tokens.' CODEC(ZSTD(1))`,
      `cache_read_tokens UInt32 DEFAULT ${overModels(cacheRead)} COMMENT 'Input tokens over all models that came from a cache.' CODEC(ZSTD(1))`,
      `cache_creation_tokens UInt32 DEFAULT ${overModels(cacheCreation)} COMMENT 'Input tokens over all models that were put into a cache.' CODEC(ZSTD(1))`,
      `usage_models Array(String) DEFAULT if(${several}, JSONExtractKeys(summary, 'usage'), []) COMMENT 'Models of summary.usage where there are several; else model has it.' CODEC(ZSTD(1))`,
      `usage_counts Array(UInt32) DEFAULT if(${several}, arrayFlatten(arrayMap(m -> [${counts}], JSONExtractKeysAndValuesRaw(summary, 'usage'))), []) COMMENT 'Prompt, completion, total, cache read and cache creation tokens of each of usage_models.' CODEC(ZSTD(1))`,
    ],
  },
];
