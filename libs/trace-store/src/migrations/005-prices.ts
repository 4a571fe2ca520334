import type { TableDefinition } from './table.ts';

/** What model calls cost. */
export const prices: readonly TableDefinition[] = [
  {
    name: 'prices',
    comment: 'Prices that projects have set',
    columns: `
      project_id String COMMENT 'entity/project.',
      id String COMMENT 'The price.',
      llm_id String COMMENT 'Model, as calls name it.',
      provider_id String COMMENT 'Who runs the model.',
      effective_date DateTime64(6, 'UTC') COMMENT 'From when on it counts.',
      prompt_token_cost Float64 COMMENT 'Of one token sent.',
      completion_token_cost Float64 COMMENT 'Of one token received.',
      cache_read_input_token_cost Float64 COMMENT 'Of one token sent that came from a cache.',
      cache_creation_input_token_cost Float64 COMMENT 'Of one token sent that was put into a cache.',
      prompt_token_cost_unit String COMMENT 'Currency of what is sent.',
      completion_token_cost_unit String COMMENT 'Currency of what is received.',
      created_by String COMMENT 'Who set it; empty = unknown.',
      created_at DateTime64(6, 'UTC') COMMENT 'When it was set.'`,
    engine: 'ReplacingMergeTree',
    version: 'created_at',
    keys: 'ORDER BY (project_id, id)',
    indexGranularity: 512,
  },
  {
    name: 'price_purges',
    comment: 'Prices that are gone for good, also when they are sent again',
    columns: `
      project_id String COMMENT 'entity/project.',
      id String COMMENT 'The price.',
      purged_at DateTime64(6, 'UTC') COMMENT 'When it was purged.'`,
    engine: 'ReplacingMergeTree',
    version: 'purged_at',
    keys: 'ORDER BY (project_id, id)',
    indexGranularity: 512,
  },
];
